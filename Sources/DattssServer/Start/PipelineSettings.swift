import DattssCore
import DattssLog
import DattssPipeline
import Logging
import NIOCore
import NIOPosix

extension Server {
    /// What the pipeline is made with, and what the log of the server says of it.
    static func pipelineConfiguration(
        _ configuration: ServerConfiguration, _ accounts: Accounts, _ turns: LoopTurnsOfLoops, _ logger: Logger
    ) -> PipelineConfiguration {
        var pipeline = PipelineConfiguration(
            directory: configuration.dataDirectory, fileSystem: configuration.fileSystem, clock: configuration.clock)
        pipeline.syncMode = configuration.syncMode
        pipeline.limits = configuration.limits
        pipeline.housekeepingNiceness = configuration.housekeepingNiceness
        pipeline.queriesAtOnce = max(2, System.coreCount / 2)
        pipeline.queryNiceness = configuration.queryNiceness
        pipeline.aggregating = { turns.turns(on: MultiThreadedEventLoopGroup.singleton.next()) }
        let (clock, retention) = (configuration.clock, configuration.retention)
        pipeline.retention = { accounts.retention(retention) }
        pipeline.onErased = { user in
            // Tried again after the next start: a user of whom there is nothing is soon erased.
            do { try accounts.noteErased(user, at: clock.now()) } catch {
                logger.error("cannot note that '\(user)' is erased: \(error)")
            }
            logger.notice("all data of the deleted user '\(user)' is erased")
        }
        pipeline.trustsClock = configuration.trustsClock
        pipeline.onDeletion = { logger.notice("\($0)") }
        pipeline.onClockNews = { logger.log(level: $0.level, "\($0.sentence(about: $1))") }
        return pipeline
    }
}

extension ConfirmedTime.News {
    fileprivate var level: Logger.Level { self == .doubted ? .warning : .notice }

    /// What the log says of it.
    fileprivate func sentence(about time: ConfirmedTime) -> String {
        let (shown, line) = (UTC.moment(time.shown), UTC.moment(time.line))
        switch self {
        case .doubted:
            let hours = ConfirmedTime.confirmationMilliseconds / 3_600_000
            return "the clock shows \(shown), but it should be \(line) by what has passed since the last use of this folder: "
                + "nothing is deleted for its age by the new date before \(hours) hours have shown that it is right, or the "
                + "server is started with --trust-clock"
        case .resolved: return "the clock shows \(shown), which is what it should: the retention goes by it again"
        case .confirmed: return "the clock has been right for long enough, it shows \(shown): the retention goes by it now"
        }
    }
}
