/// How a statistic moved.
public struct Move: Sendable, Hashable {
    /// What became of the statistic.
    public enum Change: String, Sendable, Hashable {
        /// It was there before, and is there.
        case moved
        /// Nothing was known of it in the baseline.
        case appeared
        /// It was sent steadily, and is not any more; a counter stands still.
        case silent
    }

    /// What became of it.
    public var change: Change
    /// How many times as far as the baseline moved by itself; see ``MoveJudge``.
    public var score: Double
    /// The median of the baseline; nil where there was nothing.
    public var before: Double?
    /// The median while it was moved; nil where there is nothing any more.
    public var after: Double?
    /// The bin in which it began.
    var began: Int
    /// The bin in which it was over; the end of the window when it was not.
    var ended: Int
    /// Whether it had begun before the minutes in which its beginning is looked for.
    public var isEarlier: Bool
}
