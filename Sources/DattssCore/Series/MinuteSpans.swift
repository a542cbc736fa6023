/// Spans of equally many minutes, one after the other, within which minutes need not be told apart: what a reader may merge before it hands
/// anything out.
public struct MinuteSpans: Sendable, Hashable {
    /// Where one of them begins.
    public var first: Minute
    /// How long each is, at least 1.
    public var minutes: Int64

    /// Makes spans of their parts.
    public init(from first: Minute, minutes: Int64) { (self.first, self.minutes) = (first, minutes) }

    /// The number of the span that a minute is in.
    @inline(__always)
    package func number(of minute: Minute) -> Int64 { (minute.index &- first.index).flooredQuotient(by: minutes) }

    /// Behind the last minute of the span that a minute is in.
    @inline(__always)
    package func end(of minute: Minute) -> Int64 {
        let (end, isTooFar) = (number(of: minute) &+ 1).multipliedReportingOverflow(by: minutes)
        return isTooFar ? .max : first.index &+ end
    }

    /// Whether no span begins or ends within an hour.
    package var areWholeHours: Bool { first.index % 60 == 0 && minutes % 60 == 0 }
}
