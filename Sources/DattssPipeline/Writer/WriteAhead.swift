import DattssCore

/// What reaches the write-ahead.
enum WriteAhead: Sendable {
    case group(Group)
    /// Look at the clock: a minute may be over.
    case tick
    /// Answered, with true, when everything before it is written, or has failed; with false when that cannot be said for now.
    case barrier(CheckedContinuation<Bool, Never>)

    /// Batches that are written together, all or none, and answered together.
    struct Group: Sendable {
        let batches: [Pending]
        /// The minute in which its samples came, where that is not the one in which it is written.
        var collectedIn: Minute?
        let reply: @Sendable (Result<Void, WireError>) -> Void

        /// None of it is in the log, or will be counted.
        func fail(_ error: WireError) {
            for pending in batches { pending.cancel() }
            reply(.failure(error))
        }
    }

    /// A batch that waits to be written. Room for it is kept in its user's link.
    struct Pending: Sendable {
        let user: UserEntry
        let batch: Batch
        let ids: [StatisticID]
        let ticket: Admission.Ticket
        let record: [UInt8]
        let weight: Int

        /// It is in the log, a duplicate from now on, and about to be handed on.
        func commit(at time: Timestamp) {
            user.admission.withLock { admission in
                if let origin = batch.origin { admission.commit(origin, at: time) }
                admission.end(ticket)
            }
        }

        func cancel() {
            user.admission.withLock { admission in
                if let origin = batch.origin { admission.cancel(origin) }
                admission.end(ticket)
            }
            user.link.cancel(reserved: weight)
        }
    }
}
