import CCrypto

/// The password-based key derivation of RFC 7914, computed by the system's libcrypto.
enum Scrypt {
    /// libcrypto refuses what would take more memory than this.
    private static let memoryBytesMax: UInt64 = 512 << 20

    /// - Throws: when libcrypto refuses the costs, or there is not enough memory.
    static func key(_ password: String, salt: [UInt8], costs: PasswordHash.Costs, byteCount: Int) throws(ScryptError) -> [UInt8] {
        var password = password
        var status: CInt = 0
        let key = [UInt8](unsafeUninitializedCapacity: byteCount) { key, initializedCount in
            status = password.withUTF8 { password in
                EVP_PBE_scrypt(
                    password.baseAddress, password.count, salt, salt.count, UInt64(costs.rounds), UInt64(costs.blockSize),
                    UInt64(costs.parallelism), memoryBytesMax, key.baseAddress, key.count)
            }
            initializedCount = status == 1 ? byteCount : 0
        }
        guard status == 1 else { throw ScryptError(costs: costs) }
        return key
    }
}

/// A key could not be derived.
struct ScryptError: Error, CustomStringConvertible {
    var costs: PasswordHash.Costs

    var description: String {
        "scrypt with N = \(costs.rounds), r = \(costs.blockSize), p = \(costs.parallelism) failed: is there enough memory?"
    }
}
