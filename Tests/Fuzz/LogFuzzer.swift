import DattssCore

// The parts of a sealed file are reached past the checksums above them.
@testable import DattssLog

/// A libFuzzer target over every decoder of the log, built by `scripts/fuzz` and no part of the package.
///
///     input:  which decoder (1) │ what it reads
///
/// Each input is decoded or refused with a `LogError`; a trap is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let choice = input.first else { return 0 }
    let decoder = LogDecoder.allCases[Int(choice) % LogDecoder.allCases.count]
    // Being refused is as good as being decoded.
    try? decoder.decode(Array(input.dropFirst()))
    return 0
}

enum LogDecoder: CaseIterable {
    case batch, acceptedPayload, block, checkpoint, chunk, sealedDirectory, sealedIndex, sealedActivity, zstd
    case sealedFooter, frameHeader, segmentHeader

    func decode(_ bytes: [UInt8]) throws(LogError) {
        switch self {
        case .batch: _ = try BatchCodec.decode(bytes)
        case .acceptedPayload: try AcceptedPayload.decode(bytes, header: Self.header) { _ in }
        case .block:
            var names = NameTable()
            names.add(try BlockPartReader.names(in: bytes))
            let part = try BlockPartReader(bytes, names)
            for id in 0..<min(3, part.idCount) { _ = try part.aggregate(of: id) }
            _ = try part.users()
        case .checkpoint: _ = try CheckpointCodec.decode(bytes)
        case .chunk: _ = try ChunkCodec.decode(bytes, origin: Minute(29_921_760))
        case .sealedDirectory: _ = try SealedDirectory(decoding: bytes, contentEnd: 1 << 20)
        case .sealedIndex: _ = try SealedIndex.decode(bytes, .minute, end: 1 << 20)
        case .sealedActivity: _ = try SealedActivity(decoding: bytes, .minute)
        case .zstd: _ = try ZstdDecompressor().decompress(bytes, rawLength: 100)
        case .sealedFooter: _ = try SealedFooter(decoding: Self.checked(bytes, at: SealedFooter.byteCount - 4))
        case .frameHeader: _ = try FrameHeader(decoding: Self.checked(bytes, at: FrameHeader.byteCount - 4))
        case .segmentHeader: _ = try SegmentHeader(decoding: Self.checked(bytes, at: SegmentHeader.byteCount - 4))
        }
    }

    private static let header = FrameHeader(
        kind: .accepted, lsn: LSN(5), minute: Minute(29_921_760), through: nil, recordCount: 2, rawLength: 0, compressedLength: 0,
        payloadChecksum: 0)

    /// With the right CRC of what comes before it: no fuzzer finds that by itself.
    private static func checked(_ bytes: [UInt8], at offset: Int) -> [UInt8] {
        guard bytes.count >= offset else { return bytes }
        var writer = ByteWriter()
        writer.append(Array(bytes[..<offset]))
        writer.appendFixed(CRC32C.checksum(Array(bytes[..<offset])))
        return writer.bytes
    }
}
