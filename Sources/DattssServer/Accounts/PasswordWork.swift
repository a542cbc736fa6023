import DattssPipeline
import Synchronization

/// Works password hashes out: on threads of its own, few at a time, because each takes 32 MiB and a large part of a second. Whoever
/// has gone is not waited for.
final class PasswordWork: Sendable {
    private let threads: QueryThreads
    private let costs: PasswordHash.Costs
    /// Verified in place of the hash of somebody who has none: an unknown address takes as long as a known one.
    private let decoy: PasswordHash
    private let waiting = Mutex(0)

    private static let waitingMax = 32

    /// More is asked for than can be worked out soon.
    struct Busy: Error {}

    /// - Parameter niceness: see ``ServerConfiguration/decodingNiceness``.
    init(costs: PasswordHash.Costs = .standard, threads: Int = 2, niceness: Int32 = 0) {
        self.costs = costs
        self.threads = QueryThreads(count: threads, niceness: niceness)
        decoy = PasswordHash(costs: costs, salt: PasswordHash.randomSalt(), key: Secret().bytes)
    }

    /// - Parameters:
    ///   - hash: nil when there is none.
    ///   - isWanted: whether whoever asks is still there when it is their turn.
    func matches(
        _ password: String, _ hash: PasswordHash?, isWanted: @escaping @Sendable () -> Bool = { true }
    ) async throws -> Bool {
        let (expected, isReal) = (hash ?? decoy, hash != nil)
        return try await run(isWanted) { try expected.matches(password) && isReal }
    }

    func hash(_ password: String, isWanted: @escaping @Sendable () -> Bool = { true }) async throws -> PasswordHash {
        let costs = costs
        return try await run(isWanted) { try PasswordHash(of: password, costs: costs) }
    }

    private func run<Value: Sendable>(
        _ isWanted: @escaping @Sendable () -> Bool, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let hasRoom = waiting.withLock { count in
            guard count < Self.waitingMax else { return false }
            count += 1
            return true
        }
        guard hasRoom else { throw Busy() }
        defer { waiting.withLock { $0 -= 1 } }
        return try await withTaskExecutorPreference(threads) {
            guard isWanted() else { throw Busy() }
            return try body()
        }
    }
}
