import LibC

/// What the calling thread has had of the processor: however busy the machine is, work takes as much of it.
enum ProcessorTime {
    static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
