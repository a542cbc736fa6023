/// 256 random bits that prove something: a session, or that a mail was received. Its owner
/// holds it in hexadecimal; the tables hold its SHA-256.
public struct Secret: Sendable, Hashable {
    let bytes: [UInt8]

    private static let byteCount = 32

    /// A new one, from the system's generator.
    init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// One that somebody presents; nil for anything but 64 hexadecimal digits.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 2 * Self.byteCount, let bytes = AuthKeys.bytes(ofHexadecimal: text) else { return nil }
        self.bytes = bytes
    }

    /// The secret in hexadecimal digits.
    public var text: String { AuthKeys.hexadecimal(bytes) }

    /// What is kept of it.
    var hash: SecretHash { SecretHash(bytes: SHA256.hash(bytes).bytes) }

    /// A short random name: of a key or of a session, which proves nothing.
    static func randomID() -> String { AuthKeys.hexadecimal(Secret().bytes.prefix(4)) }
}

/// The SHA-256 of a ``Secret``. Looked up as it is: how long that takes tells nothing about a secret of 256 random bits.
struct SecretHash: Sendable, Hashable {
    var bytes: [UInt8]
}
