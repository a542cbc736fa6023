public import DattssCore

/// Who an auth key belongs to, and what it is good for.
public protocol Authenticator: Sendable {
    /// Looks at a key as it was sent.
    /// - Returns: nil for a key that nobody has, or no longer has.
    func owner(ofKey key: String) -> KeyOwner?
}

/// The user of an auth key, and what the key may do there.
public struct KeyOwner: Sendable, Hashable {
    /// Whose statistics they are.
    public var user: UserID
    /// Whether the key sends, reads, or does both.
    public var scope: KeyScope
    /// Whether the name of a process stands in front of the paths that come with this key: `api` and `view` are `api.view`.
    public var prefixesProcess: Bool

    /// The owner of a key that may do everything, unless a scope says less.
    public init(_ user: UserID, _ scope: KeyScope = .all, prefixesProcess: Bool = false) {
        self.user = user
        self.scope = scope
        self.prefixesProcess = prefixesProcess
    }
}

/// What an auth key may do with its user's statistics.
public enum KeyScope: String, Sendable, Hashable, CaseIterable {
    /// It sends and reads.
    case all
    /// It only sends.
    case ingest
    /// It only reads.
    case read

    /// Whether a key of this scope is enough where `needed` is asked for.
    public func covers(_ needed: KeyScope) -> Bool { self == .all || self == needed }
}

extension Authenticator {
    /// The user of a key, whatever the key may do; nil for a key that nobody has.
    public func user(forKey key: String) -> UserID? { owner(ofKey: key)?.user }

    /// The user whose key a request presents.
    /// - Throws: `unauthorized` without a valid key, `wrong_scope` when it is not good for this.
    public func user(presenting key: String?, for needed: KeyScope) throws(WireError) -> UserID {
        guard let key else { throw .noKey }
        guard let owner = owner(ofKey: key) else { throw .badKey }
        try owner.requireScope(needed)
        return owner.user
    }
}

extension KeyOwner {
    /// Makes sure that the key is good for something.
    /// - Throws: `wrong_scope` when it is not.
    public func requireScope(_ needed: KeyScope) throws(WireError) {
        guard scope.covers(needed) else {
            throw WireError(.wrongScope, "the auth key has the scope '\(scope.rawValue)', expected '\(needed.rawValue)' or 'all'")
        }
    }
}

extension WireError {
    /// A request came without a key.
    public static let noKey = WireError(
        .unauthorized, "expected an auth key, as 'Authorization: Bearer KEY' or '?auth=KEY'")
    /// A request came with a key that nobody has, or no longer has.
    public static let badKey = WireError(.unauthorized, "the auth key is not valid")
}

/// What an auth key looks like: `uid.hmac`, or `uid.keyid.hmac` for one that has a name.
package enum KeyForm {
    /// What the `keyid` begins with, and no `hmac`, which is hexadecimal.
    package static let nameMark = UInt8(ascii: "k")
}
