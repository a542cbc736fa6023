import CPlatform
import LibC

/// A thread for one piece of work: one that lasts and blocks, for which no pool has a thread to spare, or one that steps back behind
/// everything else.
///
/// A thread a piece of work, because an unprivileged one that has lowered its priority cannot raise it again.
package enum OwnThread {
    /// A closure on its way to the thread.
    private final class Work: Sendable {
        let niceness: Int32?
        let body: @Sendable () -> Void

        init(_ niceness: Int32?, _ body: @escaping @Sendable () -> Void) { (self.niceness, self.body) = (niceness, body) }
    }

    /// Runs `body` on a new thread, which ends with it.
    /// - Parameter niceness: how little processor time it gets where others want it (Linux, 0 to 19), and then it gives way to them in
    ///   long work (`thread_give_way`); nil for as much as they get.
    /// - Throws: ``ThreadError`` when the system gives no thread; then the body does not run.
    package static func start(niceness: Int32? = nil, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
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
                if work.niceness != nil { thread_gives_way() }
                #if os(Linux)
                    // On Linux a niceness belongs to a thread: 0 is the calling one.
                    if let niceness = work.niceness { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
                #endif
                work.body()
                return nil
            }, work.toOpaque())
        if code != 0 {
            work.release()
            throw ThreadError(code: code)
        }
    }

    /// Runs a long piece of work, and waits for it. Without a thread of its own the work is done here, at everybody's cost, rather
    /// than not at all.
    static func run<Result: Sendable>(niceness: Int32, _ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            do {
                try start(niceness: niceness) { continuation.resume(returning: body()) }
            } catch {
                continuation.resume(returning: body())
            }
        }
    }
}

/// The system gave no thread; `code` is its `errno`.
package struct ThreadError: Error, CustomStringConvertible {
    var code: Int32
    package var description: String { "cannot start a thread: error \(code)" }
}
