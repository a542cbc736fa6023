import Synchronization

/// How many bytes something may hold of all connections together.
///
///     let share = budget.share()
///     guard share.grow(by: count) else { refuse }      given back by shrink(), or when nobody has the share any more
final class ByteBudget: Sendable {
    private let free: Mutex<Int>

    /// - Parameter bytesMax: at least 0.
    init(bytesMax: Int) { free = Mutex(bytesMax) }

    func share() -> Share { Share(of: self) }

    private func take(_ bytes: Int) -> Bool {
        free.withLock { free in
            guard free >= bytes else { return false }
            free -= bytes
            return true
        }
    }

    /// What one holder has taken.
    final class Share: Sendable {
        private let budget: ByteBudget
        private let bytes = Atomic<Int>(0)

        fileprivate init(of budget: ByteBudget) { self.budget = budget }

        deinit { shrink() }

        /// - Returns: whether there was room; if not, nothing changed.
        func grow(by count: Int) -> Bool {
            guard budget.take(count) else { return false }
            bytes.add(count, ordering: .relaxed)
            return true
        }

        /// Gives back all.
        func shrink() {
            let count = bytes.exchange(0, ordering: .relaxed)
            if count > 0 { budget.free.withLock { $0 += count } }
        }
    }
}
