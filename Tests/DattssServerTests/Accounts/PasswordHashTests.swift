import Foundation
import Testing

@testable import DattssServer

@Suite("PasswordHash")
struct PasswordHashTests {
    private static let cheap = PasswordHash.Costs(rounds: 16, blockSize: 1, parallelism: 1)

    /// Goal: it is scrypt: the test vectors of RFC 7914, section 12 (but the last, which takes a gigabyte).
    @Test(
        "is scrypt",
        arguments: [
            (
                "", "", 16, 1, 1,
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
            ),
            (
                "password", "NaCl", 1024, 8, 16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
            ),
            (
                "pleaseletmein", "SodiumChloride", 16384, 8, 1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
            ),
        ])
    func vectors(_ password: String, _ salt: String, _ n: Int, _ r: Int, _ p: Int, _ expected: String) throws {
        let costs = PasswordHash.Costs(rounds: n, blockSize: r, parallelism: p)
        #expect(AuthKeys.hexadecimal(try PasswordHash.derive(password, Array(salt.utf8), costs, byteCount: 64)) == expected)
    }

    /// Goal: what is kept says how it was made, and verifies the password and no other.
    @Test("verifies its password, also after it was written down")
    func roundTrip() throws {
        let hash = try PasswordHash(of: "correct horse", costs: Self.cheap)
        let read = try #require(PasswordHash(hash.text))
        #expect(read == hash && hash.text.hasPrefix("scrypt$16$1$1$"))
        #expect(try read.matches("correct horse"))
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] { #expect(try !read.matches(wrong), "\(wrong)") }
        #expect(try PasswordHash(of: "correct horse", costs: Self.cheap).salt != hash.salt)
        #expect(PasswordHash.Costs.standard.rounds >= 1 << 15)
    }

    /// Goal: costs that would take the machine down are refused, and so is what is no hash.
    @Test(
        "refuses what is none",
        arguments: [
            "", "scrypt", "scrypt$16$1$1$00", "bcrypt$16$1$1$00$\(String(repeating: "00", count: 32))",
            "scrypt$15$1$1$00$\(String(repeating: "00", count: 32))",
            "scrypt$1073741824$8$1$00$\(String(repeating: "00", count: 32))",
            "scrypt$16$0$1$00$\(String(repeating: "00", count: 32))", "scrypt$16$1$1$0x$\(String(repeating: "00", count: 32))",
        ])
    func refuses(_ text: String) { #expect(PasswordHash(text) == nil) }

    /// Goal: nobody's password is never right, and is tried all the same.
    @Test("of nobody is never right")
    func nobody() async throws {
        let work = PasswordWork(costs: Self.cheap)
        #expect(try await !work.matches("whatever", nil))
        let hash = try await work.hash("correct horse")
        #expect(try await work.matches("correct horse", hash))
    }

    /// Goal: with more than can be worked out soon, the rest is told to come again, and the first are still answered.
    @Test("is not worked out for more than can wait")
    func busy() async throws {
        let slow = PasswordHash.Costs(rounds: 1 << 12, blockSize: 8, parallelism: 1)
        let work = PasswordWork(costs: slow, threads: 1)
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 { group.addTask { (try? await work.matches("x", nil)) != nil } }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        let answered = outcomes.filter { $0 }.count
        #expect(answered >= 32 && answered < 64)
        #expect(try await !work.matches("x", nil))
    }

    /// Goal: a server that ends does not wait for passwords of those whose connections it has closed.
    @Test("for somebody who has gone is not done")
    func gone() async throws {
        let work = PasswordWork(costs: Self.cheap)
        await #expect(throws: PasswordWork.Busy.self) { try await work.matches("x", nil, isWanted: { false }) }
        #expect(try await !work.matches("x", nil))
    }
}
