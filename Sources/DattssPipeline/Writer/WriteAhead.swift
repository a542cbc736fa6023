import DattssCore

/// What reaches the write-ahead.
enum WriteAhead: Sendable {
    case batch(Pending)
    /// Look at the clock: a minute may be over.
    case tick
    /// Answered when everything before it is written, or has failed.
    case barrier(CheckedContinuation<Void, Never>)

    /// A batch that waits to be written, with everything that has to happen then.
    struct Pending: Sendable {
        let user: UserEntry
        let batch: Batch
        let ids: [StatisticID]
        let record: [UInt8]
        let weight: Int
        let reply: CheckedContinuation<Result<Void, WireError>, Never>

        /// It is in the log: hand it on, then acknowledge it.
        func succeed(_ lsn: LSN, at time: Timestamp) {
            if let origin = batch.origin { user.admission.withLock { $0.commit(origin, at: time) } }
            let accepted = AcceptedBatch(user: user.id, batch: batch, at: time, lsn: lsn)
            user.link.send(reserved: .batch(accepted, ids), weight: weight)
            reply.resume(returning: .success(()))
        }

        /// It is not in the log, and will not be counted.
        func fail(_ error: WireError) {
            if let origin = batch.origin { user.admission.withLock { $0.cancel(origin) } }
            user.link.cancel(reserved: weight)
            reply.resume(returning: .failure(error))
        }
    }
}
