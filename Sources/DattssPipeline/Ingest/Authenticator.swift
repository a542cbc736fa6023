public import DattssCore

/// Who an auth key belongs to.
public protocol Authenticator: Sendable {
    /// - Returns: nil for a key that nobody has, or no longer has.
    func user(forKey key: String) -> UserID?
}

extension Authenticator {
    /// The user whose key a request presents.
    public func user(presenting key: String?) throws(WireError) -> UserID {
        guard let key else {
            throw WireError(.unauthorized, "expected an auth key, as 'Authorization: Bearer KEY' or '?auth=KEY'")
        }
        guard let user = user(forKey: key) else { throw WireError(.unauthorized, "the auth key is not valid") }
        return user
    }
}
