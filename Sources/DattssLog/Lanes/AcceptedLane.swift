public import DattssCore

/// The write-ahead lane: batches, from before they are acknowledged until the minutes made of them are on disk.
///
/// Owned by one actor, which alone calls it, on an executor that may block.
///
/// Invariant: an append that throws has consumed no LSN, and nothing of it is ever read again; the next append works
/// as soon as the disk does. Only after a failed ``sync()`` the lane refuses everything, because nobody knows what is
/// on disk then.
public final class AcceptedLane {
    private let chain: SegmentChain
    private let frames: AcceptedFrames
    private let segmentBytes: Int
    private let delaysSegments: Bool
    /// Whether all but what came in the meantime was just brought to the disk: little has to be synced for another segment.
    private var isJustSynced = false
    /// The LSN of the next record.
    public private(set) var next: LSN

    /// - Parameters:
    ///   - directory: the data folder; the lane's own is created below it by the first append.
    ///   - state: what ``Recovery`` found.
    ///   - segmentBytes: where another segment begins; tests make it small.
    ///   - frameBytes: where another frame begins, before compression.
    ///   - delaysSegments: whether the segment of another minute waits for the next ``beginSync()``, for a minute at most, instead
    ///     of being begun behind a sync by whoever sends the first batch of the minute.
    public init(
        fileSystem: any FileSystem, directory: String, state: LaneState = LaneState(),
        policy: SyncPolicy = .whenAsked, segmentBytes: Int = 64 << 20, frameBytes: Int = 4 << 20,
        delaysSegments: Bool = false
    ) {
        chain = SegmentChain(
            .accepted, fileSystem: fileSystem, directory: directory, state: state, policy: policy)
        next = state.nextLSN
        self.segmentBytes = segmentBytes
        frames = AcceptedFrames(frameBytes: frameBytes)
        self.delaysSegments = delaysSegments
    }

    /// Figures for `/metrics`.
    public var metrics: LaneMetrics { chain.metrics }

    /// Writes records, all or none, and returns their LSNs; ``sync()`` makes them survive power loss.
    ///
    /// - Parameter records: at least one, each as ``BatchCodec/encode(user:batch:)`` made it, with the time at which it
    ///   was accepted.
    @discardableResult
    public func append(
        _ records: [(encoded: [UInt8], at: Timestamp)]
    ) throws(LogError) -> ClosedRange<LSN> {
        precondition(!records.isEmpty, "an append of no records")
        defer { isJustSynced = false }
        let first = next
        var lsn = first
        try chain.append { () throws(LogError) in
            var start = 0
            while start < records.count {
                let end = try frames.runEnd(records, from: start)
                try write(records[start..<end], lsn: lsn)
                lsn = lsn.advanced(by: end - start)
                start = end
            }
        }
        next = lsn
        return first...first.advanced(by: records.count - 1)
    }

    /// `fdatasync` of what was appended. After it threw the lane refuses everything.
    public func sync() throws(LogError) { try chain.sync() }

    /// The same for a thread that may wait for the disk, while appending goes on. To be followed by ``endSync(_:)``, with what
    /// came of it.
    /// - Returns: nil when there is nothing to do, or when the one before is still under way.
    public func beginSync() throws(LogError) -> PendingSync? { try chain.beginSync() }

    /// Throws as ``sync()`` does.
    public func endSync(_ outcome: PendingSync.Outcome) throws(LogError) {
        try chain.endSync(outcome)
        isJustSynced = true
    }

    /// The earliest minute of any record that is still there.
    public var oldestMinute: Minute? {
        (chain.closed + [chain.current?.summary].compactMap(\.self)).compactMap(\.firstMinute).min()
    }

    /// Deletes whole old segments whose records are all contained in blocks and older than the rolling window, also the one
    /// being written.
    ///
    /// - Parameters:
    ///   - through: the `through` of a block or checkpoint that **is synced**; what it covers is not needed any more.
    ///   - before: records of this time and later are kept, for replay to rebuild windows and duplicate suppression.
    ///   - after: those of a later minute are not: they were written when the clock was ahead, and would stay until it gets there.
    /// - Returns: how many segments were deleted.
    @discardableResult
    public func retire(
        through: LSN, before: Timestamp, after: Timestamp = Timestamp(milliseconds: .max)
    ) throws(LogError) -> Int {
        let isRetired: (SegmentSummary) -> Bool = { segment in
            guard let lastLSN = segment.lastLSN, let lastMinute = segment.lastMinute else {
                // Nothing was ever written, or nothing of it can be read: that stays, for somebody to look at.
                return segment.bytes <= SegmentHeader.byteCount
            }
            return lastLSN <= through && (lastMinute.end <= before || lastMinute.start > after)
        }
        if let current = chain.current, isRetired(current.summary) { try chain.closeSegment() }
        return try chain.retire(where: isRetired)
    }

    /// Every minute has its own segment, so that it can go soon. One only begins behind a sync of the one before: of what is lost
    /// when power fails, nothing is followed by what is not.
    private func needsSegment(_ minute: Minute) -> Bool {
        guard let current = chain.current, current.summary.bytes < segmentBytes else { return true }
        guard current.firstMinute < minute else { return false }
        return !delaysSegments || isJustSynced || chain.isSynced || current.firstMinute.index < minute.index - 1
    }

    private func write(
        _ records: ArraySlice<(encoded: [UInt8], at: Timestamp)>, lsn: LSN
    ) throws(LogError) {
        let minute = records[records.startIndex].at.minute
        if needsSegment(minute) {
            try chain.startSegment(firstLSN: lsn, minute: minute, day: nil)
        }
        var frame = ByteWriter()
        let header = try frames.encode(records, lsn: lsn, into: &frame)
        try chain.write(frame.bytes, [header])
        chain.count(rawBytes: header.rawLength)
    }
}
