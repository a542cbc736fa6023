import DattssCore
import DattssLog
import DattssPipeline
import LibC
import Logging
import ServiceLifecycle

/// What a server of a cluster has beside one that is alone.
struct ClusterMembership: Sendable {
    let streams: StreamEngine.Opened
    /// Open until this server serves at the same port by itself; nil where it does not pass anything on.
    let standby: StandbyPort?
    let accounts: any ReplicatedStream
    let writer: StreamWriter
    let node: String
}

/// A start in a cluster, up to where this server has the accounts of the one before:
///
///     port opened ─► engine checked ─► standing by: requests are passed on ─► nobody owns the streams ─► accounts claimed, read ─► …
struct ClusterStart: Sendable {
    let address: StreamAddress
    let login: NatsLogin?
    let logger: Logger
    let onStandingBy: @Sendable (HostPort) -> Void

    /// - Parameter configuration: gets the port that the system chose.
    func run(_ configuration: inout ServerConfiguration) async throws -> ClusterMembership {
        let standby = try await openPort(&configuration)
        let own = StreamOwnerName(node: StreamNode.name(configuration.http), address: advertised(configuration))
        let directory = configuration.dataDirectory
        let logger = logger
        do {
            let streams = try await StreamEngine(address, login: login, logger).open(own) { streams in
                try await ReplicatedAccounts(stream: streams.accounts, directory: directory, logger: logger).requireSecret()
            } onOwner: {
                standby?.setOwner($0)
            }
            let accounts = ReplicatedAccounts(stream: streams.accounts, directory: directory, logger: logger)
            let writer = try await accounts.takeOver(node: own.node) {
                if access(directory + "/accounts.sqlite", F_OK) == 0 { return true }
                return try await streams.batches.bounds().last == .zero
            }
            return ClusterMembership(
                streams: streams, standby: standby, accounts: streams.accounts, writer: writer, node: own.node)
        } catch {
            await standby?.end()
            throw (error as? StreamProblem).map { ServerStartError(.badStream, $0.description) } ?? error
        }
    }

    private func openPort(_ configuration: inout ServerConfiguration) async throws -> StandbyPort? {
        guard configuration.web.certificate == nil else {
            logger.notice("while it stands by this server answers nothing: TLS is not passed on, a proxy in front can bring it")
            return nil
        }
        let port = StandbyPort(
            node: StreamNode.name(configuration.http), configuration.limits, proxies: configuration.web.trustedProxies)
        configuration.http = try await port.open(at: configuration.http, logger)
        onStandingBy(configuration.http)
        return port
    }

    private func advertised(_ configuration: ServerConfiguration) -> HostPort? {
        if configuration.web.certificate != nil { return nil }
        if let advertised = configuration.advertised { return advertised }
        let http = configuration.http
        return ["0.0.0.0", "::"].contains(http.host) ? HostPort(host: StreamNode.machine, port: http.port) : http
    }
}

/// Keeps the connection by which others know of the owner, and notices when another one has taken over.
struct OwnershipWatch: Service {
    let streams: StreamEngine.Opened
    let replica: AccountReplica

    private static let pauseMilliseconds = 500

    func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat {
                await streams.stayConnected()
                await replica.watch()
            } while (try? await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))) != nil
        }
    }
}
