public import DattssLog

/// What the housekeeping has done since the start.
public struct HousekeepingReport: Sendable, Hashable {
    /// Passes that sealed something.
    public private(set) var sealings = 0
    /// Aggregates that were taken out of minute blocks into sealed files.
    public private(set) var sealedRows = 0
    /// Files of days or hours that were deleted.
    public private(set) var deletedFiles = 0
    /// Files of days or hours that were written anew, without a user or without what is too old.
    public private(set) var rewrittenFiles = 0
    /// What could not be read; copies of it are in `quarantine/`.
    public private(set) var findings: [Finding] = []
    /// Files that would be deleted or written anew if the clock were right, and are kept until that is certain.
    public private(set) var heldFiles = 0
    /// Deleted users of whom no file holds anything any more.
    public internal(set) var erasedUsers = 0
    /// How often the confirmed time could not be written.
    public internal(set) var failedTimeNotes = 0
    /// Passes, including those that failed.
    public internal(set) var passes = 0
    /// Passes that an error cut short; they are tried again after the next checkpoint.
    public internal(set) var failures = 0
    /// Why the last pass was cut short; nil when it was not.
    public internal(set) var problem: String?
    /// How long the last pass took.
    public internal(set) var lastDuration = Duration.zero

    /// Findings beyond this are left out: nobody reads more of them, and a disk may be full of damage.
    private static let findingsMax = 100

    mutating func note(_ sealed: SealReport) {
        if sealed.hasChanged { sealings += 1 }
        sealedRows += sealed.rows
        note(sealed.findings)
    }

    mutating func note(_ retained: RetentionReport) {
        deletedFiles += retained.deletedFiles
        rewrittenFiles += retained.rewrittenFiles
        heldFiles = retained.heldFiles
        note(retained.findings)
    }

    private mutating func note(_ more: [Finding]) {
        findings += more.prefix(Self.findingsMax - findings.count)
    }
}
