internal import DattssCore

/// Where a frame is.
package struct FrameLocation: Sendable, Hashable {
    /// The sequence in the name of the segment's file.
    package var segment: UInt64
    /// Where the frame's header begins.
    package var offset: Int
    package var header: FrameHeader

    var end: Int { offset + header.frameLength }

    /// The LSN of the first part of the block that this frame is a part of. Wraps around for a header that lies.
    var blockLSN: LSN { LSN(header.lsn.value &- UInt64(header.part - 1)) }
}

/// Reads payloads: checks the CRC of the compressed bytes, then decompresses.
///
/// Keeps the files open that it has read from. Owned by one reader.
final class PayloadReader {
    private let fileSystem: any FileSystem
    private let directory: String
    private let lane: Lane
    private let decompressor = ZstdDecompressor()
    private var open: (segment: UInt64, file: any File)?

    init(_ lane: Lane, fileSystem: any FileSystem, directory: String) {
        self.lane = lane
        self.fileSystem = fileSystem
        self.directory = directory
    }

    func path(of location: FrameLocation) -> String {
        LogLayout.path(of: lane, sequence: location.segment, in: directory)
    }

    func payload(of location: FrameLocation) throws(LogError) -> [UInt8] {
        let header = location.header
        do throws(LogError) {
            let file = try file(of: location.segment)
            let compressed = try logged { () throws(FileSystemError) in
                try file.bytes(at: location.offset + FrameHeader.byteCount, count: header.compressedLength)
            }
            guard compressed.count == header.compressedLength else {
                throw LogError(
                    .malformed, expected: "a payload of \(header.compressedLength) bytes", found: "\(compressed.count)")
            }
            let checksum = CRC32C.checksum(compressed)
            guard checksum == header.payloadChecksum else {
                throw LogError.checksum(of: "the payload", expected: header.payloadChecksum, found: checksum)
            }
            return try decompressor.decompress(compressed, rawLength: header.rawLength)
        } catch {
            throw error.at(path(of: location), location.offset)
        }
    }

    /// Lets a scan of one of the lane's segments go on.
    func read(_ scan: inout SegmentScan, to end: Int) throws(LogError) {
        try scan.read(try file(of: scan.sequence), to: end)
    }

    private func file(of segment: UInt64) throws(LogError) -> any File {
        if let open, open.segment == segment { return open.file }
        let path = LogLayout.path(of: lane, sequence: segment, in: directory)
        let file = try logged { () throws(FileSystemError) in try fileSystem.open(path, .reading) }
        open = (segment, file)
        return file
    }
}
