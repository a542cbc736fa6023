import Dispatch
import Synchronization

/// Threads for dear work, as questions are: few, and of a lower priority than those that take samples in. They may block on the
/// disk.
///
///     try await withTaskExecutorPreference(threads) { … }
///
/// What is asked of an actor from there runs on these threads, too, unless somebody else is in the actor at the moment.
public final class QueryThreads: TaskExecutor {
    private let count: Int
    private let niceness: Int32
    private let jobs = JobQueue<UnownedTaskExecutor>()
    private let isStarted = Mutex(false)

    /// - Parameters:
    ///   - count: at least 1.
    ///   - niceness: see ``PipelineConfiguration/queryNiceness``.
    public init(count: Int, niceness: Int32) {
        precondition(count >= 1)
        (self.count, self.niceness) = (count, niceness)
    }

    deinit { if isStarted.withLock({ $0 }) { jobs.finish(threads: count) } }

    public func enqueue(_ job: consuming ExecutorJob) {
        startOnce()
        jobs.add(UnownedJob(job), for: asUnownedTaskExecutor())
    }

    /// A server that is never asked needs no threads.
    private func startOnce() {
        let isFirst = isStarted.withLock { isStarted in
            defer { isStarted = true }
            return !isStarted
        }
        guard isFirst else { return }
        for _ in 0..<count {
            let work: @Sendable () -> Void = { [jobs] in jobs.run { $0.runSynchronously(on: $1) } }
            do { try OwnThread.start(niceness: niceness, work) } catch { DispatchQueue.global().async(execute: work) }
        }
    }
}
