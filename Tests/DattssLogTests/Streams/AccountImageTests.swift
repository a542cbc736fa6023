import DattssCore
import Testing

@testable import DattssLog

/// Goal: out of the parts of its changes comes the same database, byte for byte, and out of a change that is not whole comes nothing.
@Suite("The image of the accounts")
struct AccountImageTests {
    private static let secret = [UInt8](repeating: 7, count: AccountChange.fingerprintBytes)

    /// Bytes that begin as a database of SQLite does.
    private func image(pages: Int, pageBytes: Int = 512, _ change: (inout [UInt8]) -> Void = { _ in }) throws -> AccountImage {
        var bytes = [UInt8](repeating: 1, count: pages * pageBytes)
        bytes.replaceSubrange(0..<16, with: Array("SQLite format 3\0".utf8))
        (bytes[16], bytes[17]) = (UInt8(pageBytes >> 8 & 255), UInt8(pageBytes & 255))
        change(&bytes)
        return try AccountImage(bytes)
    }

    private func apply(_ parts: [AccountChange], to reader: inout AccountImageReader) throws {
        for part in parts { try reader.take(try AccountChange(decoding: try part.encoded())) }
    }

    @Test("is the same after every change, grown, shrunk or of another page size")
    func changes() throws {
        let images = [
            try image(pages: 3), try image(pages: 3) { $0[1000] = 9 }, try image(pages: 7) { $0[3000] = 4 }, try image(pages: 2),
            try image(pages: 2, pageBytes: 1024), try image(pages: 5, pageBytes: 1024) { $0[40] = 2 },
        ]
        var reader = AccountImageReader()
        var former: AccountImage?
        for image in images {
            let parts = image.parts(since: former, fingerprint: Self.secret)
            #expect(parts.last?.isLast == true)
            try apply(parts, to: &reader)
            #expect(reader.image == image && reader.fingerprint == Self.secret)
            former = image
        }
    }

    @Test("takes only the pages that differ, and nothing where none does")
    func onlyDifferences() throws {
        let (first, second) = (try image(pages: 9), try image(pages: 9) { $0[2048] = 9 })
        #expect(second.parts(since: first, fingerprint: Self.secret).flatMap(\.pages).map(\.number) == [4])
        #expect(first.parts(since: first, fingerprint: Self.secret).isEmpty)
    }

    @Test("of many parts counts once the last one is there, and never when a claim came between")
    func parts() throws {
        let former = try image(pages: 100, pageBytes: 32_768)
        let next = try AccountImage(former.bytes.enumerated().map { $0.offset < 100 ? $0.element : $0.element &+ 1 })
        let parts = next.parts(since: former, fingerprint: Self.secret)
        #expect(parts.count > 1)
        var reader = AccountImageReader()
        try apply(former.parts(since: nil, fingerprint: Self.secret), to: &reader)
        try apply(parts.dropLast(), to: &reader)
        #expect(reader.image == former)
        var whole = reader
        try apply([parts[parts.count - 1]], to: &whole)
        #expect(whole.image == next)
        reader.takeClaim()
        #expect(reader.image == former)
        let small = try AccountImage(former.bytes.enumerated().map { $0.offset == 200 ? 8 : $0.element })
        try apply(small.parts(since: former, fingerprint: Self.secret), to: &reader)
        #expect(reader.image == small)
    }

    @Test("is damaged from a part that cannot be read on, until one begins anew")
    func damage() throws {
        let (first, second) = (try image(pages: 2), try image(pages: 2) { $0[600] = 2 })
        var reader = AccountImageReader()
        try apply(first.parts(since: nil, fingerprint: Self.secret), to: &reader)
        reader.takeUnreadable()
        try apply(second.parts(since: first, fingerprint: Self.secret), to: &reader)
        #expect(reader.isDamaged && reader.image == first)
        try apply(second.parts(since: nil, fingerprint: Self.secret), to: &reader)
        #expect(!reader.isDamaged && reader.image == second)
    }

    @Test(
        "is not made of what is none",
        arguments: [[], Array("SQLite format 3\0".utf8), [UInt8](repeating: 0, count: 1024)] as [[UInt8]])
    func refused(bytes: [UInt8]) { #expect(throws: LogError.self) { try AccountImage(bytes) } }

    @Test("no cut or changed byte of a part makes it crash or hold more than it may")
    func mutations() throws {
        let bytes = try image(pages: 3).parts(since: nil, fingerprint: Self.secret)[0].encoded()
        for end in 0..<bytes.count { _ = try? AccountChange(decoding: Array(bytes[..<end])) }
        for position in bytes.indices {
            for bit in [1, 0x80] as [UInt8] {
                var changed = bytes
                changed[position] ^= bit
                _ = try? AccountChange(decoding: changed)
            }
        }
        var trimmed = bytes
        trimmed[0] = 9
        #expect(throws: LogError.self) { try AccountChange(decoding: trimmed) }
    }
}
