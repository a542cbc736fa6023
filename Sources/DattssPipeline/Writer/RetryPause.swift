import DattssCore
import Synchronization

/// The second between two attempts to write, which the end of the pipeline cuts short.
final class RetryPause: Sendable {
    private let clock: any WallClock
    private let state = Mutex(State())

    private struct State {
        var waiting: Task<Void, Never>?
        var isOver = false
    }

    private static let milliseconds: Int64 = 1000

    init(_ clock: any WallClock) { self.clock = clock }

    /// Whether there is nothing more to wait for.
    var isOver: Bool { state.withLock { $0.isOver } }

    func wait() async {
        let waiting: Task<Void, Never>? = state.withLock { [clock] state in
            if state.isOver { return nil }
            let waiting = Task { do { try await clock.pause(milliseconds: Self.milliseconds) } catch { /* It is the end. */  } }
            state.waiting = waiting
            return waiting
        }
        await waiting?.value
    }

    func end() {
        let waiting = state.withLock { state in
            state.isOver = true
            return state.waiting
        }
        waiting?.cancel()
    }
}
