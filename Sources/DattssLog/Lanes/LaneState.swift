public import DattssCore

/// Where a lane goes on: what ``Recovery`` found on disk, or nothing for a new data folder.
///
/// A lane never appends to a segment that it has not begun itself. So whatever lies at the end of an old one, torn or
/// damaged, is left behind and not built upon.
public struct LaneState: Sendable, Hashable {
    /// The segments that are there, by sequence.
    public package(set) var segments: [SegmentSummary] = []
    /// The LSN of the next record (accepted lane) or frame (minute lane).
    public package(set) var nextLSN = LSN(1)
    /// The sequence of the next segment.
    public package(set) var nextSequence: UInt64 = 1

    /// The lane of a new data folder.
    public init() {}
}

/// What retention needs to know of a segment.
public struct SegmentSummary: Sendable, Hashable {
    /// The number in the name of its file.
    public var sequence: UInt64
    /// The length of its file.
    public var bytes: Int
    /// How many frames it has.
    public var frames = 0
    /// Those that are parts of minute blocks.
    public var blockFrames = 0
    /// The LSN of the last record (accepted lane) or frame (minute lane), when it has any.
    public var lastLSN: LSN?
    /// The earliest minute of any frame.
    public var firstMinute: Minute?
    /// The latest minute of any frame.
    public var lastMinute: Minute?
    /// The UTC day of a segment of the minute lane; nil when its header is unreadable.
    public var day: Int64?
    /// Whether a whole checkpoint is in it.
    public var holdsCheckpoint = false
    /// Whether something in it is unreadable, judged by headers alone.
    public var isDamaged = false
}

/// Whether a lane may call `fdatasync`.
public enum SyncPolicy: Sendable, Hashable {
    /// ``AcceptedLane/sync()`` and ``MinuteLane/sync()`` sync; so does beginning a new segment.
    case whenAsked
    /// Nothing is synced: what the kernel holds survives a crash of the process, not of the machine.
    case never
}

/// Figures for `/metrics`.
public struct LaneMetrics: Sendable, Hashable {
    /// On disk now.
    public var bytes = 0
    /// Segments on disk now.
    public var segments = 0
    /// Written since the start.
    public var frames = 0
    /// Bytes of payloads that were written since the start, before compression.
    public var rawBytes = 0
    /// The same after compression.
    public var compressedBytes = 0
    /// How often `fdatasync` was called since the start.
    public var syncs = 0
    /// How long the last one took.
    public var lastSyncDuration = Duration.zero
    /// Appends that were taken back.
    public var failedAppends = 0
    /// Segments that were deleted since the start.
    public var retiredSegments = 0
}
