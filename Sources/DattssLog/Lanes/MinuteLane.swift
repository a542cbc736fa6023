public import DattssCore

/// The lane of closed minutes: blocks for good, checkpoints so that replay need not read them all.
///
/// Owned by one actor, like ``AcceptedLane``, and failing like it. A segment holds blocks of a single UTC day, so that
/// retention is the deletion of files. A ``History`` hears of every frame once its append has succeeded.
public final class MinuteLane {
    private let chain: SegmentChain
    private let encoder = FrameEncoder(level: 3)
    private let history: History?
    private let partBytes: Int
    private var nextFrame: LSN

    /// - Parameters:
    ///   - directory: the data folder; the lane's own is created below it by the first append.
    ///   - state: what ``Recovery`` found.
    ///   - history: is told of what is written and retired.
    ///   - partBytes: where another part of a block begins, before compression; tests make it small.
    public init(
        fileSystem: any FileSystem, directory: String, state: LaneState = LaneState(),
        policy: SyncPolicy = .whenAsked, history: History? = nil, partBytes: Int = 4 << 20
    ) {
        chain = SegmentChain(
            .minutes, fileSystem: fileSystem, directory: directory, state: state, policy: policy)
        nextFrame = state.nextLSN
        self.history = history
        self.partBytes = partBytes
    }

    public var metrics: LaneMetrics { chain.metrics }

    /// Writes a block, whole or not at all; ``sync()`` makes it survive power loss.
    public func append(_ block: MinuteBlock) throws(LogError) {
        let parts = MinuteBlockCodec.encode(block, targetBytes: partBytes)
        try append(parts, kind: .minutes, minute: block.minute, through: block.through, day: block.minute.day)
    }

    /// Writes a checkpoint, whole or not at all, to the segment being written.
    public func append(_ checkpoint: Checkpoint) throws(LogError) {
        let parts = CheckpointCodec.encode(checkpoint, targetBytes: partBytes)
        try append(parts, kind: .checkpoint, minute: checkpoint.at.minute, through: checkpoint.through, day: nil)
    }

    /// `fdatasync` of what was appended. After it threw the lane refuses everything.
    public func sync() throws(LogError) { try chain.sync() }

    /// Deletes the segments of days before `day`, oldest first, but never the one that holds the newest checkpoint, nor
    /// anything after it. Without a checkpoint nothing goes: the totals would go with it. A segment whose day nobody
    /// can read stays, for somebody to look at.
    ///
    /// Syncs first, so that no checkpoint is relied upon that is not on disk.
    /// - Returns: how many segments were deleted.
    @discardableResult
    public func retire(before day: Int64) throws(LogError) -> Int {
        let isCheckpointInCurrent = chain.current?.summary.holdsCheckpoint ?? false
        let newest = chain.closed.last(where: \.holdsCheckpoint)?.sequence
        guard isCheckpointInCurrent || newest != nil else { return 0 }
        try chain.sync()
        return try chain.retire(
            where: { segment in
                (isCheckpointInCurrent || segment.sequence < (newest ?? 0))
                    && (segment.day ?? segment.lastMinute?.day ?? .max) < day
            },
            willRemove: { history?.remove(segment: $0.sequence) })
    }

    private func append(
        _ parts: [EncodedPart], kind: FrameKind, minute: Minute, through: LSN?, day: Int64?
    ) throws(LogError) {
        var bytes = ByteWriter()
        var headers: [FrameHeader] = []
        for (index, part) in parts.enumerated() {
            headers.append(
                try encoder.encode(
                    FrameEncoder.Payload(raw: part.raw, recordCount: part.statisticCount), kind: kind,
                    lsn: nextFrame.advanced(by: index), part: index + 1, parts: parts.count, minute: minute,
                    through: through, into: &bytes))
        }
        var offset = 0
        try chain.append { () throws(LogError) in
            if chain.current == nil || (day != nil && chain.current?.summary.day != day) {
                try chain.startSegment(firstLSN: nextFrame, minute: minute, day: day ?? minute.day)
            }
            offset = chain.current?.summary.bytes ?? 0
            try chain.write(bytes.bytes, headers)
        }
        chain.count(rawBytes: headers.reduce(0) { $0 + $1.rawLength })
        nextFrame = nextFrame.advanced(by: parts.count)
        guard let history, let sequence = chain.current?.summary.sequence else { return }
        var frames: [FrameLocation] = []
        for header in headers {
            frames.append(FrameLocation(segment: sequence, offset: offset, header: header))
            offset += header.frameLength
        }
        history.add(frames)
    }
}
