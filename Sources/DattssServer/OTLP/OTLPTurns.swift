import DattssCore
import Synchronization

/// Lets a user's exports take turns, in the order in which they came: what is new in one depends on what became of the one before.
/// A copy that is sent again while the first is being written is answered when that one is written, or counted if it is not.
final class OTLPTurns: Sendable {
    /// Those who wait, of each user whose turn it is.
    private let waiting = Mutex<[UserID: [@Sendable () -> Void]]>([:])

    func inTurn<Result>(
        of user: UserID, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async rethrows -> Result {
        await withCheckedContinuation { turn in enter(user) { turn.resume() } }
        defer { leave(user) }
        return try await body()
    }

    /// - Parameter turn: called when it is the caller's turn, now or by whoever leaves; ``leave(_:)`` has to follow.
    func enter(_ user: UserID, _ turn: @escaping @Sendable () -> Void) {
        let isFree = waiting.withLock { waiting in
            guard waiting[user] != nil else {
                waiting[user] = []
                return true
            }
            waiting[user]?.append(turn)
            return false
        }
        if isFree { turn() }
    }

    /// The turn is over.
    func leave(_ user: UserID) {
        let next: (@Sendable () -> Void)? = waiting.withLock { waiting in
            guard var others = waiting[user], !others.isEmpty else {
                waiting[user] = nil
                return nil
            }
            let next = others.removeFirst()
            waiting[user] = others
            return next
        }
        next?()
    }
}
