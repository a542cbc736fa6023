import Crypto
public import DattssCore

/// Makes and verifies auth keys: `uid.hmac`, where the second part is the first 16 bytes, in hexadecimal, of
///
///     HMAC-SHA256(secret, "dattss-key:" + uid + ":" + version)           (RFC 2104, truncated as section 5 allows)
///
/// So a key is verified without a look-up of the key itself, and a user's keys are all revoked by counting the user's key
/// version up.
public struct AuthKeys: Sendable {
    private let secret: SymmetricKey

    public static let secretBytes = 32
    private static let codeBytes = 16

    /// - Parameter secret: at least 32 random bytes.
    public init(secret: [UInt8]) { self.secret = SymmetricKey(data: secret) }

    public func key(of user: UserID, version: Int64) -> String {
        user.string + "." + Self.hexadecimal(code(of: user, version: version))
    }

    /// Whether `key` is the key of `user` at `version`. Takes the same time wherever the key differs.
    public func isValid(_ key: String, of user: UserID, version: Int64) -> Bool {
        let expected = Array(self.key(of: user, version: version).utf8)
        let given = Array(key.utf8)
        guard given.count == expected.count else { return false }
        return zip(given, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The user that a key claims to belong to.
    public static func user(of key: String) -> UserID? {
        key.firstIndex(of: ".").flatMap { UserID(key[..<$0]) }
    }

    private func code(of user: UserID, version: Int64) -> [UInt8] {
        let message = Array("dattss-key:\(user):\(version)".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: message, using: secret).prefix(Self.codeBytes))
    }

    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
