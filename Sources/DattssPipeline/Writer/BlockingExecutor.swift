import Dispatch

/// Runs an actor on a thread outside the cooperative pool, so that it may block on the disk without taking a core from
/// everybody else.
final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(_ label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job), on: self) }

    /// Runs a job of another executor, which has no thread of its own.
    func enqueue(_ job: UnownedJob, on executor: some SerialExecutor) {
        queue.async { job.runSynchronously(on: executor.asUnownedSerialExecutor()) }
    }

    /// Does something that blocks, beside an actor.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }
}
