import Dispatch
import Synchronization

/// The jobs of an executor that has threads of its own, first come, first served. The threads have the queue and not the executor, or
/// neither would ever end; the queue outlives the executor until they have.
final class JobQueue<Executor: Sendable>: Sendable {
    private let waiting = Mutex(Waiting())
    private let filled = DispatchSemaphore(value: 0)

    private struct Waiting {
        var jobs: [(job: UnownedJob, executor: Executor)] = []
        var first = 0
    }

    /// - Parameter executor: whose job it is.
    func add(_ job: UnownedJob, for executor: Executor) {
        waiting.withLock { $0.jobs.append((job, executor)) }
        filled.signal()
    }

    /// Performs jobs on the calling thread, until ``finish(threads:)``.
    func run(_ perform: (UnownedJob, Executor) -> Void) {
        while let (job, executor) = next() { perform(job, executor) }
    }

    /// Lets so many threads end, when there are no more jobs.
    func finish(threads: Int = 1) {
        for _ in 0..<threads { filled.signal() }
    }

    /// - Returns: nil when the thread is to end: at a signal without a job.
    private func next() -> (UnownedJob, Executor)? {
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
