import Foundation
import Testing

@testable import DattssServer

@Suite("The proof of a server")
struct ServerProofTests {
    private static let secret = [UInt8](repeating: 7, count: AuthKeys.secretBytes)

    /// Goal: only somebody who has the secret can answer, only this challenge, and only for its own address.
    @Test("is of one secret, one challenge and one address")
    func binding() {
        let proof = ServerProof(AuthKeys(secret: Self.secret))
        let (challenge, url) = (ServerProof.newChallenge(), "http://127.0.0.1:3002")
        let answer = proof.answer(to: challenge, at: url)
        #expect(answer.utf8.count == 64)
        #expect(proof.isProven(answer, to: challenge, at: url))
        #expect(!proof.isProven(answer, to: challenge, at: "http://127.0.0.1:3003"))
        #expect(!proof.isProven(answer, to: ServerProof.newChallenge(), at: url))
        #expect(!proof.isProven("", to: challenge, at: url))
        let other = ServerProof(AuthKeys(secret: [UInt8](repeating: 8, count: AuthKeys.secretBytes)))
        #expect(!other.isProven(answer, to: challenge, at: url))
    }

    /// Goal: asking for proofs tells nobody a key: the code of a key is never a part of a proof.
    @Test("is no key")
    func separation() {
        let keys = AuthKeys(secret: Self.secret)
        let code = keys.key(of: .local, version: 1).split(separator: ".")[1]
        for challenge in ["dattss0key0local01", "local100000000000"] {
            #expect(!ServerProof(keys).answer(to: challenge, at: "dattss-key:local:1").hasPrefix(code))
        }
    }

    @Test("is only made of digits and small letters, so that a challenge cannot be an address")
    func challenges() {
        #expect(ServerProof.isChallenge(ServerProof.newChallenge()))
        #expect(ServerProof.newChallenge() != ServerProof.newChallenge())
        for text in [
            "", "abc", String(repeating: "a", count: 15), String(repeating: "a", count: 65), "0123456789abcde ", "0123456789ABCDEF",
        ] {
            #expect(!ServerProof.isChallenge(text), "\(text)")
        }
        #expect(
            ServerProof.isChallenge(String(repeating: "z", count: 16)) && ServerProof.isChallenge(String(repeating: "0", count: 64))
        )
    }

    @Test("of a folder without a secret there is none, and none is made")
    func missing() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-proof-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try ServerProof.ofFolder(folder) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
}
