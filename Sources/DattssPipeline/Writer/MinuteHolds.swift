public import DattssCore
import Synchronization

/// The minutes of which listeners still have samples in hand: the end of such a minute waits for them, for a moment.
///
/// A listener adds up what comes for a second before it is a batch. What came before the end of a minute belongs to that minute,
/// though its batch comes after it; so a listener holds the minute from the first sample that it has in hand until these are
/// written.
public final class MinuteHolds: Sendable {
    private let counts = Mutex<[Minute: Int]>([:])
    private let onRelease: @Sendable () -> Void

    /// How long the end of a minute waits. What is late by more counts in the next one.
    public static let graceMilliseconds: Int64 = 250

    init(onRelease: @escaping @Sendable () -> Void) { self.onRelease = onRelease }

    /// Samples of this minute are in hand. To be followed by one ``release(_:)``.
    public func hold(_ minute: Minute) { counts.withLock { $0[minute, default: 0] += 1 } }

    /// They are written, or given up.
    public func release(_ minute: Minute) {
        counts.withLock { counts in
            guard let count = counts[minute] else { preconditionFailure("a minute was released that nobody held") }
            counts[minute] = count == 1 ? nil : count - 1
        }
        onRelease()
    }

    /// How far the time of batches may go: up to `now`, or up to the end of a minute that somebody still holds.
    /// - Parameter open: earlier minutes are over.
    func limit(_ now: Timestamp, from open: Minute) -> Timestamp {
        guard now.minute > open else { return now }
        let held = counts.withLock { counts in
            counts.keys.filter { $0 >= open && $0 < now.minute && now < Self.deadline(of: $0) }.min()
        }
        return held.map { $0.end.advanced(byMilliseconds: -1) } ?? now
    }

    /// When the end of a minute waits no longer.
    static func deadline(of minute: Minute) -> Timestamp { minute.end.advanced(byMilliseconds: graceMilliseconds) }
}
