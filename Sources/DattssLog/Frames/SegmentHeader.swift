package import DattssCore

/// The two lanes of the log. The raw value is the lane's code in a segment's header.
public enum Lane: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Batches as they were acknowledged, until the minutes made of them are safely written.
    case accepted = 1
    /// Minute blocks and checkpoints.
    case minutes = 2

    /// The lane's folder below the data folder.
    public var description: String {
        switch self {
        case .accepted: "accepted"
        case .minutes: "minutes"
        }
    }
}

/// How every segment begins. Little-endian, 40 bytes:
///
///      0        8         10     11   12         20          28        36
///     ┌────────┬─────────┬──────┬───┬──────────┬───────────┬─────────┬────────┐
///     │ magic  │ version │ lane │ 0 │ sequence │ first LSN │ UTC day │ CRC32C │
///     │ 8      │ 2       │ 1    │ 1 │ 8        │ 8         │ 8       │ 4      │
///     └────────┴─────────┴──────┴───┴──────────┴───────────┴─────────┴────────┘
///
/// The CRC is that of the 36 bytes before it. The day, in days since 1970-01-01, is 0 in the accepted lane.
///
/// The version says which frames may be in the segment, so that an older server does not take them for damaged.
public struct SegmentHeader: Sendable, Hashable {
    package var version: UInt16
    package var lane: Lane
    package var sequence: UInt64
    /// The LSN that the segment's first frame will have.
    package var firstLSN: LSN
    package var day: Int64

    /// The length of a header, in bytes.
    public static let byteCount = 40
    /// The only version that can be read, and the one that is written.
    public static let currentVersion: UInt16 = 1
    private static let magic = Array("DaTtSlog".utf8)
    private static let checkedRange = 0..<36

    package init(lane: Lane, sequence: UInt64, firstLSN: LSN, day: Int64, version: UInt16 = currentVersion) {
        self.version = version
        self.lane = lane
        self.sequence = sequence
        self.firstLSN = firstLSN
        self.day = day
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.append(Self.magic)
        writer.appendFixed(version)
        writer.append(lane.rawValue)
        writer.append(0)
        writer.appendFixed(sequence)
        writer.appendFixed(firstLSN.value)
        writer.appendFixed(day)
        writer.appendFixed(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// - Parameter bytes: at least as many as a header has, or the header is refused.
    package init(decoding bytes: [UInt8]) throws(LogError) {
        guard bytes.count >= Self.byteCount else {
            throw LogError(.malformed, expected: "a segment header of \(Self.byteCount) bytes", found: "\(bytes.count)")
        }
        var reader = ByteReader(bytes, 0..<Self.byteCount)
        guard Array(try reader.slice(8, "magic").rest) == Self.magic else {
            throw LogError(.malformed, expected: "the magic of a segment", found: "other bytes")
        }
        version = try reader.fixed(UInt16.self, "version")
        let lane = try reader.byte("lane")
        let reserved = try reader.byte("reserved")
        sequence = try reader.fixed(UInt64.self, "sequence")
        firstLSN = LSN(try reader.fixed(UInt64.self, "first LSN"))
        day = try reader.fixed(Int64.self, "day")
        let checksum = try reader.fixed(UInt32.self, "CRC")
        let computed = CRC32C.checksum(bytes, in: Self.checkedRange)
        guard checksum == computed else {
            throw .checksum(of: "the segment header", expected: checksum, found: computed)
        }
        let known = Lane(rawValue: lane)
        guard version == Self.currentVersion else {
            throw LogError(.unsupportedVersion, expected: "version \(Self.currentVersion)", found: "\(version)")
        }
        guard let known, reserved == 0, firstLSN.value <= FormatLimits.lsnMax else {
            throw LogError(.malformed, expected: "a lane and an LSN", found: "lane \(lane), LSN \(firstLSN.value)")
        }
        self.lane = known
    }
}

extension LogError {
    static func checksum(of what: String, expected: UInt32, found: UInt32) -> LogError {
        LogError(
            .checksumMismatch, expected: "the CRC32C 0x\(String(expected, radix: 16)) of \(what)",
            found: "0x\(String(found, radix: 16))")
    }
}
