import DattssCore
import DattssLog
import DattssTestSupport
import Testing

private let publishedChecksums: [([UInt8], UInt32)] = [
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    ([UInt8](0..<32), 0x46DD_794E),
    ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
    ([UInt8]("123456789".utf8), 0xE306_9283),
    ([], 0),
]

/// Goal: the building blocks of the format are the published ones, and lose nothing.
@Suite struct FormatTests {
    @Test("CRC32C has the values of RFC 3720, appendix B.4", arguments: publishedChecksums)
    func checksum(bytes: [UInt8], expected: UInt32) {
        #expect(CRC32C.checksum(bytes) == expected)
        #expect(CRC32C.checksum([1, 2, 3] + bytes + [4], in: 3..<3 + bytes.count) == expected)
    }

    @Test("CRC32C is the bit-by-bit definition at every length and alignment")
    func checksumOracle() {
        var random = SeededGenerator(seed: 1)
        let bytes = (0..<80).map { _ in UInt8.random(in: 0...255, using: &random) }
        for start in 0..<9 {
            for end in start...bytes.count {
                var crc: UInt32 = .max
                for byte in bytes[start..<end] {
                    crc ^= UInt32(byte)
                    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
                }
                #expect(CRC32C.checksum(bytes, in: start..<end) == ~crc)
            }
        }
    }

    @Test("varints, zigzag and fixed widths come back as they went, at every power of two")
    func integers() throws {
        var writer = ByteWriter()
        var values: [UInt64] = [0, .max]
        for shift in 0..<64 { values += [1 << shift, (1 << shift) - 1, ~(1 << shift)] }
        for value in values {
            writer.appendVarint(value)
            writer.appendZigzag(Int64(bitPattern: value))
            writer.appendFixed(value)
        }
        var reader = ByteReader(writer.bytes)
        for value in values {
            #expect(try reader.varint("v") == value)
            #expect(try reader.zigzag("z") == Int64(bitPattern: value))
            #expect(try reader.fixed(UInt64.self, "f") == value)
        }
        #expect(reader.isAtEnd)
    }

    @Test("a varint of more than 64 bits is refused")
    func longVarint() {
        for bytes in [[UInt8](repeating: 0x80, count: 11), [UInt8](repeating: 0xFF, count: 9) + [2]] {
            var reader = ByteReader(bytes)
            #expect(throws: LogError.self) { try reader.varint("v") }
        }
    }

    @Test("zstd gives back what it was given, and refuses another size before it allocates")
    func zstd() throws {
        let (compressor, decompressor) = (ZstdCompressor(level: 3), ZstdDecompressor())
        for bytes in [[], [1], [UInt8](repeating: 7, count: 100_000)] {
            let compressed = try compressor.compress(bytes)
            #expect(try decompressor.decompress(compressed, rawLength: bytes.count) == bytes)
            #expect(throws: LogError.self) { try decompressor.decompress(compressed, rawLength: bytes.count + 1) }
        }
        let bomb = try compressor.compress([UInt8](repeating: 0, count: FormatLimits.rawBytesMax + 1))
        let error = #expect(throws: LogError.self) {
            try decompressor.decompress(bomb, rawLength: FormatLimits.rawBytesMax + 1)
        }
        #expect(error?.code == .overLimit)
    }

    @Test("headers come back as they went, and every flipped bit is noticed")
    func headers() throws {
        let segment = SegmentHeader(lane: .minutes, sequence: 7, firstLSN: LSN(99), day: -3)
        #expect(segment.version == 1)
        #expect(segment.encoded.count == SegmentHeader.byteCount)
        #expect(try SegmentHeader(decoding: segment.encoded) == segment)
        let frame = FrameHeader(
            kind: .minutes, lsn: LSN(1 << 40), part: 2, parts: 3, minute: Minute(-5), through: LSN(12),
            hasNames: true, recordCount: 1000, rawLength: 4321, compressedLength: 1234, payloadChecksum: 0xDEAD_BEEF)
        var writer = ByteWriter()
        frame.encode(into: &writer)
        #expect(writer.count == FrameHeader.byteCount)
        #expect(try FrameHeader(decoding: writer.bytes) == frame)
        for bit in 0..<writer.count * 8 {
            var bytes = writer.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: LogError.self) { try FrameHeader(decoding: bytes) }
        }
        for bit in 0..<segment.encoded.count * 8 {
            var bytes = segment.encoded
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: LogError.self) { try SegmentHeader(decoding: bytes) }
        }
    }

    @Test("a header with a right CRC but lengths beyond the caps is refused")
    func caps() throws {
        let sane = FrameHeader(
            kind: .accepted, lsn: LSN(1), minute: Minute(0), through: nil, recordCount: 1, rawLength: 1,
            compressedLength: 1, payloadChecksum: 0)
        let changes: [(inout FrameHeader) -> Void] = [
            { $0.rawLength = FormatLimits.rawBytesMax + 1 },
            { $0.compressedLength = FormatLimits.compressedBytesMax + 1 },
            { $0.lsn = LSN(.max) },
            { $0.through = LSN(.max) },
            { $0.minute = Minute(.max) },
            { $0.recordCount = .max },
            { $0.part = 0 },
            { $0.part = 2 },
        ]
        for change in changes {
            var header = sane
            change(&header)
            var writer = ByteWriter()
            header.encode(into: &writer)
            let error = #expect(throws: LogError.self) { try FrameHeader(decoding: writer.bytes) }
            #expect(error?.code == .overLimit)
        }
    }

    @Test("only minute blocks have names")
    func names() {
        for kind in FrameKind.allCases {
            let header = FrameHeader(
                kind: kind, lsn: LSN(1), minute: Minute(0), through: nil, hasNames: true, recordCount: 1, rawLength: 1,
                compressedLength: 1, payloadChecksum: 0)
            var writer = ByteWriter()
            header.encode(into: &writer)
            #expect(((try? FrameHeader(decoding: writer.bytes)) != nil) == (kind == .minutes))
        }
    }

    @Test("a segment of a later version is told from a damaged one")
    func laterVersion() throws {
        var bytes = Array(SegmentHeader(lane: .accepted, sequence: 1, firstLSN: LSN(1), day: 0).encoded.prefix(36))
        bytes[8] = 3
        var writer = ByteWriter()
        writer.append(bytes)
        writer.appendFixed(CRC32C.checksum(bytes))
        let error = #expect(throws: LogError.self) { try SegmentHeader(decoding: writer.bytes) }
        #expect(error?.code == .unsupportedVersion)
    }
}
