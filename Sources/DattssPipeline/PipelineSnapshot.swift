public import DattssCore
public import DattssLog
import Synchronization

/// The counters of all stages at one moment.
public struct PipelineSnapshot: Sendable {
    /// What came in from outside since the start.
    public var ingest: IngestCounters
    /// The same of the server's own statistics.
    public var own: IngestCounters
    /// The books of every link, those of all users' links as one.
    public var links: [(name: String, ledger: LinkLedger)]
    /// Users that have anything in memory.
    public var userCount: Int
    /// Live statistics of all users.
    public var statisticCount: Int
    /// Silent statistics that lost their totals since the start, because their user had too many: see
    /// ``Limits/dormantStatisticsPerUser``.
    public var forgottenTotals: Int
    /// The lane of accepted batches.
    public var accepted: LaneMetrics
    /// The accepted log, where it is a replicated stream.
    public var stream: StreamSnapshot?
    /// The lane of minute blocks.
    public var minutes: LaneMetrics
    /// What sealing and retention did since the start.
    public var housekeeping: HousekeepingReport
    /// By which time is deleted what is old.
    public var confirmedTime: ConfirmedTime
    /// Files of days and hours, and their bytes.
    public var sealed: (files: Int, bytes: Int)
    /// Reads that met a frame which is damaged; they answered without it.
    public var corruptFrameReads: Int
    /// Writes of minute blocks that failed; they are tried again.
    public var failedMinuteWrites: Int
    /// Why the last of them failed.
    public var latestMinuteFailure: String?
    /// Times a covered or sealed segment could not be deleted.
    public var failedRetirements: Int
}

/// How a replicated accepted log stands.
public struct StreamSnapshot: Sendable, Hashable {
    /// What people call it.
    public var name: String
    /// Whether this process owns it: no other one has taken it over, as far as this one has noticed.
    public var isOwned: Bool
    /// Whether it answers: no append waits for an answer that is missing.
    public var isAnswering: Bool
    /// Times that an answer was missing.
    public var uncertainAppends: Int
    /// The position of the claim by which it is owned.
    public var epoch: UInt64
    /// The last position that was written.
    public var last: UInt64
    /// Messages of batches that were written since the start.
    public var messages: Int
    /// What lies before this position may be let go; 0 when that was not said since the start.
    public var kept: UInt64
}

extension Pipeline {
    /// As late as it certainly is, whatever the clock shows: what is deleted for its age is deleted by this.
    public var confirmedTime: Timestamp { confirmed.now() }

    /// Why no batch is taken in; nil when all is well.
    public var problem: String? {
        health.problem(at: clock.now()) ?? (links.writeAhead.ledger.isClosed ? "shutting down" : nil)
    }

    /// The books of all stages, each read at its own instant.
    public func snapshot() async -> PipelineSnapshot {
        let users = directory.all
        return PipelineSnapshot(
            ingest: ingest.snapshot,
            own: ownIngest.snapshot,
            links: [
                (links.writeAhead.name, links.writeAhead.ledger),
                ("accepted log→aggregators", users.reduce(LinkLedger(capacity: 0)) { $0 + $1.link.ledger }),
                (links.rolling.name, links.rolling.ledger),
                (links.minutes.name, links.minutes.ledger),
            ],
            userCount: users.count,
            statisticCount: users.reduce(0) { $0 + $1.admission.withLock { $0.liveCount } },
            forgottenTotals: users.reduce(0) { $0 + $1.aggregator.forgottenTotals.load(ordering: .relaxed) },
            accepted: await acceptedWriter.laneMetrics,
            stream: await acceptedWriter.streamSnapshot,
            minutes: await minuteWriter.laneMetrics,
            housekeeping: await housekeeper.report,
            confirmedTime: confirmed.look(),
            sealed: history.sealedSize,
            corruptFrameReads: history.corruptFrameReads,
            failedMinuteWrites: await minuteWriter.failedAttempts,
            latestMinuteFailure: await minuteWriter.latestFailure,
            failedRetirements: await minuteWriter.failedRetirements + acceptedWriter.retireFailures)
    }
}

extension SyncMode {
    var policy: SyncPolicy { self == .never ? .never : .whenAsked }
}
