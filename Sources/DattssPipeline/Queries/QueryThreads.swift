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
    private let jobs = JobQueue()
    private let isStarted = Mutex(false)

    /// - Parameters:
    ///   - count: at least 1.
    ///   - niceness: see ``PipelineConfiguration/queryNiceness``.
    public init(count: Int, niceness: Int32) {
        precondition(count >= 1)
        (self.count, self.niceness) = (count, niceness)
    }

    deinit { if isStarted.withLock({ $0 }) { jobs.finish(count) } }

    public func enqueue(_ job: consuming ExecutorJob) {
        startOnce()
        jobs.add(UnownedJob(job), for: asUnownedTaskExecutor())
    }

    /// Who never asks needs no threads.
    private func startOnce() {
        let isFirst = isStarted.withLock { isStarted in
            defer { isStarted = true }
            return !isStarted
        }
        guard isFirst else { return }
        for _ in 0..<count {
            let isRunning = BackgroundThread.start(niceness: niceness) { [jobs] in jobs.run() }
            if !isRunning { DispatchQueue.global().async { [jobs] in jobs.run() } }
        }
    }
}

/// What the threads have to do, first come, first served. Outlives the executor, until its threads have ended.
private final class JobQueue: Sendable {
    private let waiting = Mutex(Waiting())
    private let filled = DispatchSemaphore(value: 0)

    private struct Waiting {
        var jobs: [(job: UnownedJob, executor: UnownedTaskExecutor)] = []
        var first = 0
    }

    func add(_ job: UnownedJob, for executor: UnownedTaskExecutor) {
        waiting.withLock { $0.jobs.append((job, executor)) }
        filled.signal()
    }

    func run() {
        while let (job, executor) = next() { job.runSynchronously(on: executor) }
    }

    /// Lets threads end, when there are no more jobs.
    func finish(_ threads: Int) {
        for _ in 0..<threads { filled.signal() }
    }

    /// - Returns: nil when the thread is to end.
    private func next() -> (UnownedJob, UnownedTaskExecutor)? {
        filled.wait()
        return waiting.withLock { waiting in
            guard waiting.first < waiting.jobs.count else { return nil }
            defer {
                waiting.first += 1
                if waiting.first == waiting.jobs.count {
                    waiting.jobs.removeAll(keepingCapacity: waiting.first < 1024)
                    waiting.first = 0
                }
            }
            return waiting.jobs[waiting.first]
        }
    }
}
