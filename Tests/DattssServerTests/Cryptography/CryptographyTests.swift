import Testing

@testable import DattssServer

/// Goal: what libcrypto computes for us is what the standards say: of this depend kept passwords, keys and digests.
@Suite struct CryptographyTests {
    /// FIPS 180-4's examples, as NIST publishes them, and the empty message.
    @Test(
        "a hash is SHA-256",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func sha256(_ message: String, _ expected: String) {
        let message = Array(message.utf8)
        #expect(AuthKeys.hexadecimal(SHA256.hash(message).bytes) == expected)
        let running = RunningSHA256()
        for start in stride(from: 0, to: message.count, by: 67) {
            running.update(Array(message[start..<min(start + 67, message.count)]))
        }
        #expect(AuthKeys.hexadecimal(running.finish().bytes) == expected)
    }

    /// RFC 4231, section 4: test cases 1 to 7.
    @Test(
        "a code is HMAC-SHA256",
        arguments: [
            (bytes(0x0b, 20), text("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                text("Jefe"), text("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (bytes(0xaa, 20), bytes(0xdd, 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (Array(1...25), bytes(0xcd, 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
            (bytes(0x0c, 20), text("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"),
            (
                bytes(0xaa, 131), text("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
            (
                bytes(0xaa, 131),
                text(
                    "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
                        + "before being used by the HMAC algorithm."),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
            ),
        ])
    func hmac(_ secret: [UInt8], _ message: [UInt8], _ expected: String) {
        let key = HMACKey(secret)
        // A key authenticates as often as it is asked to.
        for _ in 0..<2 { #expect(AuthKeys.hexadecimal(key.code(of: message)).hasPrefix(expected)) }
    }

    /// Goal: one key is shared by all threads, and each gets the codes of its own messages.
    @Test("many threads share a key")
    func sharing() async {
        let key = HMACKey([UInt8](repeating: 0xAB, count: 32))
        let messages = (0..<64).map { Array("message \($0)".utf8) }
        let alone = messages.map { key.code(of: $0) }
        await withTaskGroup(of: Bool.self) { group in
            for number in messages.indices {
                group.addTask { (0..<200).allSatisfy { _ in key.code(of: messages[number]) == alone[number] } }
            }
            for await isRight in group { #expect(isRight) }
        }
        #expect(Set(alone).count == messages.count)
    }

    /// Goal: costs beyond what is allowed are an error and no end of the program.
    @Test("what scrypt cannot do is thrown")
    func scrypt() {
        let costs = PasswordHash.Costs(rounds: 3, blockSize: 8, parallelism: 1)
        #expect(throws: ScryptError.self) { try Scrypt.key("password", salt: [1, 2, 3], costs: costs, byteCount: 32) }
    }
}

private func bytes(_ byte: UInt8, _ count: Int) -> [UInt8] { [UInt8](repeating: byte, count: count) }
private func text(_ text: String) -> [UInt8] { Array(text.utf8) }
