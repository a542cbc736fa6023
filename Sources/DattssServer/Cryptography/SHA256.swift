import CCrypto

/// SHA-256 (FIPS 180-4), computed by the system's libcrypto.
package enum SHA256 {
    /// How many bytes a hash has.
    package static let byteCount = 32

    /// Looked up once: libcrypto would otherwise search its providers for every hash.
    // It is never changed and lives as long as the process, so threads may share it.
    fileprivate nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else { preconditionFailure("libcrypto has no SHA-256") }
        return algorithm
    }()

    /// The hash of bytes that are all there.
    package static func hash(_ bytes: [UInt8]) -> SHA256Digest {
        var digest = SHA256Digest()
        let status = digest.withUnsafeMutableBytes { digest in
            EVP_Digest(bytes, bytes.count, digest.baseAddress, nil, algorithm, nil)
        }
        precondition(status == 1, "libcrypto does not hash")
        return digest
    }
}

/// The 32 bytes of a SHA-256.
package struct SHA256Digest: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// The hash, first byte first.
    package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Lends the bytes without copying them.
    package func withUnsafeBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        Swift.withUnsafeBytes(of: words, body)
    }

    fileprivate mutating func withUnsafeMutableBytes<Value>(
        _ body: (UnsafeMutableBufferPointer<UInt8>) -> Value
    ) -> Value {
        Swift.withUnsafeMutableBytes(of: &words) { $0.withMemoryRebound(to: UInt8.self, body) }
    }
}

/// A SHA-256 of bytes that come piece by piece.
package final class RunningSHA256 {
    private let context: OpaquePointer

    /// A hash of no bytes yet.
    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, SHA256.algorithm, nil) == 1 else {
            preconditionFailure("libcrypto has no memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes behind those so far.
    package func update(_ bytes: [UInt8]) {
        precondition(EVP_DigestUpdate(context, bytes, bytes.count) == 1, "libcrypto does not hash")
    }

    /// The hash of all bytes so far. Nothing can be added afterwards.
    package func finish() -> SHA256Digest {
        var digest = SHA256Digest()
        let status = digest.withUnsafeMutableBytes { EVP_DigestFinal_ex(context, $0.baseAddress, nil) }
        precondition(status == 1, "libcrypto does not hash")
        return digest
    }
}
