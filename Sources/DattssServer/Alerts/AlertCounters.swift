import DattssCore
import Synchronization

/// What is counted of alerts, for `/metrics`.
final class AlertCounters: Sendable {
    private let counts = Mutex(Counts())

    /// Since the start.
    struct Counts: Sendable {
        /// Slots and minutes of a user that were looked at.
        var looks = 0
        /// Turns that an error cut short.
        var failures = 0
        /// How long all turns took, and the last one.
        var duration = Duration.zero
        var lastDuration = Duration.zero
        /// When the last turn that came to its end did so.
        var last: Timestamp?
        /// Tries to hand a message over.
        var sentTries = 0
        var failedTries = 0
    }

    var snapshot: Counts { counts.withLock { $0 } }

    func addLook() { counts.withLock { $0.looks += 1 } }

    /// - Parameter end: when it came to its end; nil when it failed.
    func addTurn(_ duration: Duration, end: Timestamp?) {
        counts.withLock { counts in
            counts.duration += duration
            counts.lastDuration = duration
            if let end { counts.last = end } else { counts.failures += 1 }
        }
    }

    func addTry(isSent: Bool) { counts.withLock { if isSent { $0.sentTries += 1 } else { $0.failedTries += 1 } } }
}
