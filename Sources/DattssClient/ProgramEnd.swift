import Dispatch
import LibC
import Synchronization

/// Sends what is left when a program returns from its main function or calls `exit`.
enum ProgramEnd {
    private static let waiting = Mutex<[ObjectIdentifier: Waiting]>([:])
    private static let isWatched: Void = { atexit { ProgramEnd.send() } }()

    private struct Waiting {
        var pusher: Pusher
        var limitMilliseconds: Int64
    }

    /// From now on the program's end waits for `pusher`, for at most `limitMilliseconds`.
    static func watch(_ pusher: Pusher, limitMilliseconds: Int64) {
        _ = isWatched
        waiting.withLock { $0[ObjectIdentifier(pusher)] = Waiting(pusher: pusher, limitMilliseconds: limitMilliseconds) }
    }

    static func forget(_ pusher: Pusher) {
        waiting.withLock { $0[ObjectIdentifier(pusher)] = nil }
    }

    /// The other threads still run while a program ends, so what is left goes out by them.
    private static func send() {
        let left = waiting.withLock { Array($0.values) }
        guard let limit = left.map(\.limitMilliseconds).max() else { return }
        let sent = DispatchSemaphore(value: 0)
        Task.detached {
            await withDiscardingTaskGroup { tasks in
                for one in left { tasks.addTask { _ = await one.pusher.stop(withinMilliseconds: one.limitMilliseconds) } }
            }
            sent.signal()
        }
        // Pushers keep to their limit; this one is for a program whose threads are all taken.
        _ = sent.wait(timeout: .now() + .milliseconds(Int(limit) + 500))
    }
}
