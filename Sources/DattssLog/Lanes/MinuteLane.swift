public import DattssCore

/// The lane of closed minutes: blocks for good, checkpoints so that replay need not read them all.
///
/// Owned by one actor, like ``AcceptedLane``, and failing like it. A segment holds blocks of a single UTC day, so that
/// retention is the deletion of files, and has names of its own, see ``SegmentNaming``. A ``History`` hears of every frame
/// once its append has succeeded.
public final class MinuteLane {
    private let chain: SegmentChain
    private let encoder = FrameEncoder(level: 3)
    private let history: History?
    private let quarantine: Quarantine
    private let partBytes: Int
    private var nextFrame: LSN
    /// The names of the segment being written.
    private var naming = SegmentNaming(firstLSN: .zero)

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
        quarantine = Quarantine(fileSystem: fileSystem, directory: directory, policy: policy)
        nextFrame = state.nextLSN
        self.history = history
        self.partBytes = partBytes
    }

    /// Figures for `/metrics`.
    public var metrics: LaneMetrics { chain.metrics }

    /// Writes a block, whole or not at all; ``sync()`` makes it survive power loss.
    /// - Throws: besides what the file system says, when the block names a statistic of a user twice.
    public func append(_ block: MinuteBlock) throws(LogError) {
        let day = block.minute.day
        let startsSegment = chain.current?.summary.day != day || naming.isFull
        let naming = startsSegment ? SegmentNaming(firstLSN: nextFrame) : naming
        let draft = try naming.draft(block, lsn: nextFrame, targetBytes: partBytes)
        let frames = try append(
            draft.parts, kind: .minutes, minute: block.minute, through: block.through,
            newSegmentOfDay: startsSegment ? day : nil)
        self.naming.commit(draft, frames: frames.map { $0.offset..<$0.end })
    }

    /// Writes a checkpoint, whole or not at all, to the segment being written.
    public func append(_ checkpoint: Checkpoint) throws(LogError) {
        let parts = CheckpointCodec.encode(checkpoint, targetBytes: partBytes)
        let minute = checkpoint.at.minute
        try append(
            parts, kind: .checkpoint, minute: minute, through: checkpoint.through,
            newSegmentOfDay: chain.current == nil ? minute.day : nil)
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
        try retire(keepingDamaged: false) { ($0.day ?? $0.lastMinute?.day ?? .max) < day }
    }

    /// Closes the segment being written, so that it can be retired; the next append begins another.
    public func roll() throws(LogError) { try chain.closeSegment() }

    /// Deletes the closed segments of which nothing is needed any more, oldest first: all their blocks are in sealed files,
    /// and a newer checkpoint is on disk. Neither the segment of the newest checkpoint goes, nor anything after it.
    ///
    /// A damaged one goes to the quarantine: behind a header that nobody can read there may be a block that is nowhere else.
    ///
    /// Syncs first, so that no checkpoint is relied upon that is not on disk.
    /// - Returns: how many segments were deleted.
    @discardableResult
    public func retireSealed() throws(LogError) -> Int {
        try retire(keepingDamaged: true) { segment in
            // What is damaged and has no readable block stays, for somebody to look at.
            segment.blockFrames == 0 ? !segment.isDamaged : history?.isSealed(segment: segment.sequence) ?? false
        }
    }

    private func retire(
        keepingDamaged: Bool, where isUnneeded: (SegmentSummary) -> Bool
    ) throws(LogError) -> Int {
        let isCheckpointInCurrent = chain.current?.summary.holdsCheckpoint ?? false
        let newest = chain.closed.last(where: \.holdsCheckpoint)?.sequence
        guard isCheckpointInCurrent || newest != nil else { return 0 }
        try chain.sync()
        return try chain.retire(
            where: { (isCheckpointInCurrent || $0.sequence < (newest ?? 0)) && isUnneeded($0) },
            willRemove: { (segment) throws(LogError) in
                if keepingDamaged, segment.isDamaged { _ = try quarantine.keep(chain.path(of: segment)) }
                history?.remove(segment: segment.sequence)
            })
    }

    /// - Returns: where the parts are, once all of them are written.
    @discardableResult
    private func append(
        _ parts: [EncodedPart], kind: FrameKind, minute: Minute, through: LSN?, newSegmentOfDay day: Int64?
    ) throws(LogError) -> [FrameLocation] {
        var bytes = ByteWriter()
        var headers: [FrameHeader] = []
        for (index, part) in parts.enumerated() {
            headers.append(
                try encoder.encode(
                    FrameEncoder.Payload(raw: part.raw, recordCount: part.statisticCount, hasNames: part.hasNames),
                    kind: kind, lsn: nextFrame.advanced(by: index), part: index + 1, parts: parts.count, minute: minute,
                    through: through, into: &bytes))
        }
        var offset = 0
        var sequence: UInt64 = 0
        try chain.append { () throws(LogError) in
            if let day { try chain.startSegment(firstLSN: nextFrame, minute: minute, day: day) }
            guard let summary = chain.current?.summary else { preconditionFailure("an append without a segment") }
            (offset, sequence) = (summary.bytes, summary.sequence)
            try chain.write(bytes.bytes, headers)
        }
        chain.count(rawBytes: headers.reduce(0) { $0 + $1.rawLength })
        // Only now: as long as the append may fail, the names are those of the segment before.
        if day != nil { naming = SegmentNaming(firstLSN: nextFrame) }
        nextFrame = nextFrame.advanced(by: parts.count)
        var frames: [FrameLocation] = []
        for header in headers {
            frames.append(FrameLocation(segment: sequence, offset: offset, header: header))
            offset += header.frameLength
        }
        history?.add(frames)
        return frames
    }
}
