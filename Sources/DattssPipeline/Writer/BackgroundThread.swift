#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Runs a long piece of work on a thread of its own that only gets the processor time which nobody else wants.
///
/// A thread a piece, because an unprivileged thread that has lowered its priority cannot raise it again.
enum BackgroundThread {
    /// A closure on its way to the thread.
    private final class Work: Sendable {
        let niceness: Int32
        let body: @Sendable () -> Void

        init(_ niceness: Int32, _ body: @escaping @Sendable () -> Void) { (self.niceness, self.body) = (niceness, body) }
    }

    static func run<Result: Sendable>(niceness: Int32, _ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            let isRunning = start(niceness: niceness) { continuation.resume(returning: body()) }
            // Without a thread of its own the work is done here, at everybody's cost, rather than not at all.
            if !isRunning { continuation.resume(returning: body()) }
        }
    }

    /// - Returns: false when the system has no thread to give; then the body does not run.
    static func start(niceness: Int32, _ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let retained = Unmanaged.passRetained(Work(niceness, body))
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                #if os(Linux)
                    // On Linux a niceness belongs to a thread: 0 is the calling one.
                    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, work.niceness)
                #endif
                work.body()
                return nil
            }, retained.toOpaque())
        if code != 0 { retained.release() }
        return code == 0
    }
}
