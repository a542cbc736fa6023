import DattssCore
import DattssLog
import Logging

extension Server {
    /// Makes the user `local` in a data folder that has no users yet.
    /// - Returns: the key of that user, if it was made now: what a server prints at each start ends up in every log.
    public func prepareLocalUser() throws -> String? {
        guard try accounts.users().isEmpty else { return nil }
        try accounts.add(.local, at: configuration.clock.now())
        return accounts.key(of: .local)
    }

    /// The same from within a task: in a cluster it waits until the other servers have it.
    public func prepareFirstUser() async throws -> String? {
        try await accounts.run { _ in try self.prepareLocalUser() }
    }

    static let shop = DemoShop(seed: 2014)

    /// Lines that belong to nobody would only be counted as refused.
    static func requireStatsdUser(_ configuration: ServerConfiguration, in accounts: Accounts) throws {
        guard let user = configuration.statsdUser, accounts.key(of: user) == nil else { return }
        // A server makes 'local' in a folder without users.
        if user == .local, try accounts.users().isEmpty { return }
        throw ServerStartError(
            .noSuchUser, "there is no user '\(user)', whose the statsd lines are to be",
            "make it with 'dattss user add \(user)', or name another with --statsd-user")
    }

    /// Makes the users of the demo and of the server's own statistics, and the demo's past. Where somebody has their names
    /// already, there is no demo, and there are no such statistics.
    static func prepareInternalUsers(
        _ accounts: Accounts, _ configuration: inout ServerConfiguration, _ logger: Logger
    ) throws {
        let now = configuration.clock.now()
        if configuration.web.keepsOwnStatistics, try !accounts.prepareInternal(.dattss, at: now) {
            logger.warning("somebody is called 'dattss': the server keeps no statistics of itself")
            configuration.web.keepsOwnStatistics = false
        }
        if configuration.web.keepsOwnStatistics { try accounts.prepareOwnAlerts(at: now) }
        guard configuration.web.hasDemo, !accounts.isInternal(.demo) else { return }
        // The past first: cut off in between, it is written again, rather than never.
        if accounts.isKnown(.demo) {
            logger.warning("somebody is called 'demo': there is no demo")
            configuration.web.hasDemo = false
            return
        }
        try DemoHistory.write(
            shop, into: configuration.dataDirectory, configuration.fileSystem, policy: configuration.syncMode,
            days: configuration.web.demoDays, until: now)
        try accounts.add(.demo, at: now, isInternal: true)
        try accounts.setFavourites(DemoShop.favourites, of: .demo)
        try accounts.addBoard(DemoShop.board, of: .demo, at: now)
    }
}
