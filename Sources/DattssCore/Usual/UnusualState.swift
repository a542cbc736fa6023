/// Whether a statistic is unusual, so that it does not flap, and since when.
///
///     usual ──► unusual      the score reaches the level
///     unusual ──► usual      the score has been below half of it for ``calmSteps``
///
/// Becoming unusual is *news*, unless it was shortly before: what comes back within ``restSteps`` is the same story.
public struct UnusualState: Sendable, Hashable {
    /// Since which step it is unusual; nil when it is as usual.
    public private(set) var since: UsualSlot?
    /// Whether it went above what is usual, when it became unusual.
    public private(set) var isAbove = false
    /// The last step in which the score was at least half of the level, as long as the story goes on.
    private var lastRaised: UsualSlot?

    /// After a quarter of an hour of calm a statistic is as usual again.
    public static let calmSteps: Int64 = 3
    /// After six hours of calm the next time is another story.
    public static let restSteps: Int64 = 72

    /// As usual.
    public init() {}

    /// Takes in the score of the next step.
    /// - Returns: whether that is news.
    public mutating func note(_ score: Double, at slot: UsualSlot, level: Double) -> Bool {
        if score.magnitude >= level {
            if since == nil { (since, isAbove) = (slot, score > 0) }
            defer { lastRaised = slot }
            return lastRaised == nil
        }
        guard let last = lastRaised else { return false }
        if score.magnitude >= level / 2 {
            lastRaised = slot
            return false
        }
        let calm = slot.index - last.index
        if calm >= Self.calmSteps { since = nil }
        if calm >= Self.restSteps { lastRaised = nil }
        return false
    }
}
