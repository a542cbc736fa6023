public import DattssCore

/// Who an auth key belongs to.
public protocol Authenticator: Sendable {
    /// - Returns: nil for a key that nobody has, or no longer has.
    func user(forKey key: String) -> UserID?
}
