import LibC

/// The machine's own clock (`CLOCK_REALTIME`).
public struct SystemClock: WallClock {
    /// The clock of this machine.
    public init() {}

    /// The time by `CLOCK_REALTIME`.
    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Sleeps in steps of at most a second, so that a clock that was set is noticed.
    public func sleep(until deadline: Timestamp, since seen: Timestamp) async throws {
        var before = seen
        while true {
            let now = now()
            if now >= deadline || now < before.advanced(byMilliseconds: -Self.setBackMilliseconds) { return }
            before = now
            let next = min(deadline, now.advanced(byMilliseconds: 1000))
            try await Task.sleep(for: .milliseconds(next.milliseconds - now.milliseconds))
        }
    }

    /// Sleeps; throws `CancellationError` when the task is cancelled.
    public func pause(milliseconds: Int64) async throws { try await Task.sleep(for: .milliseconds(milliseconds)) }

    /// Milliseconds since the machine was started, by a clock that nobody sets.
    public func uptimeMilliseconds() -> Int64 {
        var time = timespec()
        #if os(Linux)
            // (CLOCK_MONOTONIC stands still while a machine sleeps.)
            clock_gettime(CLOCK_BOOTTIME, &time)
        #else
            clock_gettime(CLOCK_MONOTONIC, &time)
        #endif
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// A clock that goes back by less is being adjusted, which delays nobody by much.
    private static let setBackMilliseconds: Int64 = 1000
}
