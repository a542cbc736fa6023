public import DattssCore

/// The instants at which a query is answered: the first, and others at equal distances.
public struct TimeGrid: Sendable, Hashable {
    /// The first instant.
    public var start: Timestamp
    /// From one instant to the next, at least 1.
    public var stepMilliseconds: Int64
    /// How many instants, at least 1.
    public var count: Int

    /// A single instant.
    public init(at instant: Timestamp) { (start, stepMilliseconds, count) = (instant, 60_000, 1) }

    /// - Throws: ``QueryError/Code/malformed`` for an end before the start or a step below a millisecond, and the limit of instants.
    public init(from start: Timestamp, through end: Timestamp, stepMilliseconds: Int64, _ limits: QueryLimits) throws(QueryError) {
        guard start <= end else { throw QueryError(.malformed, "the end is before the start") }
        guard stepMilliseconds >= 1 else { throw QueryError(.malformed, "the step is not above zero") }
        let steps = (end.milliseconds - start.milliseconds) / stepMilliseconds
        guard steps < limits.instants else {
            throw QueryError(.limit, "more than \(limits.instants) instants, the limit of instants: take a longer step")
        }
        (self.start, self.stepMilliseconds, count) = (start, stepMilliseconds, Int(steps) + 1)
    }

    /// The step for a range that is to be drawn so many points wide: a round number of minutes, at least one.
    public static func step(forMilliseconds range: Int64, points: Int) -> Int64 {
        let round: [Int64] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080]
        let least = (range + Int64(max(1, points)) * 60_000 - 1) / (Int64(max(1, points)) * 60_000)
        return (round.first { $0 >= least } ?? 10_080) * 60_000
    }

    /// An instant by its number.
    public func instant(_ index: Int) -> Timestamp { Timestamp(milliseconds: start.milliseconds + Int64(index) * stepMilliseconds) }

    /// The last instant.
    public var end: Timestamp { instant(count - 1) }

    /// Earlier by so much.
    func shifted(back milliseconds: Int64) -> TimeGrid {
        var grid = self
        grid.start = start.advanced(byMilliseconds: -milliseconds)
        return grid
    }

    /// With so many instants more in front.
    func extended(by instants: Int) -> TimeGrid {
        var grid = shifted(back: Int64(instants) * stepMilliseconds)
        grid.count += instants
        return grid
    }
}
