import DattssCore
public import DattssLog
import DattssPipeline
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOHTTPTypes
import NIOSSL
public import ServiceLifecycle

/// The whole server: accounts, the pipeline, the UDP port and the HTTP port, as one service.
///
/// On graceful shutdown the ports stop first, then the pipeline writes down what it has.
public struct Server: Service {
    private let configuration: ServerConfiguration
    let accounts: Accounts
    let pipeline: Pipeline
    let lock: any FileLock
    private let replaySeconds: Double
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
        var configuration = configuration
        self.logger = logger
        self.onListening = onListening
        lock = try DataFolder.lock(configuration.dataDirectory, fileSystem: configuration.fileSystem)
        accounts = try Accounts(directory: configuration.dataDirectory)
        try Self.requireStatsdUser(configuration, in: accounts)
        try Self.prepareInternalUsers(accounts, &configuration, logger)
        self.configuration = configuration
        var pipelineConfiguration = PipelineConfiguration(
            directory: configuration.dataDirectory, fileSystem: configuration.fileSystem, clock: configuration.clock)
        pipelineConfiguration.syncMode = configuration.syncMode
        pipelineConfiguration.limits = configuration.limits
        pipelineConfiguration.housekeepingNiceness = configuration.housekeepingNiceness
        pipelineConfiguration.queriesAtOnce = max(2, System.coreCount / 2)
        pipelineConfiguration.queryNiceness = configuration.queryNiceness
        let (accounts, clock, retention) = (accounts, configuration.clock, configuration.retention)
        pipelineConfiguration.retention = { accounts.retention(retention) }
        pipelineConfiguration.onErased = { user in
            // Tried again after the next start: a user of whom there is nothing is soon erased.
            do { try accounts.noteErased(user, at: clock.now()) } catch {
                logger.error("cannot note that '\(user)' is erased: \(error)")
            }
            logger.notice("all data of the deleted user '\(user)' is erased")
        }
        pipelineConfiguration.trustsClock = configuration.trustsClock
        pipelineConfiguration.onDeletion = { logger.notice("\($0)") }
        pipelineConfiguration.onClockNews = { logger.log(level: $0.level, "\($0.sentence(about: $1))") }
        let started = ContinuousClock.now
        pipeline = try Pipeline(pipelineConfiguration, onFailure: onFailure)
        replaySeconds = (ContinuousClock.now - started) / .seconds(1)
    }

    /// Serves until the task is cancelled or the service group shuts down; returns when everything that was acknowledged is on disk.
    /// - Throws: an error when a socket cannot be opened, or the log fails.
    public func run() async throws {
        let clock = configuration.clock
        let processes = ProcessRegistry(clock: clock)
        let datagrams = DatagramCounters()
        let deadlines = FastPathChannel.Deadlines(seconds: configuration.limits.requestSeconds)
        let memory = MemoryBudget(configuration.limits)
        let connections = ConnectionLimit(configuration.limits, proxies: configuration.web.trustedProxies)
        let telemetry = OTLPIntake(startedAt: clock.now())
        let decoding = DecodingPool(width: max(2, System.coreCount / 2), niceness: configuration.decodingNiceness)
        let web = WebServices(
            configuration.web, statsdUser: configuration.statsdUser,
            passwords: PasswordWork(niceness: configuration.decodingNiceness), clock: clock, logger: logger)
        let metrics = Metrics(
            pipeline: pipeline, datagrams: datagrams, deadlines: deadlines, connections: connections, web: web,
            telemetry: telemetry, memory: memory, decoding: decoding, startedAt: clock.now())
        let udpPort = AsyncStream.makeStream(of: SocketAddress.self)
        let collector = DatagramCollector(
            authenticator: accounts, statsdUser: configuration.statsdUser, limits: configuration.limits)
        let intake = LineIntake(
            pipeline: pipeline, processes: processes, counters: datagrams, clock: clock, logger: logger)
        let furtherListeners = try FurtherListeners(configuration, collector: collector, intake: intake)
        let (httpPlace, udpPlace) = (ListeningPlace.http(configuration.http), ListeningPlace.udp(configuration.udp))
        _ = try httpPlace.resolved()
        let listener = DatagramListener(
            source: .udp, address: try udpPlace.resolved(), collector: collector, intake: intake,
            receiveBufferBytes: configuration.receiveBufferBytes,
            onListening: { udpPort.continuation.yield($0) })
        let dashboard = DashboardFiles(plotDirectory: configuration.plotDirectory)
        if !dashboard.hasPlotLibrary {
            logger.notice(
                "the dashboard has no plots: \(configuration.plotDirectory) has no \(DashboardFiles.plotLibrary), which apt-get install libjs-dygraphs installs"
            )
        }
        let feeds = LiveFeeds(pipeline.queries, processes, unsent: memory.unsent, clock: clock)
        let routes = Routes(
            pipeline: pipeline, processes: processes, feeds: feeds, accounts: accounts, web: web, metrics: metrics,
            dashboard: dashboard, clock: clock, limits: configuration.limits, telemetry: telemetry,
            memory: memory, decoding: decoding)
        let tls = try configuration.web.certificate.map(Self.tlsContext)
        let (udp, onListening) = (configuration.udp, onListening)
        let application = Application(
            router: routes.makeRouter(),
            server: HTTPServerBuilder { responder in
                FastPathChannel(
                    routed: HTTP1Channel(responder: responder), tls: tls, intakes: AggregateIntakes(routes.endpoint),
                    deadlines: deadlines, uploads: memory.uploads, refusals: web.refusals)
            },
            configuration: .init(
                address: .hostname(configuration.http.host, port: configuration.http.port), serverName: "dattss"),
            onServerRunning: { [http = configuration.http, accounts, logger] channel in
                let gate = channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(ConnectionGate(connections, logger: logger), position: .first)
                }
                do { try await gate.get() } catch { logger.error("connections are not limited: \(error)") }
                let httpPort = channel.localAddress?.port ?? http.port
                // Nil when another port could not be opened: then the server ends, and is not ready.
                let udpAddress = await udpPort.stream.first { _ in true }
                guard let udpAddress else { return }
                let statsdTCP: HostPort?
                do { statsdTCP = try await furtherListeners.listening() } catch { return }
                let httpAddress = HostPort(host: http.host, port: httpPort)
                web.address.url = Self.url(httpAddress, isSecure: tls != nil)
                web.address.udpPort = udpAddress.port ?? udp.port
                var listening = Listening(
                    http: httpAddress, udp: HostPort(host: udp.host, port: web.address.udpPort),
                    statsdTCP: statsdTCP)
                listening.demo = web.settings.hasDemo ? web.link("/demo") : nil
                do {
                    let token = try await accounts.run {
                        try Self.signInToken($0, always: web.settings.offersSignIn, at: clock.now())
                    }
                    listening.signInLink = token.map { web.link("/sign-in/\($0)") }
                } catch {
                    logger.error("cannot make a link to sign in: \(error)")
                }
                onListening(listening)
            },
            logger: logger)
        var services: [any Service] = [
            PipelineService(pipeline: pipeline),
            AccountsRefresher(
                accounts: accounts, pipeline: pipeline, telemetry: telemetry, clock: clock, logger: logger),
        ]
        if configuration.web.hasDemo {
            services.append(
                DemoTraffic(shop: Self.shop, pipeline: pipeline, processes: processes, clock: clock, logger: logger))
        }
        if configuration.web.keepsOwnStatistics {
            services.append(
                OwnStatistics(
                    pipeline: pipeline, datagrams: datagrams, web: web, memory: memory, replaySeconds: replaySeconds, clock: clock,
                    logger: logger))
        }
        services += furtherListeners.services
        // Live streams end before the port does: it waits for them.
        services += [
            PlacedService(listener, at: udpPlace, onFailure: { udpPort.continuation.finish() }),
            PlacedService(application, at: httpPlace), feeds,
            EndOfRetries(pipeline: pipeline),
        ]
        // Ended in reverse order.
        try await ServiceGroup(
            configuration: .init(
                services: services.map { service in
                    // What already listens ends in order when another cannot.
                    .init(
                        service: service,
                        failureTerminationBehavior: service is PlacedService ? .gracefullyShutdownGroup : .cancelGroup)
                }, logger: logger)
        ).run()
        lock.release()
    }
}

/// Ends first, and says so to the pipeline.
private struct EndOfRetries: Service {
    let pipeline: Pipeline

    func run() async throws {
        // (A cancellation has the same meaning.)
        try? await gracefulShutdown()
        pipeline.prepareToFinish()
    }
}

/// Runs the pipeline until the services in front of it have ended.
private struct PipelineService: Service {
    let pipeline: Pipeline

    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                // Cancellation would throw away what is queued; the pipeline ends when it has written that down.
                await Task { await pipeline.run() }.value
            } onCancel: {
                pipeline.finish()
            }
        } onGracefulShutdown: {
            pipeline.finish()
        }
    }
}

extension Server {
    /// Makes the user `local` in a data folder that has no users yet.
    /// - Returns: the key of that user, if it was made now: what a server prints at each start ends up in every log.
    public func prepareLocalUser() throws -> String? {
        guard try accounts.users().isEmpty else { return nil }
        try accounts.add(.local, at: configuration.clock.now())
        return accounts.key(of: .local)
    }

    private static let shop = DemoShop(seed: 2014)

    /// Lines that belong to nobody would only be counted as refused.
    private static func requireStatsdUser(_ configuration: ServerConfiguration, in accounts: Accounts) throws {
        guard let user = configuration.statsdUser, accounts.key(of: user) == nil else { return }
        // A server makes 'local' in a folder without users.
        if user == .local, try accounts.users().isEmpty { return }
        throw ServerStartError(
            .noSuchUser, "there is no user '\(user)', whose the statsd lines are to be",
            "make it with 'dattss user add \(user)', or name another with --statsd-user")
    }

    /// Makes the users of the demo and of the server's own statistics, and the demo's past. Where somebody has their names
    /// already, there is no demo, and there are no such statistics.
    private static func prepareInternalUsers(
        _ accounts: Accounts, _ configuration: inout ServerConfiguration, _ logger: Logger
    ) throws {
        let now = configuration.clock.now()
        if configuration.web.keepsOwnStatistics, try !accounts.prepareInternal(.dattss, at: now) {
            logger.warning("somebody is called 'dattss': the server keeps no statistics of itself")
            configuration.web.keepsOwnStatistics = false
        }
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
    }

    /// As long as nobody has ever signed in as `local`, or always.
    private static func signInToken(_ accounts: Accounts, always: Bool, at time: Timestamp) throws -> String? {
        guard accounts.key(of: .local) != nil, try always || !accounts.hasSignedIn(.local) else { return nil }
        return try accounts.signInToken(for: .local, at: time)
    }

    /// Where a browser on this machine finds the server.
    public static func url(_ address: HostPort, isSecure: Bool) -> String {
        var address = address
        if ["0.0.0.0", "::"].contains(address.host) { address.host = "127.0.0.1" }
        return (isSecure ? "https://" : "http://") + address.description
    }

    private static func tlsContext(_ files: WebSettings.CertificateFiles) throws -> NIOSSLContext {
        for path in [files.certificate, files.key] {
            guard let problem = PrivateFile.problem(reading: path) else { continue }
            throw ServerStartError(.unreadable, "\(path) cannot be read: \(problem)")
        }
        do { return try uncheckedContext(files) } catch {
            throw ServerStartError(
                .badCertificate, "\(files.certificate) and \(files.key) are no certificate with its key: \(error)",
                "both are PEM files, that of the certificate with those that vouch for it")
        }
    }

    private static func uncheckedContext(_ files: WebSettings.CertificateFiles) throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMFile(files.certificate)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
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
