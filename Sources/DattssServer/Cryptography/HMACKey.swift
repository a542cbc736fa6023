import CCrypto

/// A secret with which messages are authenticated by HMAC-SHA256 (RFC 2104), computed by the system's libcrypto.
// It is only read: each message is authenticated by a copy of the context that has taken the key in.
final class HMACKey: @unchecked Sendable {
    private let context: OpaquePointer

    /// - Parameter secret: of any length; RFC 2104 asks for at least 32 bytes.
    init(_ secret: [UInt8]) {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil), let context = EVP_MAC_CTX_new(algorithm) else {
            preconditionFailure("libcrypto has no HMAC")
        }
        EVP_MAC_free(algorithm)
        self.context = context
        var digest = Array("SHA256".utf8CString)
        // A parameter keeps the pointers to its name and its value.
        let status = OSSL_MAC_PARAM_DIGEST.withCString { name in
            digest.withUnsafeMutableBufferPointer { digest in
                let parameters = [OSSL_PARAM_construct_utf8_string(name, digest.baseAddress, 0), OSSL_PARAM_construct_end()]
                return EVP_MAC_init(context, secret, secret.count, parameters)
            }
        }
        precondition(status == 1, "libcrypto has no HMAC-SHA256")
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// The 32 bytes that authenticate a message.
    func code(of message: [UInt8]) -> [UInt8] {
        guard let context = EVP_MAC_CTX_dup(context) else { preconditionFailure("libcrypto has no memory") }
        defer { EVP_MAC_CTX_free(context) }
        var count = 0
        let code = [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { code, initializedCount in
            let isDone =
                EVP_MAC_update(context, message, message.count) == 1
                && EVP_MAC_final(context, code.baseAddress, &count, code.count) == 1
            precondition(isDone && count == SHA256.byteCount, "libcrypto does not authenticate")
            initializedCount = count
        }
        return code
    }
}
