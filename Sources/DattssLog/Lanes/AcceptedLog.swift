package import DattssCore

/// Where batches are written ahead, before they are acknowledged: the lane of a folder, ``AcceptedLane``, or a replicated stream,
/// ``ReplicatedLog``. What decides on batches in front of it and what counts them behind it need not know which.
///
/// Owned by one actor, which alone calls it. One append is under way at a time; those that are ``AcceptedAppend/underWay(_:)`` come
/// to their end by ``end(_:)``. An append that throws, or is said not to be written, has consumed no LSN. One of which nobody knows
/// what became has: nothing of it may be appended again under other LSNs.
///
/// (What a log holds at a start is replayed before there is anything to write to: ``Recovery`` does that for a lane,
/// ``StreamTakeover`` for a stream.)
package protocol AcceptedLog: AnyObject {
    /// Figures for `/metrics`.
    var metrics: LaneMetrics { get }
    /// How a replicated stream stands; nil where there is none.
    var standing: StreamStanding? { get }
    /// The encoded records that one append may have, in bytes.
    var appendBytesMax: Int { get }

    /// Writes records, all or none, or begins to.
    /// - Parameter records: at least one, as for ``AcceptedLane/append(_:)``.
    func begin(_ records: [(encoded: [UInt8], at: Timestamp)]) throws(LogError) -> AcceptedAppend
    /// Takes notice of what became of the append that is under way.
    /// - Returns: its first LSN.
    func end(_ outcome: PendingAppend.Outcome) -> LSN
    /// Makes what was appended survive power loss. After it threw the log refuses everything.
    func sync() throws(LogError)
    /// The same for a thread that may wait: see ``AcceptedLane/beginSync()``.
    func beginSync() throws(LogError) -> PendingSync?
    func endSync(_ outcome: PendingSync.Outcome) throws(LogError)
    /// Lets go of what blocks cover: see ``AcceptedLane/retire(through:before:after:)``.
    func letGo(through: LSN, before: Timestamp, after: Timestamp) throws(LogError)
}

/// What an append has come to at once.
package enum AcceptedAppend: Sendable {
    case written(first: LSN)
    /// Somebody else is asked to store it, see ``PendingAppend/run(onUncertain:)``.
    case underWay(PendingAppend)
}

extension AcceptedLane: AcceptedLog {
    package var standing: StreamStanding? { nil }
    package var appendBytesMax: Int { .max }

    package func begin(_ records: [(encoded: [UInt8], at: Timestamp)]) throws(LogError) -> AcceptedAppend {
        .written(first: try append(records).lowerBound)
    }

    package func end(_ outcome: PendingAppend.Outcome) -> LSN {
        preconditionFailure("the end of an append that was written at once")
    }

    package func letGo(through: LSN, before: Timestamp, after: Timestamp) throws(LogError) {
        try retire(through: through, before: before, after: after)
    }
}
