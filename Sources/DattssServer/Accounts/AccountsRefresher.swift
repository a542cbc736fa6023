import DattssCore
import DattssLog
import DattssPipeline
import Logging
import ServiceLifecycle

/// Notices within a second what the command line changed in the accounts, and has the data of deleted users erased.
struct AccountsRefresher: Service {
    let accounts: Accounts
    let pipeline: Pipeline
    let telemetry: OTLPIntake
    /// The server's rule, for marks.
    let hourDays: Int64
    let clock: any WallClock
    let logger: Logger

    /// Every so often the other servers of a cluster get what could wait.
    private static let publishSeconds: Int64 = 5

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var minute = halfMinute
            var leaving: Set<UserID> = []
            repeat {
                let deleted = accounts.retention(Retention.Limits()).deleted
                for user in deleted.subtracting(leaving) {
                    await pipeline.erase(user)
                    telemetry.forget(user)
                }
                leaving = deleted
                let (now, confirmed) = (clock.now(), pipeline.confirmedTime)
                let isNewMinute = halfMinute != minute
                let isNewHour = halfMinute.index / 60 != minute.index / 60
                minute = halfMinute
                do {
                    try await accounts.run { accounts in
                        try accounts.refresh()
                        if now.milliseconds / 1000 % Self.publishSeconds == 0 { try accounts.publishLaterChanges() }
                        guard isNewMinute else { return }
                        try accounts.writeUses(at: now)
                        try accounts.removeExpired(at: confirmed)
                        if isNewHour { try accounts.removeOldMarks(at: confirmed, hourDays: hourDays) }
                    }
                } catch {
                    logger.error("cannot read the accounts: \(error)")
                }
            } while (try? await clock.pause(milliseconds: 1000)) != nil
        }
    }

    /// Changes in the middle of a minute, away from its end, when the log has the most to do on the same disk.
    private var halfMinute: Minute { clock.now().advanced(byMilliseconds: 30_000).minute }
}
