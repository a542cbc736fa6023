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
    let clock: any WallClock
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var minute = clock.now().minute
            var leaving: Set<UserID> = []
            repeat {
                let deleted = accounts.retention(Retention.Limits()).deleted
                for user in deleted.subtracting(leaving) {
                    await pipeline.erase(user)
                    telemetry.forget(user)
                }
                leaving = deleted
                let (now, confirmed) = (clock.now(), pipeline.confirmedTime)
                let isNewMinute = now.minute != minute
                minute = now.minute
                do {
                    try await accounts.run { accounts in
                        try accounts.refresh()
                        guard isNewMinute else { return }
                        try accounts.writeUses(at: now)
                        try accounts.removeExpired(at: confirmed)
                    }
                } catch {
                    logger.error("cannot read the accounts: \(error)")
                }
            } while (try? await clock.pause(milliseconds: 1000)) != nil
        }
    }
}
