import DattssCore
import DattssPipeline
import Synchronization

/// A key that was found valid. Whoever keeps it need not ask for the key again for as long as ``isCurrent``.
final class VerifiedKey: Sendable {
    let owner: KeyOwner
    let name: String
    private let use: KeyUse
    private let hasEnded = Atomic(false)

    init(owner: KeyOwner, name: String, use: KeyUse) {
        (self.owner, self.name, self.use) = (owner, name, use)
    }

    /// Whether nothing has changed since that could concern the key.
    var isCurrent: Bool { !hasEnded.load(ordering: .acquiring) }

    func noteUse() { use.note() }

    fileprivate func end() { hasEnded.store(true, ordering: .releasing) }
}

/// Keys that were found valid, so that a client costs one HMAC and not one a request.
///
/// Invariant: one that is not in here any more is not current.
struct VerifiedKeys {
    private var keys: [String: VerifiedKey] = [:]

    static let countMax = 20_000

    subscript(key: String) -> VerifiedKey? { keys[key] }

    mutating func add(_ verified: VerifiedKey, as key: String) {
        if keys.count >= Self.countMax { removeAll() }
        keys[key] = verified
    }

    mutating func removeAll() {
        for verified in keys.values { verified.end() }
        keys = [:]
    }
}
