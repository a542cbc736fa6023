import DattssCore
import Synchronization

/// Shows the time at which the batch that is being played was accepted.
///
/// Nobody is ever woken by it: a minute ends when the first batch of a later one comes. So what is written when does not
/// depend on how fast the machine is.
final class ReplayClock: WallClock {
    private let milliseconds: Atomic<Int64>

    init(_ start: Timestamp) { milliseconds = Atomic(start.milliseconds) }

    func now() -> Timestamp { Timestamp(milliseconds: milliseconds.load(ordering: .acquiring)) }

    func set(_ time: Timestamp) { milliseconds.store(time.milliseconds, ordering: .releasing) }

    /// Ends only by cancellation.
    func sleep(until deadline: Timestamp, since seen: Timestamp) async throws {
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    func uptimeMilliseconds() -> Int64 { SystemClock().uptimeMilliseconds() }

    /// By the machine's clock: a disk that is full is tried again, and what is written gets synced.
    func pause(milliseconds: Int64) async throws { try await Task.sleep(for: .milliseconds(milliseconds)) }
}
