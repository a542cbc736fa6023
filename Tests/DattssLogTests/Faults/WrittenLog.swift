import DattssCore
import DattssLog
import DattssTestSupport

/// A log of which a test knows everything: what was written, and which bytes hold it.
struct WrittenLog {
    let disk: SimulatedFileSystem
    private(set) var batches: [AcceptedBatch] = []
    /// Blocks and checkpoints, in the order in which they were written.
    private(set) var items: [Item] = []
    /// The frames of both lanes, in the order of segments and offsets.
    private(set) var frames: [Frame] = []
    /// What is asked of the history.
    private(set) var questions: [Question] = []
    let batchFingerprints: [Fingerprint]
    let itemFingerprints: [Fingerprint]

    enum Item {
        case block(MinuteBlock)
        case checkpoint(Checkpoint)

        var through: LSN? {
            switch self {
            case .block(let block): block.through
            case .checkpoint(let checkpoint): checkpoint.through
            }
        }
    }

    struct Frame {
        var path: String
        var range: Range<Int>
        var content: Content
    }

    enum Content: Hashable {
        /// Positions in `batches`.
        case batches(Range<Int>)
        /// A part of the item at this position.
        case part(of: Int)
    }

    /// A statistic of the blocks, with all its points in the order of the history, each with the block that it is in.
    struct Question {
        var user: UserID
        var key: StatisticKey
        var points: [(minute: Minute, item: Int, fingerprint: Fingerprint)]
    }

    /// Runs `write` on an empty disk and takes down what is there afterwards.
    init(questions count: Int = 4, _ write: (inout LogAuthor) throws -> Void) throws {
        disk = SimulatedFileSystem()
        var author = LogAuthor(disk)
        try write(&author)
        batches = author.batches
        items = author.items
        batchFingerprints = batches.map { Fingerprint($0) }
        itemFingerprints = items.map { item in
            switch item {
            case .block(let block): Fingerprint(block)
            case .checkpoint(let checkpoint): Fingerprint(checkpoint)
            }
        }
        var partsOfItems = 0
        for lane in Lane.allCases {
            for name in try disk.list(LogLayout.folder(of: lane, in: data)) {
                let path = LogLayout.folder(of: lane, in: data) + "/" + name
                let bytes = disk.bytes(of: path) ?? []
                var offset = SegmentHeader.byteCount
                while offset < bytes.count {
                    let header = try FrameHeader(decoding: bytes, at: offset)
                    let content: Content
                    if lane == .accepted {
                        let first = Int(header.lsn.value) - 1
                        content = .batches(first..<first + Int(header.recordCount))
                    } else {
                        content = .part(of: partsOfItems)
                        if header.part == header.parts { partsOfItems += 1 }
                    }
                    frames.append(Frame(path: path, range: offset..<offset + header.frameLength, content: content))
                    offset += header.frameLength
                }
            }
        }
        precondition(partsOfItems == items.count)
        questions = Array(allQuestions.prefix(count))
    }

    func isCheckpoint(_ item: Int) -> Bool {
        if case .checkpoint = items[item] { true } else { false }
    }

    var paths: [String] { disk.files.keys.sorted() }

    /// Those of which no byte differs on a damaged disk.
    func intactFrames(on damaged: SimulatedFileSystem) -> [Frame] {
        let files = damaged.files
        return frames.filter { frame in
            guard let now = files[frame.path], let before = disk.bytes(of: frame.path), now.count >= frame.range.upperBound
            else { return false }
            return now[frame.range] == before[frame.range]
        }
    }

    private var allQuestions: [Question] {
        var questions: [Question] = []
        for (position, item) in items.enumerated() {
            guard case .block(let block) = item else { continue }
            for user in block.users {
                for partial in user.aggregates {
                    let point = HistorySlice.Point(minute: block.minute, aggregate: partial.aggregate)
                    let entry = (minute: block.minute, item: position, fingerprint: Fingerprint(point))
                    if let known = questions.firstIndex(where: { $0.user == user.user && $0.key == partial.key }) {
                        questions[known].points.append(entry)
                    } else {
                        questions.append(Question(user: user.user, key: partial.key, points: [entry]))
                    }
                }
            }
        }
        // A history goes by minute, then by order of writing.
        for position in questions.indices {
            questions[position].points.sort { ($0.minute, $0.item) < ($1.minute, $1.item) }
        }
        return questions
    }

    /// All minutes of which there is a block.
    var minutes: Range<Minute> {
        let minutes = items.compactMap { if case .block(let block) = $0 { block.minute } else { nil } }
        guard let first = minutes.min(), let last = minutes.max() else { return midnight..<midnight }
        return first..<last.advanced(by: 1)
    }
}

/// Writes a log and remembers what it wrote.
struct LogAuthor {
    let disk: SimulatedFileSystem
    private var accepted: AcceptedLane
    private var minutes: MinuteLane
    private let segmentBytes: Int
    private let partBytes: Int
    private(set) var batches: [AcceptedBatch] = []
    private(set) var items: [WrittenLog.Item] = []

    init(_ disk: SimulatedFileSystem, segmentBytes: Int = 64 << 20, partBytes: Int = 4 << 20) {
        self.disk = disk
        self.segmentBytes = segmentBytes
        self.partBytes = partBytes
        accepted = AcceptedLane(fileSystem: disk, directory: data, segmentBytes: segmentBytes)
        minutes = MinuteLane(fileSystem: disk, directory: data, partBytes: partBytes)
    }

    mutating func accept(_ new: [(user: UserID, batch: Batch, at: Timestamp)]) throws {
        let lsns = try accepted.append(new.map { (BatchCodec.encode(user: $0.user, batch: $0.batch), $0.at) })
        for (position, one) in new.enumerated() {
            batches.append(
                AcceptedBatch(user: one.user, batch: one.batch, at: one.at, lsn: lsns.lowerBound.advanced(by: position)))
        }
    }

    mutating func append(_ block: MinuteBlock) throws {
        try minutes.append(block)
        items.append(.block(block))
    }

    mutating func append(_ checkpoint: Checkpoint) throws {
        try minutes.append(checkpoint)
        items.append(.checkpoint(checkpoint))
    }

    /// Ends and starts again, with parts of another size, so that both lanes begin new segments.
    mutating func restart(partBytes: Int = 4 << 20) throws {
        let report = try recover(disk).report
        accepted = AcceptedLane(fileSystem: disk, directory: data, state: report.accepted, segmentBytes: segmentBytes)
        minutes = MinuteLane(fileSystem: disk, directory: data, state: report.minutes, partBytes: partBytes)
    }
}
