import LibC

/// How long something takes: by the clock on the wall, and in CPU time of the whole process, which other programs on the
/// machine disturb less.
struct Stopwatch {
    private let wall = ContinuousClock.now
    private let processor = Stopwatch.processorSeconds

    var seconds: Double { (ContinuousClock.now - wall) / .seconds(1) }
    var processorSeconds: Double { Self.processorSeconds - processor }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
