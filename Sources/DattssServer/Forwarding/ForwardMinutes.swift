import DattssCore
import DattssLog
import DattssPipeline

/// Some minutes of the log, by minute, user and statistic, as they are forwarded.
struct ForwardMinutes {
    private(set) var rows: [Minute: [UserID: [StatisticKey: Aggregate]]] = [:]
    private(set) var pointCount = 0
    /// How many statistics were left out because only their hours are kept.
    private(set) var hourCount = 0

    /// Reads them. So many at a time that not too much is held: see ``ForwardSlices``.
    /// - Throws: as ``History/forEachPoint(in:of:_:)``.
    init(_ minutes: Range<Minute>, of history: History, _ isWanted: (UserID) -> Bool) throws(LogError) {
        var (rows, count) = (rows, 0)
        hourCount = try history.forEachPoint(in: minutes, of: isWanted) { user, key, point in
            count += 1
            var aggregate = point.aggregate
            // The minute in which a server was started anew has several.
            if let earlier = rows[point.minute]?[user]?[key] {
                var merging = MergingAggregate(earlier)
                merging.merge(aggregate)
                aggregate = merging.merged
            }
            rows[point.minute, default: [:]][user, default: [:]][key] = aggregate
        }
        (self.rows, pointCount) = (rows, count)
    }
}

/// How many minutes are read at a time. A day that is sealed is read once for each slice, so many are better than few; but a slice is
/// held in memory.
struct ForwardSlices: Hashable {
    private(set) var minutes: Int64 = 1

    static let minutesMax: Int64 = 60
    static let pointsMax = 64_000

    /// Within a day of UTC.
    func range(from first: Minute, through last: Minute) -> Range<Minute> {
        let endOfDay = Minute((first.day + 1) * Minute.perDay)
        return first..<min(first.advanced(by: minutes), last.advanced(by: 1), endOfDay)
    }

    /// Learns from a slice how large the next one is to be.
    mutating func note(minutes count: Int, points: Int) {
        if points > Self.pointsMax {
            minutes = max(1, minutes / 2)
        } else if points * 2 <= Self.pointsMax, count >= minutes {
            minutes = min(Self.minutesMax, minutes * 2)
        }
    }
}
