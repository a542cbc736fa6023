import LibC

/// When which bundle is due: the schedule of an open loop, which does not care how the server is doing.
///
/// Latencies are measured from here and not from when the bundle could at last be sent: a server that stalls for a second
/// has kept everybody waiting who would have come in that second (G. Tene, "How NOT to Measure Latency", calls leaving them
/// out coordinated omission).
struct Pace: Sendable, Equatable {
    /// 0 is as fast as it goes.
    let intervalNanoseconds: Double

    var isUnlimited: Bool { intervalNanoseconds == 0 }

    /// When the bundle of a number is due, in nanoseconds since the start.
    func due(_ number: Int) -> Int64 { Int64(Double(number) * intervalNanoseconds) }

    /// How many bundles are due at or before a time since the start.
    func count(dueBy nanoseconds: Int64) -> Int {
        guard nanoseconds >= 0 else { return 0 }
        if isUnlimited { return .max }
        // The quotient may be off by one at the edge, where due(_:) decides.
        var count = Int(Double(nanoseconds) / intervalNanoseconds)
        while due(count) <= nanoseconds { count += 1 }
        while count > 0, due(count - 1) > nanoseconds { count -= 1 }
        return count
    }
}

/// Time that only goes forward, in nanoseconds.
enum SteadyTime {
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// What has to be added to it to get the time of day: the clock is not set while a load runs.
    private static let dayOffset: Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) - now
    }()

    private static let edgeNanoseconds: Int64 = 5_000_000_000

    /// Whether a time is in the first five seconds of a minute of the clock.
    static func isAtMinuteEdge(_ nanoseconds: Int64) -> Bool {
        (nanoseconds + dayOffset) % 60_000_000_000 < edgeNanoseconds
    }

    /// Processor time of this program until now.
    static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Blocks the thread.
    static func sleep(until nanoseconds: Int64) {
        let left = nanoseconds - now
        guard left > 0 else { return }
        var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
        nanosleep(&time, nil)
    }
}
