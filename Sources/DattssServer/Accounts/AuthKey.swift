public import DattssCore
import DattssPipeline

/// Makes and verifies auth keys: `uid.hmac`, where the second part is the first 16 bytes, in hexadecimal, of
///
///     HMAC-SHA256(secret, "dattss-key:" + uid + ":" + version)           (RFC 2104, truncated as section 5 allows)
///
/// and for keys that the user has named `uid.kID.hmac` of
///
///     HMAC-SHA256(secret, "dattss-named-key:" + uid + ":" + kID)
///
/// So a key is verified without a look-up of the key itself. The first is revoked by counting the user's key version up, the
/// others one by one, by forgetting their ID. A code has no `k`, so the two forms can't be mistaken for each other.
public struct AuthKeys: Sendable {
    private let secret: HMACKey

    /// The length of the secret, in bytes.
    public static let secretBytes = 32
    /// What the ID of a named key begins with.
    static let nameMark = KeyForm.nameMark
    static let codeBytes = 16

    /// - Parameter secret: at least 32 random bytes.
    public init(secret: [UInt8]) { self.secret = HMACKey(secret) }

    /// The default key of a user: its name, and a code that only the server's secret makes.
    public func key(of user: UserID, version: Int64) -> String {
        user.string + "." + Self.hexadecimal(code(of: Self.message(user, version)))
    }

    func key(of user: UserID, id: String) -> String {
        "\(user).\(id)." + Self.hexadecimal(code(of: Self.message(user, id)))
    }

    /// The code of the key that is claimed to be presented: that of its user at `version`, or one with its ID, which has no
    /// version.
    func code(of claim: KeyClaim, version: Int64) -> [UInt8] {
        code(of: claim.id.map { Self.message(claim.user, $0) } ?? Self.message(claim.user, version))
    }

    private static func message(_ user: UserID, _ version: Int64) -> String { "dattss-key:\(user):\(version)" }
    private static func message(_ user: UserID, _ id: String) -> String { "dattss-named-key:\(user):\(id)" }

    /// What the requests of a session that change something have to carry: made out of the session, so nothing is kept of it.
    func changeToken(of session: Secret) -> String { Self.hexadecimal(code(of: "dattss-csrf:\(session.text)")) }

    /// See ``ServerProof``.
    func proof(of text: String) -> String { Self.hexadecimal(secret.code(of: Array("dattss-server:\(text)".utf8))) }

    /// Takes the same time wherever they differ.
    static func areEqual(_ given: String, _ expected: String) -> Bool { areEqual(Array(given.utf8), Array(expected.utf8)) }

    static func areEqual(_ given: [UInt8], _ expected: [UInt8]) -> Bool {
        guard given.count == expected.count else { return false }
        return zip(given, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func code(of message: String) -> [UInt8] {
        Array(secret.code(of: Array(message.utf8)).prefix(Self.codeBytes))
    }

    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// - Returns: nil when there is anything else than pairs of hexadecimal digits.
    static func bytes(ofHexadecimal digits: some StringProtocol) -> [UInt8]? {
        let values = digits.unicodeScalars.compactMap { $0.isASCII ? Character($0).hexDigitValue : nil }
        guard values.count == digits.unicodeScalars.count, values.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
