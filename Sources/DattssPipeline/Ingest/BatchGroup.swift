import DattssCore

/// Batches that were admitted one after the other and will be written, and answered, together: what an event loop takes in
/// during one turn. A hop to the log and back costs as much as fifty partials; this shares it.
public struct BatchGroup: Sendable {
    private(set) var batches: [WriteAhead.Pending] = []
    private(set) var weight = 0
    private var recordBytes = 0
    private(set) var totals = BatchTotals()

    /// A group without batches.
    public init() {}

    /// Whether there is nothing to write.
    public var isEmpty: Bool { batches.isEmpty }
    /// The partials of all its batches.
    public var partialCount: Int { totals.partials }

    /// More would make the others wait, and not be any cheaper; nor fit into a message of a replicated log.
    public var isFull: Bool { weight >= Self.weightMax || recordBytes >= Self.recordBytesMax }

    private static let weightMax = 50_000
    private static let recordBytesMax = 2 << 20

    mutating func append(_ pending: WriteAhead.Pending) {
        weight += pending.weight
        recordBytes += pending.record.count
        totals.add(pending.batch)
        batches.append(pending)
    }

    /// The user of the batch before, if it is this one: then there is no need to look for the entry again.
    func latest(_ user: UserID) -> UserEntry? {
        guard !batches.isEmpty, batches[batches.count - 1].user.id == user else { return nil }
        return batches[batches.count - 1].user
    }
}

/// What is decided on a batch before anything of it is written.
public enum BatchVerdict: Sendable {
    /// It is in the group, and answered with it.
    case grouped
    /// Nothing is to be written.
    case answered(IngestAnswer)
    /// The first copy of it is still being written, and what becomes of that is the answer.
    case copyOfPending(FirstCopy)
}
