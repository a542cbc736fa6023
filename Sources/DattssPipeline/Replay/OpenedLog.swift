import DattssCore
import DattssLog

/// The log as a start finds it: read and replayed, and ready to be written on.
struct OpenedLog: Sendable {
    let report: RecoveryReport
    let replayed: Replay.Outcome
    /// The time of the newest data.
    let newest: Timestamp?
    private let configuration: PipelineConfiguration
    /// The accepted log, where it is a replicated stream.
    private let owned: (stream: OwnedStream, keptMilliseconds: Int64)?

    /// Reads the log of a data folder.
    init(_ configuration: PipelineConfiguration) throws(LogError) {
        try StreamFile(fileSystem: configuration.fileSystem, directory: configuration.directory).expectNone()
        var replay = Replay(now: configuration.clock.now(), limits: configuration.limits)
        report = try Recovery.run(
            fileSystem: configuration.fileSystem, directory: configuration.directory,
            policy: configuration.syncMode.policy, into: &replay)
        newest = [report.history.minutes?.upperBound.start, replay.latest].compactMap(\.self).max()
        replayed = replay.outcome(lastLSN: LSN(report.accepted.nextLSN.value - 1))
        self.configuration = configuration
        owned = nil
    }

    /// Takes over a stream, reads the folder, and from the stream what the folder does not have.
    init(_ configuration: PipelineConfiguration, owning stream: AcceptedStream) async throws(LogError) {
        let takeover = StreamTakeover(configuration, stream)
        let found = try await takeover.run()
        (report, replayed, newest) = (found.report, found.replayed, found.newest)
        self.configuration = configuration
        owned = (found.owned, stream.keptMilliseconds)
    }

    var history: History { report.history }

    /// The last batch of which the minute is on disk once ``minuteLane()`` was called.
    var covered: LSN { max(report.through, replayed.unwritten.last?.through ?? .zero) }

    func acceptedLog() -> any AcceptedLog {
        let lane = AcceptedLane(
            fileSystem: configuration.fileSystem, directory: configuration.directory, state: report.accepted,
            policy: configuration.syncMode.policy, delaysSegments: configuration.syncMode == .second)
        guard let owned else { return lane }
        return ReplicatedLog(owned.stream, former: lane, keptMilliseconds: owned.keptMilliseconds)
    }

    /// Writes the blocks of minutes that were over before the end of the log and have none.
    func minuteLane() throws(LogError) -> MinuteLane {
        let lane = MinuteLane(
            fileSystem: configuration.fileSystem, directory: configuration.directory, state: report.minutes,
            policy: configuration.syncMode.policy, history: history)
        for block in replayed.unwritten { try lane.append(block) }
        return lane
    }
}
