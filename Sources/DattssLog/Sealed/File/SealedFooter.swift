package import DattssCore

/// What is known of a sealed file before anything of it is read: its last 84 bytes. Little-endian.
///
///      0        8         10     12      16    20    28        36        44       52       56
///     ┌────────┬─────────┬──────┬───────┬─────┬─────┬─────────┬─────────┬────────┬────────┬───────┐
///     │DaTtSend│ version │ step │ flags │ 0   │ UTC │ covered │ through │ points │ stati- │ users │
///     │        │         │      │       │     │ day │ LSN     │ LSN     │        │ stics  │       │
///     │ 8      │ 2       │ 2    │ 4     │ 4   │ 8   │ 8       │ 8       │ 8      │ 4      │ 4     │
///     └────────┴─────────┴──────┴───────┴─────┴─────┴─────────┴─────────┴────────┴────────┴───────┘
///      60          64          68             76       80
///     ┌───────────┬───────────┬──────────────┬────────┬────────┐
///     │ directory │ directory │ file length  │ 0      │ footer │
///     │ length    │ CRC32C    │              │        │ CRC32C │
///     │ 4         │ 4         │ 8            │ 4      │ 4      │
///     └───────────┴───────────┴──────────────┴────────┴────────┘
///
/// Footer and directory are there twice, with 512 zeros between the copies, so that no single bad sector takes a day:
///
///     … │ directory │ 512 zeros │ directory │ footer │ 512 zeros │ footer │ end
package struct SealedFooter: Sendable, Hashable {
    package var step: SealedStep
    /// Days since 1970-01-01, UTC.
    package var day: Int64
    /// Every frame of the minute lane that is of this day and whose own LSN is at most this one is contained, or
    /// was left out on purpose: readers ignore it.
    package var covered: LSN
    /// The accepted batches that the contained blocks cover: all up to this one, as far as they are of this day.
    package var through: LSN?
    /// Whether an earlier version of the file had damaged chunks, which are missing here.
    package var hasLosses = false
    package var points = 0
    package var statistics = 0
    package var users = 0
    package var directoryLength = 0
    package var directoryChecksum: UInt32 = 0
    /// The whole file's.
    package var byteCount = 0

    static let byteCount = 84
    static let magic = Array("DaTtSend".utf8)
    static let version: UInt16 = 1
    /// Between two copies: at least a sector.
    static let gapBytes = 512
    /// From the first copy of the footer to the end of the file.
    static let tailBytes = byteCount + gapBytes + byteCount
    static let directoryBytesMax = 64 << 20
    private static let throughFlag: UInt32 = 1
    private static let lossesFlag: UInt32 = 2

    /// Where the two copies of the directory begin.
    var directoryOffsets: [Int] {
        let second = byteCount - Self.tailBytes - directoryLength
        return [second - Self.gapBytes - directoryLength, second]
    }

    /// Where the chunks and their indexes end.
    var contentEnd: Int { directoryOffsets[0] }

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.append(Self.magic)
        writer.appendFixed(Self.version)
        writer.appendFixed(step.rawValue)
        writer.appendFixed((through == nil ? 0 : Self.throughFlag) | (hasLosses ? Self.lossesFlag : 0))
        writer.appendFixed(UInt32(0))
        writer.appendFixed(day)
        writer.appendFixed(covered.value)
        writer.appendFixed(through?.value ?? 0)
        writer.appendFixed(UInt64(points))
        writer.appendFixed(UInt32(statistics))
        writer.appendFixed(UInt32(users))
        writer.appendFixed(UInt32(directoryLength))
        writer.appendFixed(directoryChecksum)
        writer.appendFixed(UInt64(byteCount))
        writer.appendFixed(UInt32(0))
        writer.appendFixed(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }
}

extension SealedFooter {
    init(step: SealedStep, day: Int64, covered: LSN, through: LSN?) {
        self.step = step
        self.day = day
        self.covered = covered
        self.through = through
    }

    init(decoding bytes: [UInt8]) throws(LogError) {
        guard bytes.count == Self.byteCount, bytes.starts(with: Self.magic) else {
            throw LogError(.malformed, expected: "the footer of a sealed file", found: "other bytes")
        }
        let computed = CRC32C.checksum(bytes, in: 0..<Self.byteCount - 4)
        var reader = ByteReader(bytes)
        try reader.skip(Self.magic.count, "magic")
        let version = try reader.fixed(UInt16.self, "version")
        let step = SealedStep(rawValue: try reader.fixed(UInt16.self, "step"))
        let flags = try reader.fixed(UInt32.self, "flags")
        try reader.skip(4, "reserved")
        let day = try reader.fixed(Int64.self, "day")
        let covered = LSN(try reader.fixed(UInt64.self, "covered LSN"))
        let through = LSN(try reader.fixed(UInt64.self, "through LSN"))
        let points = try reader.fixed(UInt64.self, "points")
        let statistics = try reader.fixed(UInt32.self, "statistics")
        let users = try reader.fixed(UInt32.self, "users")
        let directoryLength = try reader.fixed(UInt32.self, "length of the directory")
        let directoryChecksum = try reader.fixed(UInt32.self, "CRC of the directory")
        let length = try reader.fixed(UInt64.self, "length of the file")
        try reader.skip(4, "reserved")
        let checksum = try reader.fixed(UInt32.self, "CRC of the footer")
        guard checksum == computed else {
            throw .checksum(of: "the footer", expected: checksum, found: computed)
        }
        guard version == Self.version, let step, flags & ~(Self.throughFlag | Self.lossesFlag) == 0 else {
            throw LogError(
                .unsupportedVersion, expected: "a sealed file of version \(Self.version)", found: "version \(version)")
        }
        let lengthMin = UInt64(SealedHeader.byteCount + Self.gapBytes + Self.tailBytes) + 2 * UInt64(directoryLength)
        guard covered.value <= FormatLimits.lsnMax, through.value <= FormatLimits.lsnMax,
            day.magnitude <= FormatLimits.minuteMagnitudeMax.magnitude / UInt64(Minute.perDay),
            directoryLength <= Self.directoryBytesMax, length >= lengthMin, length <= UInt64(Int64.max), points <= 1 << 56
        else {
            throw LogError(
                .overLimit, expected: "LSNs, a day and lengths within their limits",
                found: "covered \(covered.value), day \(day), directory \(directoryLength) of \(length) bytes")
        }
        self.init(step: step, day: day, covered: covered, through: flags & Self.throughFlag == 0 ? nil : through)
        hasLosses = flags & Self.lossesFlag != 0
        self.points = Int(points)
        self.statistics = Int(statistics)
        self.users = Int(users)
        self.directoryLength = Int(directoryLength)
        self.directoryChecksum = directoryChecksum
        byteCount = Int(length)
    }
}

/// How a sealed file begins. Nobody needs it to read the file: it tells what the file is, and which version wrote it.
///
///      0        8         10     12         20
///     ┌────────┬─────────┬──────┬──────────┬────────┐
///     │DaTtSsld│ version │ step │ UTC day  │ CRC32C │
///     │ 8      │ 2       │ 2    │ 8        │ 4      │
///     └────────┴─────────┴──────┴──────────┴────────┘
struct SealedHeader: Hashable {
    var version = SealedFooter.version
    var step: UInt16
    var day: Int64

    static let byteCount = 24
    static let magic = Array("DaTtSsld".utf8)

    init(_ step: SealedStep, day: Int64) {
        self.step = step.rawValue
        self.day = day
    }

    init(decoding bytes: [UInt8]) throws(LogError) {
        guard bytes.count == Self.byteCount, bytes.starts(with: Self.magic) else {
            throw LogError(.malformed, expected: "the header of a sealed file", found: "other bytes")
        }
        var reader = ByteReader(bytes)
        try reader.skip(Self.magic.count, "magic")
        version = try reader.fixed(UInt16.self, "version")
        step = try reader.fixed(UInt16.self, "step")
        day = try reader.fixed(Int64.self, "day")
        let checksum = try reader.fixed(UInt32.self, "CRC of the header")
        let computed = CRC32C.checksum(bytes, in: 0..<Self.byteCount - 4)
        guard checksum == computed else { throw .checksum(of: "the header", expected: checksum, found: computed) }
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.append(Self.magic)
        writer.appendFixed(version)
        writer.appendFixed(step)
        writer.appendFixed(day)
        writer.appendFixed(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }
}
