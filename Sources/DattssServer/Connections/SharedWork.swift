import Synchronization

/// Lets those who ask the same share one answer: whoever comes before work on it begins has a part in it, whoever comes later in
/// the next one. So an answer is never older than its question.
///
///     let answer = try await shared.value(of: user, isWanted: isConnected) { group in
///         wait for a turn
///         group.begin()
///         work it out
///     }
final class SharedWork<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let open = Mutex<[Key: Group]>([:])

    /// Those who have a part in one piece of work.
    final class Group: Sendable {
        private let members = Mutex<[Member]>([])
        private let close: @Sendable (Group) -> Void

        fileprivate struct Member: Sendable {
            let isWanted: @Sendable () -> Bool
            let answer: CheckedContinuation<Value, any Error>
        }

        fileprivate init(close: @escaping @Sendable (Group) -> Void) { self.close = close }

        /// From now on nobody joins; to be called before anything is looked at.
        func begin() { close(self) }

        /// Whether anybody who has not gone still waits.
        func isWanted() -> Bool { members.withLock { $0.contains { $0.isWanted() } } }

        fileprivate var count: Int { members.withLock { $0.count } }

        fileprivate func add(_ member: Member) { members.withLock { $0.append(member) } }

        fileprivate func finish(_ result: Result<Value, any Error>) {
            begin()
            for member in members.withLock({ $0 }) { member.answer.resume(with: result) }
        }
    }

    /// - Parameters:
    ///   - isWanted: whether the one who asks is still there.
    ///   - work: only called for the first of a group.
    func value(
        of key: Key, isWanted: @escaping @Sendable () -> Bool, _ work: @escaping @Sendable (Group) async throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { answer in
            let first = open.withLock { open -> Group? in
                let group = open[key] ?? Group(close: { [self] in close($0, key) })
                group.add(Group.Member(isWanted: isWanted, answer: answer))
                return open.updateValue(group, forKey: key) == nil ? group : nil
            }
            guard let first else { return }
            Task {
                let result: Result<Value, any Error>
                do { result = .success(try await work(first)) } catch { result = .failure(error) }
                first.finish(result)
            }
        }
    }

    /// How many wait for work that has not begun.
    func askers(of key: Key) -> Int { open.withLock { $0[key]?.count ?? 0 } }

    private func close(_ group: Group, _ key: Key) {
        open.withLock { open in
            if open[key] === group { open[key] = nil }
        }
    }
}
