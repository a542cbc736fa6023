/// Everything that is known of one user's statistics, as a value: what the user's aggregator actor guards.
///
/// Batches come in the order of the log, so that the same log always leads to the same state. The statistic of each
/// partial was numbered by ``Admission``; here it is an index.
public struct UserState: Sendable {
    /// Whose statistics they are.
    public let user: UserID
    private var statistics = ChunkedArray<LiveStatistic?>()
    /// By the same numbers, the minute since which each sum counts, in minutes since the epoch (good until the year 6053), or
    /// ``unknown``. By itself, because it hardly ever changes: see ``StatusTotals/since``.
    private var firstMinutes = ChunkedArray<Int32>()
    private static let unknown = Int32.min
    /// The memory of their windows.
    private var windows = WordArena()
    /// By the same numbers; shared with the minutes that are closed.
    private var keys = KeyColumns()
    /// Totals of statistics that left memory, for when they come back.
    private var dormant: [StatisticKey: StatusTotals] = [:]
    private let dormantMax: Int
    private var clients: ClientTable
    private var open: OpenMinute?
    /// The minute that was closed last, whose sketches the percentiles of a status still need.
    private var previous: ClosedTimers?
    /// One that is over, and of which the statistics have not been given yet what they keep.
    private var closing: OpenMinute?
    private var sizeBefore = OpenMinute.Size()
    /// Counts the open minutes, so that a statistic's place in one is never taken for a place in another.
    private var openNumber: Int32 = 0
    /// Counts how often readers looked, so that they are told what changed.
    private var version: UInt32 = 1

    /// The state of a user of whom nothing is known.
    /// - Parameter limits: of them only ``Limits/clientsPerUser`` and ``Limits/dormantStatisticsPerUser`` count here.
    public init(user: UserID, limits: Limits = Limits()) {
        self.user = user
        clients = ClientTable(capacity: limits.clientsPerUser)
        dormantMax = limits.dormantStatisticsPerUser
    }

    /// The minute being filled; nil when nothing was sent in it yet.
    public var openMinute: OpenMinute? {
        var minute = open
        minute?.keys = keys
        return minute
    }

    /// The minute of which statistics do not know yet what they keep of it: one that is open or being closed; nil when there is none.
    public var unsettledMinute: Minute? { (closing ?? open)?.minute }

    /// Merges a batch.
    /// - Precondition: an open minute is not later than `time`'s; one that is earlier was closed.
    public mutating func apply(_ batch: Batch, ids: [StatisticID], at time: Timestamp) {
        apply(batch, ids: ids, partials: 0..<batch.partials.count, at: time)
    }

    /// Merges some of a batch's partials, because a large batch takes long. Its client is noted with the last of them.
    /// - Precondition: as above.
    public mutating func apply(_ batch: Batch, ids: [StatisticID], partials: Range<Int>, at time: Timestamp) {
        precondition(open == nil || open?.minute == time.minute, "the open minute was not closed")
        precondition(closing == nil, "the closing of the minute before was not ended")
        if batch.partials.isEmpty && batch.origin == nil { return }
        // Taken out, because the statistics and the open minute change together.
        var minute = open.take() ?? newMinute(time.minute)
        for position in partials {
            let id = ids[position]
            ensure(id, batch.partials[position].key, time.minute)
            statistics.update(Int(id.index)) {
                $0?.apply(batch.partials[position].aggregate, of: id, at: time, version: version, in: &minute, windows: &windows)
            }
        }
        if let origin = batch.origin, partials.upperBound == batch.partials.count {
            clients.insert(origin, at: time)
            if let window = clients.window(of: origin.client) { minute.note(origin.client, window) }
        }
        open = minute
    }

    /// Ends the open minute, if it is `minute` or earlier.
    /// - Returns: the minute as it was filled; nil when nothing was sent in it.
    public mutating func close(through minute: Minute) -> OpenMinute? {
        guard let closed = beginClosing(through: minute) else { return nil }
        endClosing(closed.settlement())
        return closed
    }

    /// The same for a caller that lets somebody else work out the ``OpenMinute/settlement()`` of the minute: ends the open minute, which
    /// has to be followed by ``endClosing(_:)`` before another batch is merged. Whatever is read in between is as it will be then.
    public mutating func beginClosing(through minute: Minute) -> OpenMinute? {
        guard var closed = openMinute, closed.minute <= minute else { return nil }
        open = nil
        sizeBefore = closed.size
        closed.expectedSketchBytes = previous?.byteCount ?? 0
        closing = closed
        return closed
    }

    /// Gives each statistic what it keeps of the minute that is being closed.
    /// - Parameter settlement: that minute's.
    public mutating func endClosing(_ settlement: MinuteSettlement) {
        guard let closed = closing.take() else { preconditionFailure("no minute is being closed") }
        for (entry, room) in zip(closed.entries, settlement.rooms) {
            statistics.update(Int(entry.id.index)) { $0?.close(sum: entry.sum, room: room) }
        }
        previous = settlement.timers
    }

    /// The status of every live statistic, sorted.
    public func status(at time: Timestamp) -> [StatisticStatus] {
        StatisticStatus.inOrder(status(in: 0..<numberCount, at: time))
    }

    /// The status of the live statistics that have these numbers.
    /// - Parameter numbers: below ``numberCount``.
    public func status(in numbers: Range<Int>, at time: Timestamp) -> [StatisticStatus] {
        status(of: numbers.lazy.map { StatisticID(index: Int32($0)) }, at: time)
    }

    /// The status of some statistics; one that is not live is left out.
    public func status(of ids: some Sequence<StatisticID>, at time: Timestamp) -> [StatisticStatus] {
        ids.compactMap { live($0) }.map { status(of: $0, at: time) }
    }

    /// The latest slot in which anything was sent, as far as that is known.
    public var activeSlot: Int64 {
        (0..<statistics.count).reduce(.min / 2) { latest, index in
            statistics.read(index) { $0.map { max(latest, Window.slotNumber(at: $0.seen)) } } ?? latest
        }
    }

    /// The numbers of live statistics are below this.
    public var numberCount: Int { statistics.count }

    /// The live statistics whose numbers are asked for.
    func numbered(where isAsked: (Int) -> Bool) -> [(id: StatisticID, key: StatisticKey)] {
        (0..<numberCount).compactMap { index in
            let id = StatisticID(index: Int32(index))
            return isAsked(index) ? key(of: id).map { (id, $0) } : nil
        }
    }

    /// All live statistics with their numbers.
    public var numbered: [(id: StatisticID, key: StatisticKey)] { numbered { _ in true } }

    /// The statistic with a number; nil when none is live under it.
    public func key(of id: StatisticID) -> StatisticKey? { live(id)?.key }

    /// What a reader has seen.
    public struct Mark: Sendable, Hashable {
        fileprivate var version: UInt32
        fileprivate var at: Timestamp
    }

    /// The mark of a reader that has seen everything up to now.
    public mutating func mark(at time: Timestamp) -> Mark {
        defer { if version < .max { version += 1 } }
        return Mark(version: version, at: time)
    }

    /// The status of every statistic that changed since a reader looked last.
    public func changed(since mark: Mark, at time: Timestamp) -> [StatisticStatus] {
        changed(in: 0..<numberCount, since: mark, at: time)
    }

    /// The same of those that have these numbers.
    ///
    /// A status also changes when nothing arrives: a window empties a slot after its minute, percentiles end with the minute
    /// after the last sample's. So once per slot of the window everything that may have faded counts as changed, too.
    public func changed(in numbers: Range<Int>, since mark: Mark, at time: Timestamp) -> [StatisticStatus] {
        let isNewSlot = Window.slotNumber(at: time) != Window.slotNumber(at: mark.at)
        let fading = mark.at.advanced(byMilliseconds: -Self.fadingMilliseconds)
        // (A reader that looked so often that it is no longer counted is told everything.)
        let isUncounted = mark.version == .max
        let changed = numbers.filter { index in
            statistics.read(index) { statistic in
                statistic.map { $0.version > mark.version || isUncounted || (isNewSlot && $0.seen >= fading) } ?? false
            }
        }
        return status(of: changed.lazy.map { StatisticID(index: Int32($0)) }, at: time)
    }

    private static let fadingMilliseconds = 120_000 + Window.slotMilliseconds

    /// A gauge's last value, also of one that left memory but for its totals.
    /// - Parameter id: its number, if it is live.
    public func lastValue(of key: StatisticKey, _ id: StatisticID?) -> Double? {
        if let id, let live = live(id), live.key == key { return live.statistic.last }
        return dormant[key]?.last
    }

    /// The sum of all samples of a statistic, also of one that left memory but for its totals.
    /// - Parameter id: its number, if it is live.
    public func total(of key: StatisticKey, _ id: StatisticID?) -> Double? {
        if let id, let live = live(id), live.key == key { return totals(of: live).sum }
        return dormant[key]?.sum
    }

    /// What a minute that was filled here holds of one statistic.
    /// - Parameter id: of a live one, which needs no search.
    public func aggregate(of key: StatisticKey, _ id: StatisticID?, in minute: OpenMinute) -> Aggregate? {
        guard let id, let live = live(id), live.key == key, minute.number >= openNumber - 1 else {
            return minute.aggregate(of: key)
        }
        return live.statistic.position(inOpen: minute.number).map { minute.aggregate(at: $0) }
    }

    /// Forgets statistics, but for their totals, which stay for ever: of ``Limits/dormantStatisticsPerUser`` statistics, and of more
    /// those of the ones that were silent longest go.
    /// - Parameter seen: when these were seen last, as far as can be told without the clock. What a clock that was wrong said of
    ///   it would make their totals go first, or last.
    /// - Returns: the totals of how many statistics went.
    @discardableResult
    public mutating func forget(_ ids: [StatisticID], seen: ClosedRange<Timestamp>? = nil) -> Int {
        for id in ids {
            guard let live = live(id) else { continue }
            var totals = totals(of: live)
            if let seen { totals.seen = min(max(totals.seen, seen.lowerBound), seen.upperBound) }
            dormant[live.key] = totals
            live.statistic.window.release(in: &windows)
            statistics[Int(id.index)] = nil
            keys[Int(id.index)] = nil
        }
        return dormant.count > dormantMax ? forgetOldestTotals() : 0
    }

    /// A tenth more than has to be, so that it is seldom needed.
    private mutating func forgetOldestTotals() -> Int {
        let oldest = dormant.sorted { ($0.value.seen, $0.key) < ($1.value.seen, $1.key) }
            .prefix(dormant.count - dormantMax + dormantMax / 10)
        for (key, _) in oldest { dormant[key] = nil }
        return oldest.count
    }

    /// How many statistics are there of which only the totals are kept.
    public var dormantCount: Int { dormant.count }

    /// The totals of statistics of which nothing else is kept.
    public var dormantTotals: [StatisticKey: StatusTotals] { dormant }

    // MARK: Checkpoints and replay

    /// The totals of all closed minutes, in no order: see ``UserCheckpoint/sorted``. Taken when no minute is open.
    public var checkpoint: UserCheckpoint {
        precondition(open == nil && closing == nil, "a checkpoint is taken between two minutes")
        var totals = live.map { live in
            UserCheckpoint.StatisticTotals(key: live.key, totals: live.statistic.totals(with: nil, since: live.since))
        }
        totals += dormant.map { UserCheckpoint.StatisticTotals(key: $0.key, totals: $0.value) }
        var windows: [ClientWindow] = []
        clients.forEach { client, window, _ in windows.append(ClientWindow(client: client, window: window)) }
        return UserCheckpoint(user: user, totals: totals, clients: windows)
    }

    /// On replay: takes in the totals of a checkpoint.
    /// - Parameter id: the number of the statistic; nil for one that is not to be live.
    public mutating func restore(_ totals: StatusTotals, of key: StatisticKey, as id: StatisticID?) {
        if let id { place(key, totals, since: totals.since, id) } else { dormant[key] = totals }
    }

    /// - Parameter isImported: it did not come through this state, and may be older than what did.
    public mutating func restore(
        _ aggregate: Aggregate, of key: StatisticKey, minute: Minute, as id: StatisticID, isImported: Bool = false
    ) {
        ensure(id, key, minute)
        // What came through this state came in the order of time.
        if isImported { firstMinutes.update(Int(id.index)) { $0 = min($0, Int32(clamping: minute.index)) } }
        statistics.update(Int(id.index)) { $0?.restore(aggregate, of: minute, isImported: isImported) }
    }

    /// A batch that blocks already count: only the windows are rebuilt from it.
    public mutating func restoreWindows(_ batch: Batch, ids: [StatisticID], at time: Timestamp) {
        for (partial, id) in zip(batch.partials, ids) {
            ensure(id, partial.key, time.minute)
            statistics.update(Int(id.index)) { $0?.restoreWindow(partial.aggregate, at: time, in: &windows) }
        }
        if let origin = batch.origin { clients.insert(origin, at: time) }
    }

    /// On replay: takes in what a checkpoint or a block knows of a client.
    public mutating func restore(_ window: ClientWindow, at time: Timestamp) {
        clients.merge(window.window, of: window.client, at: time)
    }

    // MARK: One statistic

    private mutating func newMinute(_ minute: Minute) -> OpenMinute {
        openNumber += 1
        return OpenMinute(minute, number: openNumber, expecting: sizeBefore)
    }

    /// - Parameter minute: in which it is sent.
    private mutating func ensure(_ id: StatisticID, _ key: StatisticKey, _ minute: Minute) {
        if Int(id.index) < statistics.count, statistics.read(Int(id.index), { $0 != nil }) { return }
        let totals = dormant.removeValue(forKey: key)
        place(key, totals, since: totals == nil ? minute : totals?.since, id)
    }

    private mutating func place(_ key: StatisticKey, _ totals: StatusTotals?, since: Minute?, _ id: StatisticID) {
        while statistics.count <= Int(id.index) {
            statistics.append(nil)
            keys.append(nil)
            firstMinutes.append(Self.unknown)
        }
        firstMinutes.update(Int(id.index)) { $0 = since.map { Int32(clamping: $0.index) } ?? Self.unknown }
        statistics[Int(id.index)] = LiveStatistic(key.kind, totals: totals)
        keys[Int(id.index)] = key
    }

    private typealias Live = (key: StatisticKey, statistic: LiveStatistic, since: Minute?)

    private func live(_ id: StatisticID) -> Live? {
        let index = Int(id.index)
        guard index < statistics.count, let key = keys[index], let statistic = statistics[index] else { return nil }
        let first = firstMinutes[index]
        return (key, statistic, first == Self.unknown ? nil : Minute(Int64(first)))
    }

    private var live: some Sequence<Live> {
        (0..<statistics.count).lazy.compactMap { live(StatisticID(index: Int32($0))) }
    }

    private func status(of live: Live, at time: Timestamp) -> StatisticStatus {
        let (key, statistic, totals) = (live.key, live.statistic, totals(of: live))
        return StatisticStatus(
            key: key, sum: totals.sum, since: totals.since, last: totals.last, seen: totals.seen,
            isEmphasised: totals.isEmphasised, window: statistic.window.totals(at: time, in: windows),
            percentiles: key.kind == .timer ? percentiles(of: statistic, at: time) : nil)
    }

    private func totals(of live: Live) -> StatusTotals {
        live.statistic.totals(with: closing ?? open, since: live.since)
    }

    private func percentiles(of statistic: LiveStatistic, at time: Timestamp) -> StatisticStatus.Percentiles? {
        // When no minute is open, the one closed last still has the latest number.
        let previousNumber = open == nil ? openNumber : openNumber - 1
        let isRecent = (closing?.minute ?? previous?.minute ?? time.minute) >= time.minute.advanced(by: -1)
        var timer: Aggregate?
        if isRecent, let position = statistic.position(inOpen: previousNumber) {
            timer = closing.map { $0.entries[position].forPercentiles(in: $0.memory) } ?? previous?[position]
        }
        if let open, open.minute >= time.minute.advanced(by: -1), let position = statistic.position(inOpen: openNumber) {
            let part = open.entries[position].forPercentiles(in: open.memory)
            var merging = timer.map { MergingAggregate($0) }
            merging?.merge(part)
            timer = merging?.merged ?? part
        }
        return timer?.percentiles
    }
}
