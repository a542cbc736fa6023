import DattssCore
import Synchronization

/// Notes which keys and sessions are in use, for next to nothing, and hands that out once a minute to be written.
final class KeyUses: Sendable {
    private let uses = Mutex<[Name: KeyUse]>([:])

    struct Name: Hashable, Sendable {
        var user: UserID
        var id: String
    }

    func use(of user: UserID, _ id: String) -> KeyUse {
        uses.withLock { uses in
            let name = Name(user: user, id: id)
            if let known = uses[name] { return known }
            let new = KeyUse()
            uses[name] = new
            return new
        }
    }

    /// Those that were used since the last call.
    func take() -> [Name] { uses.withLock { $0.filter { $0.value.take() }.map(\.key) } }
}

/// Whether one key was used. Setting it again costs a load.
final class KeyUse: Sendable {
    private let isUsed = Atomic(false)

    func note() {
        if !isUsed.load(ordering: .relaxed) { isUsed.store(true, ordering: .relaxed) }
    }

    fileprivate func take() -> Bool { isUsed.exchange(false, ordering: .relaxed) }
}
