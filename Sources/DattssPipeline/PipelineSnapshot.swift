public import DattssCore
public import DattssLog

/// The counters of all stages at one moment.
public struct PipelineSnapshot: Sendable {
    public var ingest: IngestCounters
    /// What the server itself sent.
    public var own: IngestCounters
    /// The books of every link, those of all users' links as one.
    public var links: [(name: String, ledger: LinkLedger)]
    public var userCount: Int
    /// Live statistics of all users.
    public var statisticCount: Int
    public var accepted: LaneMetrics
    public var minutes: LaneMetrics
    public var housekeeping: HousekeepingReport
    /// By which time is deleted what is old.
    public var confirmedTime: ConfirmedTime
    /// Files of days and hours, and their bytes.
    public var sealed: (files: Int, bytes: Int)
    public var corruptFrameReads: Int
    public var failedMinuteWrites: Int
    /// Times a covered or sealed segment could not be deleted.
    public var failedRetirements: Int
}

extension SyncMode {
    var policy: SyncPolicy { self == .never ? .never : .whenAsked }
}
