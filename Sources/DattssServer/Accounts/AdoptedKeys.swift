public import DattssCore
public import DattssPipeline
import GRDB

/// A key that a server of the original had given out, in either of its two forms:
///
///     id_hmac     version 1: the number of the user
///     uid.hmac    version 2: 40 hexadecimal digits
///
/// The `hmac` is 40 hexadecimal digits of a secret that nobody here has, so such a key cannot be verified: whoever has it tells the
/// server once whose it is, and its SHA-256 is kept.
public struct OriginalKey: Sendable, Hashable {
    /// As it was given out.
    public let text: String
    /// Whether it is one of version 1, whose clients count the process as a part of a statistic's name.
    public let isVersion1: Bool

    private static let hmacDigits = 40
    private static let userCharactersMax = 40

    /// - Returns: nil for anything else.
    public init?(_ text: String) {
        guard let mark = text.lastIndex(where: { $0 == "_" || $0 == "." }) else { return nil }
        let (user, hmac) = (text[..<mark], text[text.index(after: mark)...])
        guard (1...Self.userCharactersMax).contains(user.utf8.count), hmac.utf8.count == Self.hmacDigits,
            user.utf8.allSatisfy(\.isHexadecimal), hmac.utf8.allSatisfy(\.isHexadecimal)
        else { return nil }
        self.text = text
        isVersion1 = text[mark] == "_"
    }

    var hash: SecretHash { SecretHash(bytes: SHA256.hash(Array(text.utf8)).bytes) }
}

extension UInt8 {
    fileprivate var isHexadecimal: Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= self || UInt8(ascii: "a")...UInt8(ascii: "f") ~= self
    }
}

extension Accounts {
    /// Whose an adopted key is, and what its user calls it.
    struct AdoptedKey: Hashable {
        var user: UserID
        var id: String
        var isVersion1: Bool
    }

    /// Makes a key of the original good for a user, as one of the user's named keys.
    /// - Throws: ``AccountError`` as ``addKey(named:scope:of:at:)`` does, and when somebody has adopted the key already.
    public func adopt(
        _ original: OriginalKey, named name: String, scope: KeyScope, of user: UserID, at time: Timestamp
    ) throws {
        let isTaken = withState { $0.adopted[original.hash] != nil }
        if isTaken { throw AccountError(.exists, "the key is adopted already") }
        let key = try addKey(named: name, scope: scope, of: user, at: time)
        try write { database in
            try database.execute(
                sql: "UPDATE authKey SET originalHash = ?, isVersion1 = ? WHERE id = ?",
                arguments: [original.hash.data, original.isVersion1, key.id])
        }
    }

    /// Whether the name of a user's process stands in front of the paths that it sends, as version 1 had it. nil means: with keys of
    /// version 1 only, which is the default.
    /// - Throws: ``AccountError`` when there is no such user.
    public func setProcessPaths(_ isSet: Bool?, of user: UserID) throws {
        try write { database in try update(user, "processPaths = ?", [isSet], database) }
    }

    /// The key, when it is one that was adopted.
    func adopted(_ key: String) -> VerifiedKey? {
        guard withState({ !$0.adopted.isEmpty }), let original = OriginalKey(key) else { return nil }
        let hash = original.hash
        return withState { state in
            guard let found = state.adopted[hash], state.versions[found.user] != nil,
                let named = state.named[found.user]?[found.id]
            else { return nil }
            let owner = KeyOwner(
                found.user, named.scope, prefixesProcess: state.processPaths[found.user] ?? found.isVersion1)
            let verified = VerifiedKey(owner: owner, name: named.name, use: uses.use(of: found.user, found.id))
            state.verified.add(verified, as: key)
            return verified
        }
    }
}
