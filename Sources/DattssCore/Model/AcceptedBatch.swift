/// A batch on its way through the pipeline, and what the log's accepted lane holds.
public struct AcceptedBatch: Sendable, Hashable {
    public var user: UserID
    public var batch: Batch
    /// When it was written ahead. Its samples belong to this minute. Never decreases from one batch to the next.
    public var at: Timestamp
    public var lsn: LSN

    public init(user: UserID, batch: Batch, at: Timestamp, lsn: LSN) {
        self.user = user
        self.batch = batch
        self.at = at
        self.lsn = lsn
    }
}
