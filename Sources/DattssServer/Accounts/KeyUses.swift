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

    private static let namesMax = 50_000

    /// Those that were used since the last call. Of too many, all are forgotten, and so must be whatever holds on to one.
    func take() -> (names: [Name], areForgotten: Bool) {
        uses.withLock { uses in
            let names = uses.filter { $0.value.take() }.map(\.key)
            guard uses.count > Self.namesMax else { return (names, false) }
            uses = [:]
            return (names, true)
        }
    }
}

/// Whether one key was used. Setting it again costs a load.
final class KeyUse: Sendable {
    private let isUsed = Atomic(false)

    func note() {
        if !isUsed.load(ordering: .relaxed) { isUsed.store(true, ordering: .relaxed) }
    }

    fileprivate func take() -> Bool { isUsed.exchange(false, ordering: .relaxed) }
}
