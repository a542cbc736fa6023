/// The minute that is being filled, of one user: a merge for each statistic that was sent in it.
///
/// It is a value of its own so that closing a minute is a swap: the roller gets this one as it is and works the percentiles
/// out, the aggregator goes on with an empty one. All of it is a few large arrays, so that its memory goes as it came.
public struct OpenMinute: Sendable {
    /// Which minute it is.
    public let minute: Minute
    /// Counts the minutes that a user had open.
    let number: Int32
    /// In the order of their first partial in the minute.
    private(set) var entries: [MinuteEntry] = []
    private(set) var memory: MinuteMemory
    /// The clients that sent in it, and how far they have come.
    public private(set) var clients: [String: SequenceWindow] = [:]
    /// The keys of the statistics, by their numbers. They are set when the minute is handed out.
    var keys = KeyColumns()
    /// How many bytes the sketches of its timers are likely to take, packed.
    var expectedSketchBytes = 0
    private let clientCapacity: Int

    /// How large a minute was: about as large as the next one will be.
    struct Size: Sendable {
        var entries = 0
        var words = 0
    }

    init(
        _ minute: Minute, number: Int32 = 1, expecting size: Size = Size(), clientCapacity: Int = Limits().clientsPerUser
    ) {
        self.minute = minute
        self.number = number
        self.clientCapacity = clientCapacity
        memory = MinuteMemory(wordCapacity: size.words)
        entries.reserveCapacity(size.entries)
    }

    /// How many statistics were sent in it.
    public var count: Int { entries.count }
    /// Whether no statistic was sent in it.
    public var isEmpty: Bool { entries.isEmpty }
    var size: Size { Size(entries: entries.count, words: memory.arena.wordCount) }

    // MARK: Filling

    /// - Returns: the position of the entry, for ``merge(_:at:expecting:)``.
    mutating func append(_ id: StatisticID, _ aggregate: Aggregate, expecting room: MinuteEntry.Room) -> Int {
        entries.append(MinuteEntry(id, aggregate, expecting: room, in: &memory))
        return entries.count - 1
    }

    mutating func merge(_ aggregate: Aggregate, at position: Int, expecting room: MinuteEntry.Room) {
        entries[position].merge(aggregate, expecting: room, in: &memory)
    }

    mutating func note(_ client: String, _ window: SequenceWindow) {
        // As many as a user's table of clients remembers.
        if clients.count < clientCapacity || clients[client] != nil { clients[client] = window }
    }

    // MARK: Reading

    /// The statistic of an entry.
    public func key(at position: Int) -> StatisticKey {
        guard let key = keys[Int(entries[position].id.index)] else { preconditionFailure("a statistic without a key") }
        return key
    }

    /// What was merged of a statistic.
    public func aggregate(at position: Int) -> Aggregate { entries[position].merged(in: memory) }

    /// The same by a search.
    public func aggregate(of key: StatisticKey) -> Aggregate? {
        entries.indices.first { self.key(at: $0) == key }.map { aggregate(at: $0) }
    }

    /// What a minute block holds of it: sorted, with the percentiles worked out.
    public func closed(user: UserID) -> UserMinute {
        UserMinute(
            user: user,
            aggregates: entries.indices.map { Partial(key(at: $0), aggregate(at: $0)) }.sorted { $0.key < $1.key },
            clients: clients.map { ClientWindow(client: $0.key, window: $0.value) }.sorted { $0.client < $1.client })
    }
}
