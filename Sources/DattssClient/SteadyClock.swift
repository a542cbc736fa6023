package import DattssCore
import LibC

/// A clock that nobody can set (`CLOCK_MONOTONIC`): a client only waits for periods to pass and never says what time
/// it is, so a machine whose date jumps goes on sending.
package struct SteadyClock: WallClock {
    package init() {}

    package func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package func uptimeMilliseconds() -> Int64 { now().milliseconds }

    package func sleep(until deadline: Timestamp, since seen: Timestamp) async throws {
        while true {
            let remaining = deadline.milliseconds - now().milliseconds
            if remaining <= 0 { return }
            try await Task.sleep(for: .milliseconds(remaining))
        }
    }
}
