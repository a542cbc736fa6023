import DattssCore
import Synchronization

/// Lets questions wait for their turn (``TurnQueue``).
final class QueryTurns: Sendable {
    private let queue: Mutex<TurnQueue<CheckedContinuation<Void, any Error>>>

    init(_ bounds: TurnBounds) { queue = Mutex(TurnQueue(bounds)) }

    var counts: TurnCounts { queue.withLock { $0.counts } }

    /// - Parameter isWanted: asked when the turn has come: an answer that nobody waits for is not worked out.
    /// - Throws: ``TurnRefusal``, and whatever `body` does.
    func inTurn<Result: Sendable>(
        of user: UserID, isWanted: () -> Bool, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        try await enter(user)
        defer { leave(user) }
        guard isWanted() else {
            queue.withLock { $0.noteAbandoned() }
            throw TurnRefusal.abandoned
        }
        return try await body()
    }

    private func enter(_ user: UserID) async throws {
        try await withCheckedThrowingContinuation { (turn: CheckedContinuation<Void, any Error>) in
            switch queue.withLock({ $0.enter(user, turn) }) {
            case .go: turn.resume()
            case .wait: break
            case .refuse(let refusal): turn.resume(throwing: refusal)
            }
        }
    }

    private func leave(_ user: UserID) {
        for turn in queue.withLock({ $0.leave(user) }) { turn.resume() }
    }
}
