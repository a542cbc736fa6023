public import DattssCore
import Synchronization

/// A clock that only moves when a test moves it.
public final class ManualClock: WallClock {
    private let state: Mutex<State>

    private struct State {
        var now: Timestamp
        /// Milliseconds by which it was set, without any time having passed.
        var setBy: Int64 = 0
        var sleepers: [Int: (deadline: Timestamp, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var nextSleeper = 0
        var cancelled: Set<Int> = []
    }

    public init(_ now: Timestamp) { state = Mutex(State(now: now)) }

    public func uptimeMilliseconds() -> Int64 { state.withLock { $0.now.milliseconds - $0.setBy } }

    public func now() -> Timestamp { state.withLock { $0.now } }

    /// How many tasks wait for it.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Lets time pass until then, and wakes whoever slept until then. A time that has passed already is ``jump(byMilliseconds:)``.
    public func set(_ time: Timestamp) { move(to: time, isSet: false) }

    /// Sets the clock while no time passes. One that is set back wakes everybody.
    public func jump(byMilliseconds delta: Int64) { move(to: now().advanced(byMilliseconds: delta), isSet: true) }

    private func move(to time: Timestamp, isSet: Bool) {
        let due = state.withLock { state in
            let isSetBack = time < state.now
            if isSet || isSetBack { state.setBy += time.milliseconds - state.now.milliseconds }
            state.now = time
            let due = state.sleepers.filter { $0.value.deadline <= time || isSetBack }
            for id in due.keys { state.sleepers[id] = nil }
            return due.sorted { $0.value.deadline < $1.value.deadline }.map(\.value.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    public func advance(byMilliseconds delta: Int64) { set(now().advanced(byMilliseconds: delta)) }

    public func sleep(until deadline: Timestamp, since seen: Timestamp) async throws {
        let id = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let answer: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if state.now >= deadline || state.now < seen { return .success(()) }
                    state.sleepers[id] = (deadline, continuation)
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return Optional(sleeper.continuation) }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.resume(throwing: CancellationError())
        }
    }
}
