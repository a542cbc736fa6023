import Dispatch
import Synchronization

/// Works password hashes out: on threads of its own, few at a time, because each takes 32 MiB and a large part of a second.
final class PasswordWork: Sendable {
    private let queues: [DispatchQueue]
    private let costs: PasswordHash.Costs
    /// Verified in place of the hash of somebody who has none: an unknown address takes as long as a known one.
    private let decoy: PasswordHash
    private let waiting = Mutex((count: 0, next: 0))

    private static let waitingMax = 32

    /// More is asked for than can be worked out soon.
    struct Busy: Error {}

    init(costs: PasswordHash.Costs = .standard, threads: Int = 2) {
        self.costs = costs
        queues = (0..<threads).map { DispatchQueue(label: "passwords-\($0)", qos: .utility) }
        decoy = PasswordHash(costs: costs, salt: PasswordHash.randomSalt(), key: Secret().bytes)
    }

    /// - Parameter hash: nil when there is none.
    func matches(_ password: String, _ hash: PasswordHash?) async throws -> Bool {
        let (expected, isReal) = (hash ?? decoy, hash != nil)
        return try await run { try expected.matches(password) && isReal }
    }

    func hash(_ password: String) async throws -> PasswordHash {
        let costs = costs
        return try await run { try PasswordHash(of: password, costs: costs) }
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let number: Int? = waiting.withLock { waiting in
            guard waiting.count < Self.waitingMax else { return nil }
            waiting.count += 1
            waiting.next = (waiting.next + 1) % queues.count
            return waiting.next
        }
        guard let number else { throw Busy() }
        defer { waiting.withLock { $0.count -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queues[number].async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
