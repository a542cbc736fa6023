/// How unusual some statistics were at the end of each minute of the past, as a ``UsualScorer`` would have said it then.
public struct UsualScores: Sendable {
    private var scores: [StatisticKey: [Double]] = [:]
    private let range: Range<Minute>

    /// Goes over the past once.
    /// - Parameters:
    ///   - minutes: of each statistic, sorted by minute, from ``UsualScorer/pastMinutes`` before the range on.
    ///   - active: the minutes in which the user sent anything.
    ///   - range: the minutes of which the scores are wanted.
    public init(of minutes: [StatisticKey: [MinutePoint]], active: MinuteRuns, in range: Range<Minute>) {
        self.range = range
        for (key, points) in minutes {
            var scorer = UsualScorer(key.kind)
            scorer.learn(points, active: active, before: range.lowerBound)
            var next = points.drop { $0.minute < range.lowerBound }
            var runs = active.clamped(to: range).runs[...]
            var found: [Double] = []
            found.reserveCapacity(range.count)
            for minute in range {
                while let run = runs.first, run.upperBound <= minute { runs.removeFirst() }
                let count = next.prefix { $0.minute == minute }.count
                scorer.take(next.prefix(count).map(\.aggregate), in: minute, isActive: runs.first?.contains(minute) ?? false)
                next.removeFirst(count)
                found.append(scorer.score() ?? .nan)
            }
            scores[key] = found
        }
    }

    /// The score of a statistic at the end of a minute's last slot; nil where it is not known.
    public func score(of key: StatisticKey, at slot: Int64) -> Double? {
        let minute = Timestamp(milliseconds: slot * Window.slotMilliseconds).minute
        guard range.contains(minute), let score = scores[key]?[Int(minute.index - range.lowerBound.index)] else { return nil }
        return score.isNaN ? nil : score
    }

    /// All that are known, in no order.
    public var values: [Double] { scores.values.flatMap { $0.filter { !$0.isNaN } } }
}
