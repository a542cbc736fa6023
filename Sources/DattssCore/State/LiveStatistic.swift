/// A statistic in memory: its window, its totals, and where the open minute keeps its merge. In an order in which it is 64 bytes.
struct LiveStatistic: Sendable {
    private(set) var window: Window
    private(set) var isEmphasised: Bool
    /// What its merge is likely to need.
    private var room = MinuteEntry.Room()
    /// The number of the latest open minute in which it was sent, and its position among the entries of that minute.
    private var openNumber: Int32 = -1
    private var position: Int32 = 0
    /// Its position in the minute before that one; -1 when it was not sent in that.
    private var positionBefore: Int32 = -1
    /// What its user's state counted when it changed last: see ``UserState/changed(since:at:)``.
    private(set) var version: UInt32 = 0
    private(set) var last: Double
    private(set) var seen: Timestamp
    /// The sum of all minutes that are closed. A total is always a sum of minute sums, in the order of the minutes: replay, which
    /// reads minutes, then gives the same double to the last bit.
    private var closedSum: Double

    init(_ kind: Kind, totals: StatusTotals?) {
        window = Window(of: kind)
        last = totals?.last ?? 0
        seen = totals?.seen ?? Timestamp(milliseconds: 0)
        isEmphasised = totals?.isEmphasised ?? false
        closedSum = totals?.sum ?? 0
    }

    /// - Parameters:
    ///   - open: the minute that is open.
    ///   - since: see ``StatusTotals/since``.
    func totals(with open: OpenMinute?, since: Minute?) -> StatusTotals {
        var sum = closedSum
        if let open, let position = position(inOpen: open.number) { sum = sum.saturatingAdd(open.entries[position].sum) }
        return StatusTotals(sum: sum, last: last, seen: seen, isEmphasised: isEmphasised, since: since)
    }

    /// Where its merge is among the entries of an open minute, by the number of that minute: the latest one in which it was sent,
    /// or the one before.
    func position(inOpen number: Int32) -> Int? {
        if number == openNumber { return Int(position) }
        return number == openNumber - 1 && positionBefore >= 0 ? Int(positionBefore) : nil
    }

    /// Takes in a partial, and merges it into the minute that is open.
    mutating func apply(
        _ aggregate: Aggregate, of id: StatisticID, at time: Timestamp, version: UInt32, in open: inout OpenMinute,
        windows: inout WordArena
    ) {
        if openNumber == open.number {
            open.merge(aggregate, at: Int(position), expecting: room)
        } else {
            positionBefore = openNumber == open.number - 1 ? position : -1
            (openNumber, position) = (open.number, Int32(open.append(id, aggregate, expecting: room)))
            isEmphasised = false
        }
        isEmphasised = isEmphasised || aggregate.isEmphasised
        last = aggregate.last
        see(time)
        self.version = version
        window.add(aggregate, at: time, in: &windows)
    }

    /// The minute of its latest merge is closed.
    mutating func close(sum: Double, room: MinuteEntry.Room) {
        closedSum = closedSum.saturatingAdd(sum)
        self.room = room
    }

    /// On replay: a partial that a minute block already counts, of which only the window is missing.
    mutating func restoreWindow(_ aggregate: Aggregate, at time: Timestamp, in windows: inout WordArena) {
        window.add(aggregate, at: time, in: &windows)
        // A block only said in which minute the last sample came.
        seen = seen == Self.lastMoment(of: time.minute) ? time : max(seen, time)
    }

    /// On replay: a minute of a block.
    /// - Parameter isImported: then it may be older than what is known. Others come in the order in which they were, wherever the
    ///   clock was then.
    mutating func restore(_ aggregate: Aggregate, of minute: Minute, isImported: Bool) {
        closedSum = closedSum.saturatingAdd(aggregate.sum)
        let lastMoment = Self.lastMoment(of: minute)
        guard !isImported || lastMoment >= seen || minute == seen.minute else { return }
        see(lastMoment)
        last = aggregate.last
        isEmphasised = aggregate.isEmphasised
    }

    /// A clock that was wrong by more than ``MinuteEdge`` waits for is followed back.
    private mutating func see(_ time: Timestamp) {
        let isFollowed = time < seen.advanced(byMilliseconds: -MinuteEdge.jumpBackMilliseconds)
        seen = isFollowed ? time : max(seen, time)
    }

    private static func lastMoment(of minute: Minute) -> Timestamp {
        minute.end.advanced(byMilliseconds: -1)
    }
}
