internal import DattssCore

/// Copies what can be read of one lane, segment by segment, frame by frame.
///
///     source   │header│ frame │ frame ▒▒▒▒│ frame │▒▒▒▒▒▒│ frame │ torn
///     target   │header│ frame │ frame │ frame │                             … and ▒▒▒▒ to the quarantine
///
/// Frames are copied as they are: they keep their LSNs, to which checkpoints and sealed files refer. Whether a frame is
/// good is only known from reading all of the copy, because a block may need names that a lost frame brought, and parts
/// that lie elsewhere: so what cannot be read *in the copy* is left out, and the copy made again, until all of it reads.
struct LaneRepair {
    private let scan: LaneScan
    private let source: any FileSystem
    private let target: any FileSystem
    private let directory: String
    /// The frames that are kept of each segment, in the order of the file.
    private(set) var kept: [[FrameLocation]]
    private var problems: [FrameLocation: String] = [:]

    /// - Parameters:
    ///   - source: reads the damaged folder.
    ///   - target: writes the copy into `directory`.
    init(
        _ lane: Lane, of damaged: String, _ source: any FileSystem, to directory: String, _ target: any FileSystem
    ) throws(LogError) {
        scan = try LaneScan(lane, directory: damaged, source)
        kept = scan.segments.map(\.frames)
        self.source = source
        self.target = target
        self.directory = directory
    }

    mutating func run(_ quarantine: QuarantineFolder) throws(LogError) {
        guard !scan.segments.isEmpty else { return }
        try logged { () throws(FileSystemError) in
            try target.createDirectories(LogLayout.folder(of: scan.lane, in: directory), isSynced: true)
        }
        repeat {
            dropIncompleteBlocks()
            for index in scan.segments.indices { try write(index) }
        } while try dropUnreadable()
        try logged { () throws(FileSystemError) in
            try target.syncDirectory(LogLayout.folder(of: scan.lane, in: directory))
        }
        for index in scan.segments.indices { try quarantineRest(of: index, quarantine) }
    }

    /// Parts of which others are missing are of no use to anybody.
    private mutating func dropIncompleteBlocks() {
        guard scan.lane == .minutes else { return }
        while true {
            let frames = kept.joined().sorted { ($0.header.lsn, $0.segment) < ($1.header.lsn, $1.segment) }
            let incomplete = Set(BlockLocation.all(frames).incomplete)
            if incomplete.isEmpty { return }
            for part in incomplete {
                problems[part] = "part \(part.header.part) of \(part.header.parts), others are missing"
            }
            for index in kept.indices { kept[index].removeAll(where: incomplete.contains) }
        }
    }

    /// Reads the copy and leaves out, of the next one, what cannot be read.
    private mutating func dropUnreadable() throws(LogError) -> Bool {
        var isAnyDropped = false
        let reader = FrameContentReader(scan.lane, fileSystem: target, directory: directory)
        for (index, segment) in scan.segments.enumerated() where !kept[index].isEmpty {
            let copy = try SegmentScan(scan.lane, sequence: segment.sequence, directory: directory, target)
            var readable: [FrameLocation] = []
            for (original, frame) in zip(kept[index], copy.frames) {
                do throws(LogError) {
                    _ = try reader.content(of: frame)
                    readable.append(original)
                } catch {
                    if error.code == .fileSystem { throw error }
                    problems[original] = error.description
                    isAnyDropped = true
                }
            }
            kept[index] = readable
        }
        return isAnyDropped
    }

    private func write(_ index: Int) throws(LogError) {
        let (segment, frames) = (scan.segments[index], kept[index])
        let path = path(of: segment)
        try logged { () throws(FileSystemError) in
            if try target.exists(path) { try target.remove(path) }
        }
        guard segment.header != nil || !frames.isEmpty else { return }
        try logged { () throws(FileSystemError) in
            let file = try source.open(segment.path, .reading)
            let copy = try target.open(path, .appendingToNew)
            if segment.header != nil {
                try QuarantineFolder.copy(0..<SegmentHeader.byteCount, of: file, to: copy)
            } else if let first = frames.first {
                try copy.writeAll(newHeader(of: segment, first, frames))
            }
            for frame in frames { try QuarantineFolder.copy(frame.offset..<frame.end, of: file, to: copy) }
            try copy.sync()
        }
    }

    /// One that fits the frames, where the segment's own cannot be read.
    private func newHeader(of segment: SegmentScan, _ first: FrameLocation, _ frames: [FrameLocation]) -> [UInt8] {
        let block = frames.first { $0.header.kind == .minutes } ?? first
        return SegmentHeader(
            lane: scan.lane, sequence: segment.sequence, firstLSN: first.header.lsn,
            day: scan.lane == .minutes ? block.header.minute.day : 0
        ).encoded
    }

    /// Whatever of the segment is not in the copy.
    private func quarantineRest(of index: Int, _ quarantine: QuarantineFolder) throws(LogError) {
        let segment = scan.segments[index]
        var start = segment.header == nil ? 0 : SegmentHeader.byteCount
        for frame in kept[index] {
            try quarantineGap(start..<frame.offset, of: segment, quarantine)
            start = frame.end
        }
        try quarantineGap(start..<max(start, segment.size), of: segment, quarantine)
    }

    private func quarantineGap(
        _ range: Range<Int>, of segment: SegmentScan, _ quarantine: QuarantineFolder
    ) throws(LogError) {
        guard !range.isEmpty else { return }
        let dropped = segment.frames.filter { range.contains($0.offset) }.compactMap { problems[$0] }
        let found = segment.findings.filter { range.contains($0.offset) }.map { "\($0.kind.rawValue): \($0.problem)" }
        try quarantine.take(range, of: segment.path, problem: (found + dropped).joined(separator: "; "))
    }

    private func path(of segment: SegmentScan) -> String {
        LogLayout.path(of: scan.lane, sequence: segment.sequence, in: directory)
    }
}
