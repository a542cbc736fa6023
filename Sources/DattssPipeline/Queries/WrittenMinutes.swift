public import DattssCore
public import DattssLog
import Synchronization

/// The minutes of all users that are over and in the log, for those who take them elsewhere.
public struct WrittenMinutes: Sendable {
    /// Where they are read.
    public let history: History
    private let written: WrittenMark
    private let clock: any WallClock

    init(_ history: History, _ written: WrittenMark, clock: any WallClock) {
        (self.history, self.written, self.clock) = (history, written, clock)
    }

    /// The last minute of which nothing is missing any more; nil before the first one that ends after the start, and after the clock was
    /// set back, until a minute by the new time is written or the old time has come again.
    ///
    /// The minute in which a server ends is written before it is over, and goes on after a start.
    public var last: Minute? {
        let now = clock.now().minute
        guard let written = written.minute, written <= now else { return nil }
        return min(written, now.advanced(by: -1))
    }
}
