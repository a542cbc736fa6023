import DattssCore
import DattssLog

/// The log as a start finds it: read and replayed, and ready to be written on.
struct OpenedLog: Sendable {
    let report: RecoveryReport
    let replayed: Replay.Outcome
    /// The time of the newest data.
    let newest: Timestamp?
    private let configuration: PipelineConfiguration

    /// Reads the log of a data folder.
    init(_ configuration: PipelineConfiguration) throws(LogError) {
        var replay = Replay(now: configuration.clock.now(), limits: configuration.limits)
        report = try Recovery.run(
            fileSystem: configuration.fileSystem, directory: configuration.directory,
            policy: configuration.syncMode.policy, into: &replay)
        newest = [report.history.minutes?.upperBound.start, replay.latest].compactMap(\.self).max()
        replayed = replay.outcome(lastLSN: LSN(report.accepted.nextLSN.value - 1))
        self.configuration = configuration
    }

    var history: History { report.history }

    /// The last batch of which the minute is on disk once ``minuteLane()`` was called.
    var covered: LSN { max(report.through, replayed.unwritten.last?.through ?? .zero) }

    func acceptedLane() -> AcceptedLane {
        AcceptedLane(
            fileSystem: configuration.fileSystem, directory: configuration.directory, state: report.accepted,
            policy: configuration.syncMode.policy, delaysSegments: configuration.syncMode == .second)
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
