public import DattssLog

/// What the housekeeping has done since the start.
public struct HousekeepingReport: Sendable, Hashable {
    public private(set) var sealings = 0
    /// Aggregates that were taken out of minute blocks into sealed files.
    public private(set) var sealedRows = 0
    /// Files of days or hours that were deleted, or written anew without somebody.
    public private(set) var deletedFiles = 0
    public private(set) var rewrittenFiles = 0
    /// What could not be read; copies of it are in `quarantine/`.
    public private(set) var findings: [Finding] = []
    /// Files that would be deleted or written anew if the clock were right, and are kept until that is certain.
    public private(set) var heldFiles = 0
    public internal(set) var erasedUsers = 0
    /// Times that it could not be written down how late it certainly is.
    public internal(set) var failedTimeNotes = 0
    public internal(set) var passes = 0
    /// Passes that an error cut short; they are tried again after the next checkpoint.
    public internal(set) var failures = 0
    /// Why the last pass was cut short; nil when it was not.
    public internal(set) var problem: String?
    public internal(set) var lastDuration = Duration.zero

    /// Of a disk full of damage nobody reads more.
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
