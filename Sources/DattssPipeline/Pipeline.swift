public import DattssCore
public import DattssLog

/// The whole way of a batch, from the edge of the server to the disk:
///
/// ```
///  body ─► Ingest ═════► AcceptedWriter ═════► UserAggregator ═════► MinuteRoller ═════► MinuteWriter ─► minutes/
///           ▲    batches      │ written,  batches  (one a user)  closed      ▲     minute
///           └─ acknowledged ──┤ in order           │            minutes     │     blocks
///                             ▼                    ▼                        clock
///                         accepted/             Queries
/// ```
///
/// ═══ is a ``Link``: an AsyncStream of batches, bounded in partials, with books. Ingest keeps room in a user's link before
/// a batch is written ahead, so that what is written always gets through. `open` replays the log, `run` runs the stages,
/// `finish` lets them end one after the other.
public final class Pipeline: Sendable {
    public let queries: Queries
    /// What was found in the log on start.
    public let recovery: RecoveryReport

    private let ingest: Ingest
    /// What the server itself sends goes the same way, but counts for nobody's traffic.
    private let ownIngest: Ingest
    private let writeAhead: Link<WriteAhead>
    private let rolling: Link<RollerEvent>
    private let minutes: Link<MinuteAssembly.Rolled>
    private let directory: UserDirectory
    private let acceptedWriter: AcceptedWriter
    private let roller: MinuteRoller
    private let minuteWriter: MinuteWriter
    private let housekeeper: Housekeeper
    private let history: History
    private let confirmed: ConfirmedClock
    private let health: LogHealth
    /// What keeps the end of a minute waiting for samples that are collected.
    public let holds: MinuteHolds
    private let clock: any WallClock
    private let syncMode: SyncMode

    /// Replays the log of a data folder, and wires the stages.
    /// - Parameter onFailure: called when the disk failed in a way after which only a restart is safe.
    /// - Throws: ``LogError`` when the log cannot be read or written.
    public static func open(
        _ configuration: PipelineConfiguration, onFailure: @escaping @Sendable (String) -> Void
    ) throws(LogError) -> Pipeline {
        var replay = Replay(now: configuration.clock.now(), limits: configuration.limits)
        let report = try Recovery.run(
            fileSystem: configuration.fileSystem, directory: configuration.directory,
            policy: configuration.syncMode.policy, into: &replay)
        let newest = [report.history.minutes?.upperBound.start, replay.latest].compactMap(\.self).max()
        let confirmed = try ConfirmedClock(configuration, newest: newest)
        let outcome = replay.outcome(lastLSN: LSN(report.accepted.nextLSN.value - 1))
        return try Pipeline(configuration, report, outcome, confirmed, onFailure)
    }

    private init(
        _ configuration: PipelineConfiguration, _ report: RecoveryReport, _ replayed: Replay.Outcome,
        _ confirmed: ConfirmedClock, _ onFailure: @escaping @Sendable (String) -> Void
    ) throws(LogError) {
        let (limits, clock, syncMode) = (configuration.limits, configuration.clock, configuration.syncMode)
        let health = LogHealth(onFailure)
        let minuteLane = MinuteLane(
            fileSystem: configuration.fileSystem, directory: configuration.directory, state: report.minutes,
            policy: syncMode.policy, history: report.history)
        for block in replayed.unwritten { try minuteLane.append(block) }
        let covered = max(report.through, replayed.unwritten.last?.through ?? .zero)
        let acceptedLane = AcceptedLane(
            fileSystem: configuration.fileSystem, directory: configuration.directory, state: report.accepted,
            policy: syncMode.policy)

        let writeAhead = Link<WriteAhead>("ingest→accepted log", capacity: limits.queuedPartials)
        let rolling = Link<RollerEvent>("aggregators→roller", capacity: limits.queuedPartials)
        let minutes = Link<MinuteAssembly.Rolled>("roller→minute log", capacity: limits.queuedPartials)
        let written = WrittenMark(covered)
        let directory = UserDirectory(replayed.users) { restored in
            UserEntry(
                restored, roller: rolling, written: written, covered: covered, confirmed: confirmed, limits: limits)
        }
        ingest = Ingest(
            directory: directory, writeAhead: writeAhead, clock: clock, limits: limits)
        ownIngest = ingest.withOwnCounters
        let holds = MinuteHolds(onRelease: { writeAhead.signal(.tick) })
        acceptedWriter = AcceptedWriter(
            lane: acceptedLane, link: writeAhead, roller: rolling, directory: directory, clock: clock, holds: holds,
            syncMode: syncMode, replayed: replayed, health: health)
        roller = MinuteRoller(link: rolling, writeAhead: writeAhead, minutes: minutes, clock: clock)
        housekeeper = Housekeeper(
            configuration, history: report.history, accepted: acceptedWriter, confirmed: confirmed, health: health)
        minuteWriter = MinuteWriter(
            lane: minuteLane, link: minutes, accepted: acceptedWriter, housekeeper: housekeeper, written: written,
            syncMode: syncMode, health: health, retry: RetryPause(clock))
        queries = Queries(directory: directory, history: report.history, clock: clock)
        recovery = report
        history = report.history
        self.confirmed = confirmed
        self.holds = holds
        (self.writeAhead, self.rolling, self.minutes) = (writeAhead, rolling, minutes)
        (self.directory, self.health, self.clock, self.syncMode) = (directory, health, clock, syncMode)
    }

    /// Runs until ``finish()`` was called and everything that was taken in is on disk.
    public func run() async {
        async let housekeeping: Void = housekeeper.run()
        housekeeper.wake(minuteWriter)
        await runStages()
        housekeeper.finish()
        await housekeeping
        await housekeeper.noteTime()
    }

    private func runStages() async {
        await withTaskGroup { group in
            group.addTask { await self.roller.watchClock() }
            group.addTask { await self.syncEverySecond() }
            async let aggregating: Void = directory.run()
            async let assembling: Void = roller.run()
            async let writing: Void = minuteWriter.run()
            // What the log holds of an earlier minute need not wait for the end of this one.
            writeAhead.signal(.tick)
            await acceptedWriter.run()
            directory.finish()
            await aggregating
            rolling.finish()
            await assembling
            minutes.finish()
            await writing
            group.cancelAll()
        }
    }

    /// The end is near: a minute that cannot be written now holds nobody up any more who has to come to an end first. The accepted
    /// lane still has everything of it.
    public func prepareToFinish() { minuteWriter.stopRetrying() }

    /// Takes in nothing more, and lets ``run()`` come to its end.
    public func finish() {
        writeAhead.finish()
        minuteWriter.stopRetrying()
    }

    // MARK: Taking in

    /// Takes in a batch of a known user.
    public func accept(_ batch: Batch, of user: UserID) async -> IngestAnswer {
        await ingest.accept(batch, of: user)
    }

    /// Takes in a batch of the server itself.
    public func acceptOwn(_ batch: Batch, of user: UserID) async -> IngestAnswer {
        await ownIngest.accept(batch, of: user)
    }

    /// Takes in as much of a batch as fits under the user's limit of statistics.
    public func acceptFitting(_ batch: Batch, of user: UserID) async -> FittingOutcome {
        await ingest.acceptFitting(batch, of: user)
    }

    /// Counts a request that was refused before it got here.
    public func noteRefused(_ error: WireError) { ingest.counters.note(.refused(error)) }

    // MARK: Taking in many at once

    /// The batch of a body. What is wrong with it is counted here.
    /// - Parameter paths: the caller's own, kept from one body to the next.
    public func decode(_ body: UnsafeRawBufferPointer, paths: inout NameCache) throws(WireError) -> Batch {
        try ingest.decode(body, paths: &paths)
    }

    /// Decides on a batch, and adds it to `group` if it is to be written.
    public func admit(_ batch: Batch, of user: UserID, into group: inout BatchGroup) -> BatchVerdict {
        ingest.admit(batch, of: user, into: &group)
    }

    /// Decides on as much of a batch as fits under the user's limit of statistics, as ``admit(_:of:into:)`` does.
    /// - Returns: the verdict on what fits, too.
    public func admitFitting(
        _ batch: Batch, of user: UserID, into group: inout BatchGroup
    ) -> (verdict: BatchVerdict, fitting: Batch) {
        ingest.admitFitting(batch, of: user, into: &group)
    }

    /// Writes a group. `answer` is told once, on any thread, what became of all of it.
    /// - Parameter minute: in which its samples came, if they were collected meanwhile: see ``holds``.
    public func write(
        _ group: BatchGroup, collectedIn minute: Minute? = nil, answer: @escaping @Sendable (IngestAnswer) -> Void
    ) {
        ingest.write(group, collectedIn: minute, answer: answer)
    }

    /// What becomes of a batch whose first copy is being written.
    public func answerOfFirstCopy(of batch: Batch, of user: UserID) async -> IngestAnswer {
        await ingest.answerOfFirstCopy(of: batch, of: user)
    }

    // MARK: Letting go

    /// Forgets a deleted user, of whom nothing is accepted any more, and erases what the files hold. That takes some minutes;
    /// ``PipelineConfiguration/onErased`` tells when it is done.
    public func erase(_ user: UserID) async {
        directory.erase(user)
        await housekeeper.erase(user)
    }

    /// Instead of ``run()``, for a folder that no server uses: erases deleted users, seals everything that can be sealed, and
    /// closes the log.
    ///
    /// - Parameter deleted: those whom ``PipelineConfiguration/retention`` names.
    public func compact(erasing deleted: Set<UserID>, includingToday: Bool) async -> HousekeepingReport {
        await housekeeper.beginCompaction()
        for user in deleted.sorted() { await erase(user) }
        finish()
        await runStages()
        await housekeeper.pass(minuteWriter, includingToday: includingToday)
        await housekeeper.noteTime()
        return await housekeeper.report
    }

    // MARK: Its own state

    /// As late as it certainly is, whatever the clock shows: what is deleted for its age is deleted by this.
    public var confirmedTime: Timestamp { confirmed.now() }

    /// Why no batch is taken in; nil when all is well.
    public var problem: String? { health.problem(at: clock.now()) ?? (writeAhead.ledger.isClosed ? "shutting down" : nil) }

    public func snapshot() async -> PipelineSnapshot {
        let users = directory.all
        return PipelineSnapshot(
            ingest: ingest.counters.snapshot,
            own: ownIngest.counters.snapshot,
            links: [
                (writeAhead.name, writeAhead.ledger),
                ("accepted log→aggregators", users.reduce(LinkLedger(capacity: 0)) { $0 + $1.link.ledger }),
                (rolling.name, rolling.ledger),
                (minutes.name, minutes.ledger),
            ],
            userCount: users.count,
            statisticCount: users.reduce(0) { $0 + $1.admission.withLock { $0.liveCount } },
            accepted: await acceptedWriter.laneMetrics,
            minutes: await minuteWriter.laneMetrics,
            housekeeping: await housekeeper.report,
            confirmedTime: confirmed.look(),
            sealed: history.sealedSize,
            corruptFrameReads: history.corruptFrameReads,
            failedMinuteWrites: await minuteWriter.failedAttempts,
            failedRetirements: await minuteWriter.failedRetirements + acceptedWriter.retireFailures)
    }

    private func syncEverySecond() async {
        guard syncMode == .second else { return }
        while (try? await clock.pause(milliseconds: 1000)) != nil { await acceptedWriter.syncIfDirty() }
    }
}
