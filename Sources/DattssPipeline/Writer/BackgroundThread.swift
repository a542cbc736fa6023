#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A thread that gets less processor time than others, where these want it.
///
/// A thread a piece of work, because an unprivileged one that has lowered its priority cannot raise it again.
enum BackgroundThread {
    /// A closure on its way to the thread.
    private final class Work: Sendable {
        let niceness: Int32
        let body: @Sendable () -> Void

        init(_ niceness: Int32, _ body: @escaping @Sendable () -> Void) { (self.niceness, self.body) = (niceness, body) }
    }

    /// - Returns: false when the system gives no thread.
    static func start(niceness: Int32, _ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let work = Unmanaged.passRetained(Work(niceness, body))
        let code = pthread_create(
            &thread, &attributes,
            { (argument: UnsafeMutableRawPointer?) in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                #if os(Linux)
                    // On Linux a niceness belongs to a thread: 0 is the calling one.
                    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, work.niceness)
                #endif
                work.body()
                return nil
            }, work.toOpaque())
        if code != 0 { work.release() }
        return code == 0
    }

    /// Runs a long piece of work.
    static func run<Result: Sendable>(niceness: Int32, _ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            // Without a thread of its own the work is done here, at everybody's cost, rather than not at all.
            if !start(niceness: niceness, { continuation.resume(returning: body()) }) { continuation.resume(returning: body()) }
        }
    }
}
