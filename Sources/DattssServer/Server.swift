import CPlatform
import DattssCore
public import DattssLog
import DattssPipeline
import FoundationEssentials
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// The whole server: accounts, the pipeline, the UDP port and the HTTP port, as one service.
///
/// On graceful shutdown the ports stop first, then the pipeline writes down what it has.
public struct Server: Service {
    let configuration: ServerConfiguration
    let accounts: Accounts
    let pipeline: Pipeline
    let lock: any FileLock
    private let replaySeconds: Double
    private let turns: LoopTurnsOfLoops
    private let cluster: (membership: ClusterMembership, replica: AccountReplica)?
    private let logger: Logger
    private let onListening: @Sendable (Listening) -> Void

    /// Where a server listens; told when both ports are open.
    public struct Listening: Sendable {
        /// The address that HTTP is served at, with the port that the system chose if it was to.
        public var http: HostPort
        /// The same for datagrams.
        public var udp: HostPort
        /// Where statsd lines come over TCP, if they do.
        public var statsdTCP: HostPort?
        /// Where Graphite's lines come over TCP, if they do.
        public var graphiteTCP: HostPort?
        /// The same in datagrams: the same port, unless the system chose.
        public var graphiteUDP: HostPort?
        /// Signs in as `local`, once and within a day: as long as nobody ever has, or where it is asked for at every start.
        public var signInLink: String?
        /// Where the demo is, if there is one.
        public var demo: String?
    }

    /// What was found in the log on start.
    public var recovery: RecoveryReport { pipeline.recovery }

    /// Locks the data folder and replays its log.
    /// - Parameters:
    ///   - onFailure: called when only a restart is safe.
    ///   - onListening: called when both ports are open.
    public init(
        _ configuration: ServerConfiguration, logger: Logger, onFailure: @escaping @Sendable (String) -> Void,
        onListening: @escaping @Sendable (Listening) -> Void = { _ in }
    ) throws {
        let lock = try DataFolder.lock(configuration.dataDirectory, fileSystem: configuration.fileSystem)
        let folder = try Folder(configuration, lock, logger)
        let started = ContinuousClock.now
        let pipeline = try Pipeline(folder.pipelineConfiguration(logger), onFailure: onFailure)
        self.init(folder, pipeline, replayedSince: started, logger, onListening)
    }

    /// The same with a replicated stream as accepted log: waits until nobody else owns it, and passes on meanwhile what it is asked; then takes
    /// it over with the accounts, and replays it.
    /// - Parameter onStandingBy: called when the port of HTTP is open, with its address.
    /// - Throws: also when its engine cannot be reached within half a minute, or does not promise what is needed.
    public init(
        _ given: ServerConfiguration, owning address: StreamAddress, logger: Logger,
        onFailure: @escaping @Sendable (String) -> Void, onStandingBy: @escaping @Sendable (HostPort) -> Void = { _ in },
        onListening: @escaping @Sendable (Listening) -> Void = { _ in }
    ) async throws {
        var configuration = given
        let login = try configuration.acceptedLogCredentials.map(Self.login)
        let lock = try DataFolder.lock(configuration.dataDirectory, fileSystem: configuration.fileSystem)
        // The command line knows by it whether the accounts of this folder are those that count.
        AddressFile(configuration.dataDirectory).remove()
        let membership = try await ClusterStart(address: address, login: login, logger: logger, onStandingBy: onStandingBy)
            .run(&configuration)
        let folder = try Folder(configuration, lock, logger)
        let confirmed = ConfirmedChanges(directory: configuration.dataDirectory)
        let secret = try SecretFile.load(configuration.dataDirectory + "/secret")
        let replica = AccountReplica(
            membership.accounts, membership.writer, fingerprint: ReplicatedAccounts.fingerprint(of: secret), onDeposed: onFailure
        ) { confirmed.note($0.changeCounter) }
        let started = ContinuousClock.now
        let stream = AcceptedStream(
            membership.streams.batches, node: membership.node, keptMilliseconds: address.keepHours * 3_600_000)
        let pipeline: Pipeline
        do {
            try await folder.accounts.run { try $0.replicate(to: replica) }
            pipeline = try await Pipeline(folder.pipelineConfiguration(logger), owning: stream, onFailure: onFailure)
        } catch {
            // One of several that start at once is the last to claim the streams; the others stand by when they are started again.
            await replica.watch()
            guard let deposition = replica.deposition else { throw error }
            throw ServerStartError(.replaced, deposition, "started again it stands by")
        }
        self.init(folder, pipeline, replayedSince: started, logger, onListening, (membership, replica))
    }

    private init(
        _ folder: Folder, _ pipeline: Pipeline, replayedSince started: ContinuousClock.Instant, _ logger: Logger,
        _ onListening: @escaping @Sendable (Listening) -> Void,
        _ cluster: (membership: ClusterMembership, replica: AccountReplica)? = nil
    ) {
        self.cluster = cluster
        (configuration, accounts, lock, turns) = (folder.configuration, folder.accounts, folder.lock, folder.turns)
        (self.pipeline, self.logger, self.onListening) = (pipeline, logger, onListening)
        replaySeconds = (ContinuousClock.now - started) / .seconds(1)
    }

    /// A data folder that is locked, and its users.
    private struct Folder {
        let configuration: ServerConfiguration
        let accounts: Accounts
        let lock: any FileLock
        let turns = LoopTurnsOfLoops()

        init(_ given: ServerConfiguration, _ lock: any FileLock, _ logger: Logger) throws {
            var configuration = given
            self.lock = lock
            accounts = try Accounts(directory: configuration.dataDirectory)
            try Server.requireStatsdUser(configuration, in: accounts)
            try Server.prepareInternalUsers(accounts, &configuration, logger)
            self.configuration = configuration
        }

        func pipelineConfiguration(_ logger: Logger) -> PipelineConfiguration {
            Server.pipelineConfiguration(configuration, accounts, turns, logger)
        }
    }

    private static func login(_ path: String) throws -> NatsLogin {
        do { return NatsLogin(try String(contentsOfFile: path, encoding: .utf8)) } catch {
            throw ServerStartError(.unreadable, "the file with the credentials of the accepted log, \(path), cannot be read")
        }
    }

    /// Serves until the task is cancelled or the service group shuts down; returns when everything that was acknowledged is on disk.
    /// - Throws: an error when a socket cannot be opened, or the log fails.
    public func run() async throws {
        let parts = ServerParts(configuration, accounts, pipeline, turns, logger)
        let (collector, intake) = (parts.makeCollector(), parts.makeLineIntake())
        let furtherListeners = try FurtherListeners(
            configuration, collector: collector, graphiteCollector: parts.makeCollector(of: .graphite), intake: intake)
        let httpPlace = ListeningPlace.http(configuration.http)
        _ = try httpPlace.resolved()
        let udp = try UDPPort(configuration, collector: collector, intake: intake)
        let announcement = Announcement(parts, udp: udp, further: furtherListeners, onListening)
        let http = try parts.makeHTTPServer { channel in
            await parts.limitConnections(to: channel)
            await announcement.make(of: channel)
        }
        await Self.hurryLoops()
        await cluster?.membership.standby?.end()
        // They end in reverse order.
        var services: [any Service] = [
            PipelineService(pipeline: pipeline), parts.makeAccountsRefresher(), parts.alerts, parts.delivery,
        ]
        if let cluster { services.append(OwnershipWatch(streams: cluster.membership.streams, replica: cluster.replica)) }
        if configuration.web.hasDemo { services.append(parts.makeDemoTraffic(of: Self.shop)) }
        if configuration.web.keepsOwnStatistics { services.append(parts.makeOwnStatistics(replaySeconds: replaySeconds)) }
        if !configuration.forwardTargets.isEmpty { services.append(parts.forwarding) }
        services += furtherListeners.services
        // Live streams end before the port does: it waits for them.
        services += [udp.service, PlacedService(http, at: httpPlace), parts.feeds, EndOfRetries(pipeline: pipeline)]
        try await makeGroup(services).run()
        lock.release()
    }

    /// Whoever sends waits for an event loop, and that has little to do at a time: it need not wait until a thread that works out answers
    /// has had its slice of the processor.
    private static func hurryLoops() async {
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
            // Where it is not possible senders wait a little longer.
            _ = try? await loop.submit { thread_request_slice(100_000) }.get()
        }
    }

    private func makeGroup(_ services: [any Service]) -> ServiceGroup {
        ServiceGroup(
            configuration: .init(
                services: services.map { service in
                    // What already listens ends in order when another cannot.
                    .init(
                        service: service,
                        failureTerminationBehavior: service is PlacedService ? .gracefullyShutdownGroup : .cancelGroup)
                }, logger: logger))
    }

    /// Where a browser on this machine finds the server.
    public static func url(_ address: HostPort, isSecure: Bool) -> String {
        var address = address
        if ["0.0.0.0", "::"].contains(address.host) { address.host = "127.0.0.1" }
        return (isSecure ? "https://" : "http://") + address.description
    }
}
