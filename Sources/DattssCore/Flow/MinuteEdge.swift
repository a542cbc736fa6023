/// Gives batches their time, and notices when a minute is over.
///
/// Times do not decrease, so the order of the log is also an order of time: all batches of a minute stand before all
/// batches of the next. A clock that is set back makes time stand still until it has caught up; but one that was wrong by
/// more than ``jumpBackMilliseconds`` is followed back, or a year that never was would hold up minutes until it comes.
public struct MinuteEdge: Sendable, Hashable {
    /// The time of the latest batch or tick.
    public private(set) var latest: Timestamp

    /// - Parameter start: what the clock shows now.
    public init(_ start: Timestamp) { latest = start }

    /// The minute that is being filled.
    public var minute: Minute { latest.minute }

    /// A clock that is set back by more than this is followed; by less, it is waited for.
    public static let jumpBackMilliseconds: Int64 = 3_600_000

    /// Moves on to `now`.
    /// - Returns: the minute that was being filled, when that is over.
    public mutating func advance(to now: Timestamp) -> Minute? {
        let before = minute
        if now < latest.advanced(byMilliseconds: -Self.jumpBackMilliseconds) {
            latest = now
            return before
        }
        latest = max(latest, now)
        return minute > before ? before : nil
    }
}
