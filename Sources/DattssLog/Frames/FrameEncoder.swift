internal import DattssCore

/// Turns raw payloads into frames: compresses, checksums and puts the header in front.
final class FrameEncoder {
    private let compressor: ZstdCompressor

    init(level: Int32) { compressor = ZstdCompressor(level: level) }

    struct Payload {
        var raw: [UInt8]
        /// See ``FrameHeader/recordCount``.
        var recordCount: Int
        /// See ``FrameHeader/hasNames``.
        var hasNames = false
    }

    /// Appends one frame and returns its header.
    func encode(
        _ payload: Payload, kind: FrameKind, lsn: LSN, part: Int = 1, parts: Int = 1, minute: Minute, through: LSN?,
        into writer: inout ByteWriter
    ) throws(LogError) -> FrameHeader {
        guard payload.raw.count <= FormatLimits.rawBytesMax else {
            throw LogError(
                .overLimit, expected: "a payload of at most \(FormatLimits.rawBytesMax) bytes",
                found: "\(payload.raw.count)")
        }
        guard let part = UInt16(exactly: part), let parts = UInt16(exactly: parts) else {
            throw LogError(.overLimit, expected: "at most \(UInt16.max) parts", found: "\(parts)")
        }
        let compressed = try compressor.compress(payload.raw)
        let header = FrameHeader(
            kind: kind, lsn: lsn, part: part, parts: parts, minute: minute, through: through,
            hasNames: payload.hasNames, recordCount: UInt32(payload.recordCount), rawLength: payload.raw.count,
            compressedLength: compressed.count, payloadChecksum: CRC32C.checksum(compressed))
        header.encode(into: &writer)
        writer.append(compressed)
        return header
    }
}
