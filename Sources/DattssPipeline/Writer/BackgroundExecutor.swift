/// Runs an actor on an ``OwnThread``: what it does for long at a time keeps nobody waiting, not even on a single processor.
final class BackgroundExecutor: SerialExecutor {
    private let jobs = JobQueue<BackgroundExecutor>()
    /// Where the system gives no thread.
    private let substitute: BlockingExecutor?

    init(_ label: String, niceness: Int32) {
        do {
            try OwnThread.start(niceness: niceness) { [jobs] in
                jobs.run { $0.runSynchronously(on: $1.asUnownedSerialExecutor()) }
            }
            substitute = nil
        } catch {
            substitute = BlockingExecutor(label)
        }
    }

    deinit { jobs.finish() }

    func enqueue(_ job: consuming ExecutorJob) {
        if let substitute { substitute.enqueue(UnownedJob(job), on: self) } else { jobs.add(UnownedJob(job), for: self) }
    }
}
