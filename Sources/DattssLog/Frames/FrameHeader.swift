package import DattssCore

/// What a frame holds. The raw value is its code in the file.
package enum FrameKind: UInt8, Sendable, Hashable, CaseIterable {
    case accepted = 1
    case minutes = 2
    case checkpoint = 3

    package var lane: Lane { self == .accepted ? .accepted : .minutes }
}

/// How every frame begins; its payload, one zstd frame, follows at once. Little-endian, 56 bytes:
///
///      0       4      5       6      8       10  12      16    24       32        40     44      48       52
///     ┌───────┬──────┬───────┬──────┬───────┬───┬───────┬─────┬────────┬─────────┬──────┬───────┬────────┬────────┐
///     │ magic │ kind │ flags │ part │ parts │ 0 │ count │ LSN │ minute │ through │ raw  │ compr.│ payload│ header │
///     │       │      │       │ k    │ of n  │   │       │     │        │         │ bytes│ bytes │ CRC32C │ CRC32C │
///     │ 4     │ 1    │ 1     │ 2    │ 2     │ 2 │ 4     │ 8   │ 8      │ 8       │ 4    │ 4     │ 4      │ 4      │
///     └───────┴──────┴───────┴──────┴───────┴───┴───────┴─────┴────────┴─────────┴──────┴───────┴────────┴────────┘
///
/// The header's CRC is that of the 52 bytes before it. With it a reader that has lost its way finds the next frame:
/// nothing else has both the magic and the right CRC. It also vouches for the lengths, so that a damaged payload is
/// skipped exactly. `flags` bit 0 says that `through` is there, bit 1 that the payload has names, which later frames of
/// the segment rely upon. The LSN of an accepted frame is that of its first record; a frame of the other lane has a
/// number of that lane's own, and the parts of a block consecutive ones.
public struct FrameHeader: Sendable, Hashable {
    package var kind: FrameKind
    package var lsn: LSN
    /// From 1 to `parts`.
    package var part: UInt16
    package var parts: UInt16
    package var minute: Minute
    /// A block's or checkpoint's: all accepted batches up to this one are contained.
    package var through: LSN?
    /// Whether a minute block's part brings names along: so that a reader of the segment's names finds them without
    /// looking into every payload.
    package var hasNames: Bool
    /// Records in an accepted frame, statistics in a part of a block or checkpoint.
    package var recordCount: UInt32
    /// The length of the payload before it was compressed, in bytes.
    public var rawLength: Int
    package var compressedLength: Int
    package var payloadChecksum: UInt32

    /// The length of a header, in bytes.
    public static let byteCount = 56
    package static let magic: [UInt8] = [0xD7, 0x46, 0x52, 0xA9]
    private static let checkedRange = 0..<52
    private static let throughFlag: UInt8 = 1
    private static let namesFlag: UInt8 = 2

    package init(
        kind: FrameKind, lsn: LSN, part: UInt16 = 1, parts: UInt16 = 1, minute: Minute, through: LSN?,
        hasNames: Bool = false, recordCount: UInt32, rawLength: Int, compressedLength: Int, payloadChecksum: UInt32
    ) {
        self.kind = kind
        self.lsn = lsn
        self.part = part
        self.parts = parts
        self.minute = minute
        self.through = through
        self.hasNames = hasNames
        self.recordCount = recordCount
        self.rawLength = rawLength
        self.compressedLength = compressedLength
        self.payloadChecksum = payloadChecksum
    }

    /// Header and payload.
    public var frameLength: Int { Self.byteCount + compressedLength }

    package func encode(into writer: inout ByteWriter) {
        var header = ByteWriter(capacity: Self.byteCount)
        header.append(Self.magic)
        header.append(kind.rawValue)
        header.append((through == nil ? 0 : Self.throughFlag) | (hasNames ? Self.namesFlag : 0))
        header.appendFixed(part)
        header.appendFixed(parts)
        header.appendFixed(UInt16(0))
        header.appendFixed(recordCount)
        header.appendFixed(lsn.value)
        header.appendFixed(minute.index)
        header.appendFixed(through?.value ?? 0)
        header.appendFixed(UInt32(rawLength))
        header.appendFixed(UInt32(compressedLength))
        header.appendFixed(payloadChecksum)
        header.appendFixed(CRC32C.checksum(header.bytes))
        writer.append(header)
    }

    /// Whether the magic is at `offset`; says nothing about the rest.
    package static func isMagic(_ bytes: [UInt8], at offset: Int) -> Bool {
        bytes.count - offset >= 4 && bytes[offset] == magic[0] && bytes[offset + 1] == magic[1]
            && bytes[offset + 2] == magic[2] && bytes[offset + 3] == magic[3]
    }
}

extension FrameHeader {
    /// Reads a header out of bytes that nobody vouches for.
    /// - Throws: ``LogError`` when there are too few bytes, the checksum is wrong or a field is beyond its bounds.
    public init(decoding bytes: [UInt8], at offset: Int = 0) throws(LogError) {
        guard bytes.count - offset >= Self.byteCount else {
            throw LogError(
                .malformed, expected: "a frame header of \(Self.byteCount) bytes", found: "\(bytes.count - offset)")
        }
        guard Self.isMagic(bytes, at: offset) else {
            throw LogError(.malformed, expected: "the magic of a frame", found: "other bytes")
        }
        var reader = ByteReader(bytes, offset..<offset + Self.byteCount)
        try reader.skip(4, "magic")
        let kind = try reader.byte("kind")
        let flags = try reader.byte("flags")
        part = try reader.fixed(UInt16.self, "part")
        parts = try reader.fixed(UInt16.self, "parts")
        let reserved = try reader.fixed(UInt16.self, "reserved")
        recordCount = try reader.fixed(UInt32.self, "count")
        lsn = LSN(try reader.fixed(UInt64.self, "LSN"))
        minute = Minute(try reader.fixed(Int64.self, "minute"))
        let through = LSN(try reader.fixed(UInt64.self, "through"))
        rawLength = Int(try reader.fixed(UInt32.self, "raw length"))
        compressedLength = Int(try reader.fixed(UInt32.self, "compressed length"))
        payloadChecksum = try reader.fixed(UInt32.self, "payload CRC")
        let checksum = try reader.fixed(UInt32.self, "header CRC")
        let range = offset + Self.checkedRange.lowerBound..<offset + Self.checkedRange.upperBound
        let computed = CRC32C.checksum(bytes, in: range)
        guard checksum == computed else {
            throw .checksum(of: "the frame header", expected: checksum, found: computed)
        }
        hasNames = flags & Self.namesFlag != 0
        guard let known = FrameKind(rawValue: kind), flags & ~(Self.throughFlag | Self.namesFlag) == 0, reserved == 0,
            known == .minutes || !hasNames
        else {
            throw LogError(
                .unsupportedVersion, expected: "a kind and its flags", found: "kind \(kind), flags \(flags)")
        }
        self.kind = known
        self.through = flags & Self.throughFlag == 0 ? nil : through
        try checkLimits()
    }

    /// A right CRC says that these are the bytes that were written, not that a sane writer wrote them.
    private func checkLimits() throws(LogError) {
        guard rawLength <= FormatLimits.rawBytesMax, compressedLength <= FormatLimits.compressedBytesMax else {
            throw LogError(
                .overLimit, expected: "at most \(FormatLimits.rawBytesMax) raw bytes",
                found: "\(rawLength), compressed \(compressedLength)")
        }
        guard lsn.value <= FormatLimits.lsnMax, (through?.value ?? 0) <= FormatLimits.lsnMax,
            Int(recordCount) <= FormatLimits.rawBytesMax, part >= 1, part <= parts,
            minute.index.magnitude <= FormatLimits.minuteMagnitudeMax.magnitude
        else {
            throw LogError(
                .overLimit, expected: "an LSN, a minute, a count and part k of n within their limits",
                found: "LSN \(lsn.value), minute \(minute.index), count \(recordCount), part \(part) of \(parts)")
        }
    }
}
