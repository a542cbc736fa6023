import DattssCore
import Dispatch
import Synchronization

/// Does dear work on bodies on threads of its own, so that the event loops go on answering others: a few at a time, and the users who
/// wait by turns, however much one of them sends.
///
///     ann: ▮▮▮▮  ─┐
///     bob: ▮      ├─► ann, bob, cid, ann, cid, ann …  ─► at most `width` at once
///     cid: ▮▮    ─┘
final class DecodingPool: Sendable {
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "dattss.decoding", attributes: .concurrent)

    private struct State {
        var free: Int
        var waiting: [UserID: [@Sendable () -> Void]] = [:]
        /// The users who wait, each once, in the order of their turns.
        var order: [UserID] = []
        var waitingCount = 0
    }

    /// A body of fewer bytes, not compressed, is decoded in less time than it takes to hand it over.
    static let bytesMin = 8192

    /// - Parameter width: how many threads.
    init(width: Int = 2) { state = Mutex(State(free: width)) }

    /// How many threads are free.
    var freeCount: Int { state.withLock { $0.free } }

    /// How much waits for its turn.
    var waitingCount: Int { state.withLock { $0.waitingCount } }

    func run<Value: Sendable>(of user: UserID, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            start(of: user) { continuation.resume(with: Result(catching: body)) }
        }
    }

    private func start(of user: UserID, _ work: @escaping @Sendable () -> Void) {
        let isFree = state.withLock { state in
            if state.free > 0 {
                state.free -= 1
                return true
            }
            if state.waiting[user] == nil { state.order.append(user) }
            state.waiting[user, default: []].append(work)
            state.waitingCount += 1
            return false
        }
        if isFree { perform(work) }
    }

    private func perform(_ work: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            work()
            if let next = next() { perform(next) }
        }
    }

    /// - Returns: what is to be done in the place of what is done; nil when nobody waits, and the place is free.
    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.order.isEmpty else {
                state.free += 1
                return nil
            }
            let user = state.order.removeFirst()
            var work = state.waiting.removeValue(forKey: user) ?? []
            let first = work.removeFirst()
            state.waitingCount -= 1
            if !work.isEmpty {
                state.waiting[user] = work
                state.order.append(user)
            }
            return first
        }
    }
}
