/// How much time has passed, by a clock that may be set: what idleness is counted in.
///
/// It never goes back, so what was used after one moment is never found to be idle since before it. A clock that is set forward
/// counts for ``stepMilliseconds`` at most, and one that is set back for nothing: an hour at another date makes nobody idle.
public struct PassedTime: Sendable, Hashable {
    /// Where it has got to; begins at what the clock showed then.
    public private(set) var now: Timestamp
    /// What the clock showed last.
    private var shown: Timestamp

    /// As much as a machine may well have slept.
    public static let stepMilliseconds: Int64 = 2 * 86_400_000

    /// - Parameter start: what the clock shows now.
    public init(_ start: Timestamp) { (now, shown) = (start, start) }

    /// - Parameter time: what the clock shows.
    public mutating func advance(to time: Timestamp) {
        // As ``MinuteEdge`` does: a clock that is a little behind is waited for.
        if time < shown, time >= shown.advanced(byMilliseconds: -MinuteEdge.jumpBackMilliseconds) { return }
        if time > shown {
            let (step, isBeyond) = time.milliseconds.subtractingReportingOverflow(shown.milliseconds)
            now = now.advanced(byMilliseconds: isBeyond ? Self.stepMilliseconds : min(step, Self.stepMilliseconds))
        }
        shown = time
    }
}
