import Dispatch
import Synchronization

/// Runs an actor on a ``BackgroundThread`` of its own: what it does for long at a time keeps nobody waiting, not even on a single
/// processor.
final class BackgroundExecutor: SerialExecutor {
    private let jobs = Jobs()
    /// Where the system gives no thread.
    private let substitute: BlockingExecutor?

    init(_ label: String, niceness: Int32) {
        let isStarted = BackgroundThread.start(niceness: niceness) { [jobs] in jobs.run() }
        substitute = isStarted ? nil : BlockingExecutor(label)
    }

    deinit { jobs.finish() }

    func enqueue(_ job: consuming ExecutorJob) {
        if let substitute { substitute.enqueue(UnownedJob(job), on: self) } else { jobs.add(UnownedJob(job), on: self) }
    }

    /// What waits to be run. (The thread has this, and not the executor, or neither would ever end.)
    private final class Jobs: Sendable {
        private let waiting = Mutex<[(job: UnownedJob, executor: BackgroundExecutor)]>([])
        private let count = DispatchSemaphore(value: 0)

        func add(_ job: UnownedJob, on executor: BackgroundExecutor) {
            waiting.withLock { $0.append((job, executor)) }
            count.signal()
        }

        func finish() { count.signal() }

        /// Until there is a signal without a job.
        func run() {
            while let next = next() { next.job.runSynchronously(on: next.executor.asUnownedSerialExecutor()) }
        }

        private func next() -> (job: UnownedJob, executor: BackgroundExecutor)? {
            count.wait()
            return waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }
}
