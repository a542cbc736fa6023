import Synchronization

/// How many bytes something may hold of all connections together.
///
///     let share = budget.share()
///     guard share.grow(by: count) else { refuse }      given back by shrink(), or when nobody has the share any more
final class ByteBudget: Sendable {
    let bytesMax: Int
    private let state: Mutex<State>

    private struct State {
        var free: Int
        var refused = 0
    }

    /// - Parameter bytesMax: at least 0.
    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        state = Mutex(State(free: bytesMax))
    }

    /// How much is held now, and how often there was no room.
    var use: (bytes: Int, refused: Int) { state.withLock { (bytesMax - $0.free, $0.refused) } }

    func share() -> Share { Share(of: self) }

    private func take(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard state.free >= bytes else {
                state.refused += 1
                return false
            }
            state.free -= bytes
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
            if count > 0 { budget.state.withLock { $0.free += count } }
        }
    }
}
