/// The minute that is being filled, of one user: a merge for each statistic that was sent in it.
///
/// It is a value of its own so that closing a minute is a swap: the roller gets this one as it is and works the percentiles
/// out, the aggregator goes on with an empty one.
public struct OpenMinute: Sendable {
    public let minute: Minute
    /// Counts the minutes that a user had open.
    let number: Int32
    /// In the order of their first partial in the minute.
    public private(set) var entries: [Entry] = []
    /// The clients that sent in it, and how far they have come.
    public private(set) var clients: [String: SequenceWindow] = [:]

    public struct Entry: Sendable {
        public let key: StatisticKey
        public fileprivate(set) var merging: MergingAggregate
    }

    private let clientCapacity: Int

    init(_ minute: Minute, number: Int32 = 1, capacity: Int = 0, clientCapacity: Int = Limits().clientsPerUser) {
        self.minute = minute
        self.number = number
        self.clientCapacity = clientCapacity
        entries.reserveCapacity(capacity)
    }

    /// - Returns: the position of the entry, for ``merge(_:at:)``.
    mutating func append(_ partial: Partial) -> Int {
        entries.append(Entry(key: partial.key, merging: MergingAggregate(partial.aggregate)))
        return entries.count - 1
    }

    mutating func merge(_ aggregate: Aggregate, at position: Int) {
        entries[position].merging.merge(aggregate)
    }

    mutating func note(_ client: String, _ window: SequenceWindow) {
        // As many as a user's table of clients remembers.
        if clients.count < clientCapacity || clients[client] != nil { clients[client] = window }
    }

    /// What a minute block holds of it: sorted, with the percentiles worked out.
    public func closed(user: UserID) -> UserMinute {
        UserMinute(
            user: user,
            aggregates: entries.map { Partial($0.key, $0.merging.merged) }.sorted { $0.key < $1.key },
            clients: clients.map { ClientWindow(client: $0.key, window: $0.value) }.sorted { $0.client < $1.client })
    }
}
