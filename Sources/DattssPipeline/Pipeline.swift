import DattssCore
public import DattssLog

/// The whole way of a batch, from the edge of the server to the disk:
///
/// ```
///  batch ─► Ingest ═════► AcceptedWriter ═════► UserAggregator ═════► MinuteRoller ═════► MinuteWriter ─► minutes/
///            ▲    batches      │ written,  batches  (one a user)  closed      ▲     minute
///            └─ acknowledged ──┤ in order           │            minutes     │     blocks
///                              ▼                    ▼                        clock
///                          accepted/             Queries
/// ```
///
/// ═══ is a ``Link``: an AsyncStream of batches, bounded in partials, with books. Ingest keeps room in a user's link before
/// a batch is written ahead, so that what is written always gets through. Making a pipeline replays the log, ``run()`` runs
/// the stages, and ``finish()`` lets them end one after the other.
public final class Pipeline: Sendable {
    /// Where batches enter.
    public let ingest: Ingest
    /// The same way with books of its own: what the server itself sends counts for nobody's traffic.
    public let ownIngest: Ingest
    /// Where questions about one user are asked.
    public let queries: Queries
    /// What keeps the end of a minute waiting for samples that are being collected.
    public let holds: MinuteHolds
    /// What is unusual at the moment.
    public let unusual: UnusualWatcher
    /// The minutes that are over and in the log.
    public let minutes: WrittenMinutes
    /// What was found in the log on start.
    public let recovery: RecoveryReport
    let links: Links
    let directory: UserDirectory
    let (acceptedWriter, roller, minuteWriter, housekeeper): (AcceptedWriter, MinuteRoller, MinuteWriter, Housekeeper)
    let (history, health, clock, confirmed): (History, LogHealth, any WallClock, ConfirmedClock)

    /// Replays the log of a data folder, and wires the stages.
    /// - Parameter onFailure: called when the disk failed in a way after which only a restart is safe.
    /// - Throws: ``LogError`` when the log cannot be read or written.
    public convenience init(
        _ configuration: PipelineConfiguration, onFailure: @escaping @Sendable (String) -> Void
    ) throws(LogError) {
        try self.init(OpenedLog(configuration), configuration, onFailure: onFailure)
    }

    init(
        _ log: OpenedLog, _ configuration: PipelineConfiguration, onFailure: @escaping @Sendable (String) -> Void
    ) throws(LogError) {
        let minuteLane = try log.minuteLane()
        let (limits, clock, links) = (configuration.limits, configuration.clock, Links(configuration.limits))
        let (health, written) = (LogHealth(onFailure), WrittenMark(log.covered))
        let confirmed = try ConfirmedClock(configuration, newest: log.newest)
        let closer = MinuteCloser(configuration)
        let directory = UserDirectory(log.replayed.users, aggregating: configuration.aggregating) { restored in
            UserEntry(
                restored, roller: links.rolling, written: written, covered: log.covered, confirmed: confirmed, closer: closer,
                limits: limits)
        }
        ingest = Ingest(directory: directory, writeAhead: links.writeAhead, clock: clock, limits: limits)
        ownIngest = Ingest(directory: directory, writeAhead: links.writeAhead, clock: clock, limits: limits)
        holds = MinuteHolds(onRelease: { links.writeAhead.signal(.tick) })
        acceptedWriter = AcceptedWriter(log, configuration, links, directory, holds: holds, health: health)
        roller = MinuteRoller(link: links.rolling, writeAhead: links.writeAhead, minutes: links.minutes, clock: clock)
        housekeeper = Housekeeper(
            configuration, history: log.history, accepted: acceptedWriter, confirmed: confirmed, health: health)
        unusual = UnusualWatcher(configuration, history: log.history, directory: directory)
        minuteWriter = MinuteWriter(
            minuteLane, configuration, links, accepted: acceptedWriter, housekeeper: housekeeper, written: written, health: health,
            unusual: unusual)
        queries = Queries(directory: directory, history: log.history, configuration)
        minutes = WrittenMinutes(log.history, written, clock: clock)
        (recovery, history, self.links, self.directory) = (log.report, log.history, links, directory)
        (self.health, self.clock, self.confirmed) = (health, clock, confirmed)
    }
}
