internal import DattssCore

/// Checks everything that is on disk, down to decoding each payload, and writes nothing.
public enum LogVerifier {
    public struct Summary: Sendable {
        public package(set) var segments = 0
        public package(set) var bytes = 0
        public package(set) var frames = 0
        public package(set) var batches = 0
        public package(set) var blocks = 0
        public package(set) var checkpoints = 0
        /// In the order of lanes, segments and offsets; empty for a log without blemish.
        public package(set) var findings: [Finding] = []

        /// Whether something is lost or damaged. A torn tail is neither: it was never acknowledged as durable.
        public var isSound: Bool { findings.allSatisfy { $0.kind == .tornTail || $0.kind == .duplicate } }
    }

    /// - Parameter directory: the data folder.
    public static func verify(fileSystem: any FileSystem, directory: String) throws(LogError) -> Summary {
        var summary = Summary()
        for lane in Lane.allCases {
            let scan = try LaneScan(lane, directory: directory, fileSystem)
            summary.segments += scan.segments.count
            summary.bytes += scan.segments.reduce(0) { $0 + $1.size }
            var findings = scan.findings
            let reader = PayloadReader(lane, fileSystem: fileSystem, directory: directory)
            for frame in scan.segments.flatMap(\.frames) {
                summary.frames += 1
                do throws(LogError) {
                    summary.batches += try FrameContent(try reader.payload(of: frame), frame.header).batchCount
                } catch {
                    findings.append(try Finding(frame, error, path: reader.path(of: frame)))
                }
            }
            if lane == .minutes {
                let blocks = BlockLocation.all(scan.frames)
                for block in blocks.complete {
                    if block.header.kind == .minutes { summary.blocks += 1 } else { summary.checkpoints += 1 }
                }
                findings += blocks.incomplete.map { part in
                    Finding(
                        .incompleteBlock, file: reader.path(of: part), offset: part.offset,
                        bytes: part.header.frameLength,
                        problem: "part \(part.header.part) of \(part.header.parts), others are missing")
                }
                findings += blocks.duplicates.map { Finding(duplicate: $0, path: reader.path(of: $0)) }
            } else {
                findings += duplicates(scan.frames).map { Finding(duplicate: $0, path: reader.path(of: $0)) }
            }
            summary.findings += findings.sorted { ($0.file, $0.offset) < ($1.file, $1.offset) }
        }
        return summary
    }

    /// Frames of whose records each was in a frame before.
    private static func duplicates(_ frames: [FrameLocation]) -> [FrameLocation] {
        var last = LSN.zero
        return frames.filter { frame in
            defer { last = max(last, frame.header.lastLSN) }
            return frame.header.recordCount > 0 && frame.header.lastLSN <= last
        }
    }
}

extension Finding {
    fileprivate init(duplicate frame: FrameLocation, path: String) {
        self.init(
            .duplicate, file: path, offset: frame.offset, bytes: frame.header.frameLength,
            problem: "LSN \(frame.header.lsn.value) is elsewhere too")
    }
}

/// A decoded payload of any kind.
enum FrameContent {
    case accepted([AcceptedBatch])
    case minutes([UserMinute])
    case checkpoint(at: Timestamp, users: [UserCheckpoint])

    init(_ raw: [UInt8], _ header: FrameHeader) throws(LogError) {
        switch header.kind {
        case .accepted:
            var batches: [AcceptedBatch] = []
            try AcceptedPayload.decode(raw, header: header) { (batch) throws(LogError) in batches.append(batch) }
            self = .accepted(batches)
        case .minutes:
            let users = try MinuteBlockCodec.decode(raw)
            try header.expect(statistics: users.reduce(0) { $0 + $1.aggregates.count })
            self = .minutes(users)
        case .checkpoint:
            let (at, users) = try CheckpointCodec.decode(raw)
            try header.expect(statistics: users.reduce(0) { $0 + $1.totals.count })
            self = .checkpoint(at: at, users: users)
        }
    }

    var batchCount: Int {
        if case .accepted(let batches) = self { batches.count } else { 0 }
    }
}
