/// A statistic in memory: its window, its totals, and where the open minute keeps its merge.
struct LiveStatistic: Sendable {
    private(set) var window: Window
    /// What its merge is likely to need.
    var room = MinuteEntry.Room()
    private(set) var isEmphasised: Bool
    private(set) var last: Double
    private(set) var seen: Timestamp
    /// The sum of all minutes before the latest one in which it was sent.
    private var closedSum: Double
    /// The sum of that latest minute. Kept apart so that a total is always a sum of minute sums, in the order of the
    /// minutes: replay, which reads minutes, then gives the same double to the last bit.
    private var minuteSum = 0.0
    /// Where its merge is in the latest open minute in which it was sent, and in the one before that.
    private(set) var place = Place.none
    private(set) var placeBefore = Place.none

    /// A position among the entries of the open minute with a number: see ``UserState``.
    struct Place: Sendable {
        var openNumber: Int32
        var position: Int32

        static let none = Place(openNumber: -1, position: 0)
    }

    init(_ kind: Kind, totals: StatusTotals?) {
        window = Window(of: kind)
        last = totals?.last ?? 0
        seen = totals?.seen ?? Timestamp(milliseconds: 0)
        isEmphasised = totals?.isEmphasised ?? false
        closedSum = totals?.sum ?? 0
    }

    var totals: StatusTotals {
        StatusTotals(sum: closedSum.saturatingAdd(minuteSum), last: last, seen: seen, isEmphasised: isEmphasised)
    }

    /// Takes in a partial, and merges it into the minute that is open.
    mutating func apply(_ aggregate: Aggregate, of id: StatisticID, at time: Timestamp, in open: inout OpenMinute) {
        if place.openNumber == open.number {
            open.merge(aggregate, at: Int(place.position), expecting: room)
        } else {
            closedSum = closedSum.saturatingAdd(minuteSum)
            minuteSum = 0
            let position = open.append(id, aggregate, expecting: room)
            (placeBefore, place) = (place, Place(openNumber: open.number, position: Int32(position)))
            isEmphasised = false
        }
        minuteSum = minuteSum.saturatingAdd(aggregate.sum)
        isEmphasised = isEmphasised || aggregate.isEmphasised
        last = aggregate.last
        seen = max(seen, time)
        window.add(aggregate, at: time)
    }

    /// On replay: a partial that a minute block already counts, of which only the window is missing.
    mutating func restoreWindow(_ aggregate: Aggregate, at time: Timestamp) {
        window.add(aggregate, at: time)
        // A block only said in which minute the last sample came.
        seen = seen == Self.lastMoment(of: time.minute) ? time : max(seen, time)
    }

    /// On replay: a minute of a block. It may be older than what is known: imports are.
    mutating func restore(_ aggregate: Aggregate, of minute: Minute) {
        closedSum = closedSum.saturatingAdd(aggregate.sum)
        let lastMoment = Self.lastMoment(of: minute)
        guard lastMoment >= seen || minute == seen.minute else { return }
        seen = max(seen, lastMoment)
        last = aggregate.last
        isEmphasised = aggregate.isEmphasised
    }

    private static func lastMoment(of minute: Minute) -> Timestamp {
        minute.end.advanced(byMilliseconds: -1)
    }
}
