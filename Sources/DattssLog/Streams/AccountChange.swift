internal import DattssCore

/// One part of a change of the accounts' database: the pages that are not what they were.
///
///     ┌─────────┬───────┬─────────────┬────────────┬───────────┬────────────┬─────────────────────────────────────┐
///     │ version │ flags │ fingerprint │ page bytes │ all pages │ raw length │ zstd of: (page number │ its bytes)… │
///     │ 1       │ 1     │ 16          │ varint     │ varint    │ varint     │ varint                               │
///     └─────────┴───────┴─────────────┴────────────┴───────────┴────────────┴─────────────────────────────────────┘
///     flags: 1 begins anew, with nothing before it; 2 is the last part, after which the database is whole
///
/// Pages, not statements: what a statement does depends on what it finds, and a page is the same everywhere. A message around it has a
/// checksum.
package struct AccountChange: Sendable, Hashable {
    /// Whether it begins anew: all pages follow.
    package var isWhole: Bool
    /// Whether the database is consistent after it.
    package var isLast: Bool
    /// What the secret is known by from which the keys of these accounts come.
    package var fingerprint: [UInt8]
    package var pageBytes: Int
    /// How many pages the database has after the change.
    package var pageCount: Int
    /// By their numbers, from 0 on.
    package var pages: [(number: Int, bytes: [UInt8])]

    package static let fingerprintBytes = 16
    package static let version: UInt8 = 1
    /// What a database may have.
    package static let imageBytesMax = 256 << 20
    private static let compressionLevel: Int32 = 3

    package static func == (a: AccountChange, b: AccountChange) -> Bool {
        a.isWhole == b.isWhole && a.isLast == b.isLast && a.fingerprint == b.fingerprint && a.pageBytes == b.pageBytes
            && a.pageCount == b.pageCount && a.pages.elementsEqual(b.pages) { $0.number == $1.number && $0.bytes == $1.bytes }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(pages.count) }

    package func encoded() throws(LogError) -> [UInt8] {
        precondition(fingerprint.count == Self.fingerprintBytes, "a fingerprint of another length")
        var raw = ByteWriter()
        for page in pages {
            raw.appendVarint(page.number)
            raw.append(page.bytes)
        }
        var writer = ByteWriter()
        writer.append(Self.version)
        writer.append(UInt8((isWhole ? 1 : 0) | (isLast ? 2 : 0)))
        writer.append(fingerprint)
        writer.appendVarint(pageBytes)
        writer.appendVarint(pageCount)
        writer.appendVarint(raw.bytes.count)
        writer.append(try ZstdCompressor(level: Self.compressionLevel).compress(raw.bytes))
        return writer.bytes
    }

    /// Reads a part out of bytes whose checksum was right.
    package init(decoding bytes: [UInt8]) throws(LogError) {
        var reader = ByteReader(bytes)
        try reader.expectVersion(Self.version)
        let flags = try reader.byte("flags")
        guard flags < 4 else { throw LogError(.malformed, expected: "flags of at most 3", found: "\(flags)") }
        (isWhole, isLast) = (flags & 1 != 0, flags & 2 != 0)
        fingerprint = []
        for _ in 0..<Self.fingerprintBytes { fingerprint.append(try reader.byte("fingerprint")) }
        let (pageBytes, pageCount) = (try reader.varint("page bytes"), try reader.varint("pages"))
        let rawLength = try reader.varint("raw length")
        guard 512...65_536 ~= pageBytes, pageCount <= UInt64(Self.imageBytesMax) / pageBytes, rawLength <= FormatLimits.rawBytesMax
        else {
            throw LogError(
                .overLimit, expected: "pages of 512 to 65536 bytes, \(Self.imageBytesMax) bytes in all",
                found: "\(pageCount) of \(pageBytes) bytes, \(rawLength) bytes here")
        }
        (self.pageBytes, self.pageCount, pages) = (Int(pageBytes), Int(pageCount), [])
        let raw = try ZstdDecompressor().decompress(reader.rest { Array($0) }, rawLength: Int(rawLength))
        var rest = ByteReader(raw)
        while !rest.isAtEnd {
            let number = try rest.varint("page")
            guard number < pageCount, rest.remaining >= self.pageBytes else {
                throw LogError(
                    .malformed, expected: "one of \(pageCount) pages with its bytes",
                    found: "page \(number), \(rest.remaining) bytes")
            }
            let start = raw.count - rest.remaining
            pages.append((Int(number), Array(raw[start..<start + self.pageBytes])))
            rest = ByteReader(raw, start + self.pageBytes..<raw.count)
        }
    }

    package init(
        isWhole: Bool, isLast: Bool, fingerprint: [UInt8], pageBytes: Int, pageCount: Int, pages: [(number: Int, bytes: [UInt8])]
    ) {
        (self.isWhole, self.isLast, self.fingerprint) = (isWhole, isLast, fingerprint)
        (self.pageBytes, self.pageCount, self.pages) = (pageBytes, pageCount, pages)
    }
}
