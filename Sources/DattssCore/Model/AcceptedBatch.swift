/// A batch on its way through the pipeline, and what the log's accepted lane holds.
public struct AcceptedBatch: Sendable, Hashable {
    /// Whose statistics it is about.
    public var user: UserID
    /// What was sent.
    public var batch: Batch
    /// When it was written ahead. Its samples belong to this minute. Never decreases from one batch to the next.
    public var at: Timestamp
    /// Its position in the accepted lane.
    public var lsn: LSN

    /// Makes an accepted batch of its parts.
    public init(user: UserID, batch: Batch, at: Timestamp, lsn: LSN) {
        self.user = user
        self.batch = batch
        self.at = at
        self.lsn = lsn
    }
}
