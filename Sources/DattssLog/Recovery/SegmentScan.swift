internal import DattssCore

/// What the headers of one segment say; no payload is read.
///
/// Frames follow each other, so a scan jumps from header to header. Where there is no readable one, it searches: the
/// next place at which both the magic and the CRC of a header are right is taken for a frame. The bytes between are
/// reported and never looked at again. At the end there may be the beginning of a frame, which a crash cut off: torn.
struct SegmentScan {
    let sequence: UInt64
    let path: String
    private let lane: Lane
    /// How much of the file was looked at.
    private(set) var size = 0
    private(set) var header: SegmentHeader?
    private(set) var frames: [FrameLocation] = []
    private(set) var findings: [Finding] = []
    /// Where the torn tail begins, when there is one.
    private(set) var tornOffset: Int?
    /// The highest that the header of an unreadable frame names: it is not given out again.
    private(set) var lostLSN = LSN.zero
    /// What the next frame has; nil once anything was found that is not where it was written.
    private var expectedLSN: LSN?

    /// The scan of a whole segment.
    init(_ lane: Lane, sequence: UInt64, directory: String, _ fileSystem: any FileSystem) throws(LogError) {
        self.init(lane, sequence: sequence, path: LogLayout.path(of: lane, sequence: sequence, in: directory))
        let path = path
        let file = try logged { () throws(FileSystemError) in try fileSystem.open(path, .reading) }
        try read(file, to: try logged { () throws(FileSystemError) in try file.size() })
    }

    /// A scan that has not begun.
    init(_ lane: Lane, sequence: UInt64, path: String) {
        self.lane = lane
        self.sequence = sequence
        self.path = path
    }

    /// Goes on where it stands.
    /// - Parameter size: that of the file, or where a frame of it ends.
    mutating func read(_ file: any File, to size: Int) throws(LogError) {
        let scanner = HeaderScanner(file: file, size: size)
        var offset: Int? = self.size
        self.size = size
        if offset == 0 { offset = try readHeader(scanner) }
        while let from = offset, from < size { offset = try readFrame(at: from, scanner) }
    }

    /// Forgets the frames found so far.
    mutating func removeFrames() { frames = [] }

    /// Where frames begin; nil when there can be none.
    private mutating func readHeader(_ scanner: HeaderScanner) throws(LogError) -> Int? {
        guard size >= SegmentHeader.byteCount else {
            // Created, and then not even its header was written: nothing is lost, there was nothing.
            if size > 0 { tear(at: 0, "\(size) bytes of a segment header") }
            return nil
        }
        do throws(LogError) {
            let header = try SegmentHeader(decoding: try scanner.bytes(at: 0, count: SegmentHeader.byteCount))
            guard header.lane == lane else {
                throw LogError(.malformed, expected: "the \(lane) lane", found: "\(header.lane)")
            }
            self.header = header
            if header.sequence == sequence { expectedLSN = header.firstLSN }
            return SegmentHeader.byteCount
        } catch {
            // A later version's frames mean something else: a server that does not know them must not start.
            if error.code == .unsupportedVersion || error.code == .fileSystem { throw error.at(path, 0) }
            let next = try scanner.nextFrame(from: 0) ?? size
            findings.append(
                Finding(.corruptSegmentHeader, file: path, offset: 0, bytes: next, problem: error.description))
            return next
        }
    }

    /// The end of the frame at `offset`, or of what is not one.
    private mutating func readFrame(at offset: Int, _ scanner: HeaderScanner) throws(LogError) -> Int? {
        let problem: LogError
        do throws(LogError) {
            let header = try scanner.header(at: offset)
            let location = FrameLocation(segment: sequence, offset: offset, header: header)
            // The header's CRC vouches for its length only where the frame was written: a sector that was written to the
            // wrong place brings headers, too. So past the first gap a frame has to show its payload.
            if header.lsn != expectedLSN { expectedLSN = nil }
            var isWhole = location.end <= size
            if isWhole, expectedLSN == nil { isWhole = try scanner.isPayloadWhole(of: location) }
            if header.kind.lane != lane {
                problem = LogError(.malformed, expected: "a frame of the \(lane) lane", found: "\(header.kind)")
            } else if isWhole {
                frames.append(location)
                if expectedLSN != nil { expectedLSN = header.lastLSN.advanced(by: 1) }
                return location.end
            } else {
                problem = LogError(
                    .malformed, expected: "\(header.frameLength) bytes of a frame", found: "\(size - offset), or others")
                // The file ends in the middle of this frame.
                if expectedLSN != nil {
                    tear(at: offset, problem.description)
                    return nil
                }
                lostLSN = max(lostLSN, header.lastLSN)
            }
        } catch {
            if error.code == .fileSystem { throw error.at(path, offset) }
            problem = error
        }
        expectedLSN = nil
        let next = try scanner.nextFrame(from: offset + 1)
        if next == nil, try isTornHeader(at: offset, scanner) {
            tear(at: offset, problem.description)
            return nil
        }
        findings.append(
            Finding(
                .corruptFrame, file: path, offset: offset, bytes: (next ?? size) - offset,
                problem: problem.description))
        return next
    }

    /// Whether a crash could have left these last bytes: too few for a header, or pages that were never written.
    private func isTornHeader(at offset: Int, _ scanner: HeaderScanner) throws(LogError) -> Bool {
        // Not with `||`: its closure would not keep the type of the error.
        if size - offset < FrameHeader.byteCount { return true }
        return try scanner.isZero(from: offset)
    }

    private mutating func tear(at offset: Int, _ problem: String) {
        tornOffset = offset
        findings.append(
            Finding(.tornTail, file: path, offset: offset, bytes: size - offset, problem: problem))
    }
}

/// Finds frame headers in a file, reading it in chunks. Owned by one reader.
final class HeaderScanner {
    private let file: any File
    private let size: Int
    /// What was read around the last header: small frames have several headers in it.
    private var near: (offset: Int, bytes: [UInt8]) = (0, [])

    private static let nearBytes = 4 << 10
    private static let chunkBytes = 64 << 10

    init(file: any File, size: Int) {
        self.file = file
        self.size = size
    }

    func bytes(at offset: Int, count: Int) throws(LogError) -> [UInt8] {
        try logged { () throws(FileSystemError) in try file.bytes(at: offset, count: max(0, min(count, size - offset))) }
    }

    func header(at offset: Int) throws(LogError) -> FrameHeader {
        if offset < near.offset || offset + FrameHeader.byteCount > near.offset + near.bytes.count {
            near = (offset, try bytes(at: offset, count: Self.nearBytes))
        }
        return try FrameHeader(decoding: near.bytes, at: offset - near.offset)
    }

    func isPayloadWhole(of frame: FrameLocation) throws(LogError) -> Bool {
        let payload = try bytes(at: frame.offset + FrameHeader.byteCount, count: frame.header.compressedLength)
        return CRC32C.checksum(payload) == frame.header.payloadChecksum
    }

    /// The first place from `start` on with a readable header.
    func nextFrame(from start: Int) throws(LogError) -> Int? {
        var offset = start
        while size - offset >= FrameHeader.byteCount {
            let chunk = try bytes(at: offset, count: Self.chunkBytes)
            for position in 0..<max(0, chunk.count - FrameHeader.byteCount + 1)
            where FrameHeader.isMagic(chunk, at: position) {
                if (try? FrameHeader(decoding: chunk, at: position)) != nil { return offset + position }
            }
            // The next chunk begins where a header would not have fitted into this one.
            offset += max(1, chunk.count - FrameHeader.byteCount + 1)
        }
        return nil
    }

    func isZero(from start: Int) throws(LogError) -> Bool {
        var offset = start
        while offset < size {
            let chunk = try bytes(at: offset, count: Self.chunkBytes)
            guard !chunk.isEmpty, chunk.allSatisfy({ $0 == 0 }) else { return false }
            offset += chunk.count
        }
        return true
    }
}
