/// What is kept of a password: `scrypt$N$r$p$salt$key`, the last two in hexadecimal (scrypt: RFC 7914).
///
/// The costs are written beside each hash, so that they can be raised later and old hashes still verify.
struct PasswordHash: Sendable, Hashable {
    var costs: Costs
    var salt: [UInt8]
    var key: [UInt8]

    struct Costs: Sendable, Hashable {
        /// N, a power of two.
        var rounds: Int
        /// r
        var blockSize: Int
        /// p
        var parallelism: Int

        /// 32 MiB, thrice over: what OWASP's password storage cheat sheet gives for r = 8 and N = 2^15.
        static let standard = Costs(rounds: 1 << 15, blockSize: 8, parallelism: 3)

        /// Beyond this no hash is worked out, whatever the table says.
        private static let memoryBytesMax = 256 << 20

        var isSane: Bool {
            rounds > 1 && rounds & (rounds - 1) == 0 && (1...64).contains(blockSize) && (1...64).contains(parallelism)
                && rounds <= Self.memoryBytesMax / (128 * blockSize)
        }
    }

    static let keyBytes = 32
    private static let saltBytes = 16

    /// Shorter ones are refused. Longer than the second nobody types.
    static let passwordCharactersMin = 10
    static let passwordBytesMax = 1024

    /// The hash of a new password. Takes a large part of a second, as it should.
    init(of password: String, costs: Costs = .standard) throws {
        let salt = Self.randomSalt()
        self.init(costs: costs, salt: salt, key: try Self.derive(password, salt, costs))
    }

    init(costs: Costs, salt: [UInt8], key: [UInt8]) { (self.costs, self.salt, self.key) = (costs, salt, key) }

    static func randomSalt() -> [UInt8] { Array(Secret().bytes.prefix(saltBytes)) }

    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), let blockSize = Int(parts[2]),
            let parallelism = Int(parts[3]), let salt = AuthKeys.bytes(ofHexadecimal: parts[4]),
            let key = AuthKeys.bytes(ofHexadecimal: parts[5]), key.count == Self.keyBytes
        else { return nil }
        costs = Costs(rounds: rounds, blockSize: blockSize, parallelism: parallelism)
        guard costs.isSane else { return nil }
        (self.salt, self.key) = (salt, key)
    }

    var text: String {
        "scrypt$\(costs.rounds)$\(costs.blockSize)$\(costs.parallelism)$"
            + AuthKeys.hexadecimal(salt) + "$" + AuthKeys.hexadecimal(key)
    }

    /// Takes the same time for a right and a wrong password.
    func matches(_ password: String) throws -> Bool {
        let derived = try Self.derive(password, salt, costs)
        return AuthKeys.areEqual(AuthKeys.hexadecimal(derived), AuthKeys.hexadecimal(key))
    }

    /// scrypt itself.
    static func derive(_ password: String, _ salt: [UInt8], _ costs: Costs, byteCount: Int = keyBytes) throws -> [UInt8] {
        try Scrypt.key(password, salt: salt, costs: costs, byteCount: byteCount)
    }
}
