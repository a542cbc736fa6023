import DattssCore
import DattssLog
import DattssPipeline
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// What the services of a server have in common while it runs, and how each of them is made of it.
struct ServerParts: Sendable {
    let configuration: ServerConfiguration
    let accounts: Accounts
    let pipeline: Pipeline
    let logger: Logger
    let processes: ProcessRegistry
    let datagrams = DatagramCounters()
    let marks: MarkIntake
    let deadlines: FastPathChannel.Deadlines
    let memory: MemoryBudget
    let connections: ConnectionLimit
    let telemetry: OTLPIntake
    /// For bodies that are dear to read.
    let decoding: DecodingPool
    let web: WebServices
    let feeds: LiveFeeds
    let alerts: AlertEvaluator
    let delivery: AlertDelivery
    let forwarding: Forwarding
    let startedAt: Timestamp
    private let turns: LoopTurnsOfLoops

    var clock: any WallClock { configuration.clock }

    init(
        _ configuration: ServerConfiguration, _ accounts: Accounts, _ pipeline: Pipeline, _ turns: LoopTurnsOfLoops,
        _ logger: Logger
    ) {
        (self.configuration, self.accounts, self.pipeline, self.logger) = (configuration, accounts, pipeline, logger)
        self.turns = turns
        let clock = configuration.clock
        startedAt = clock.now()
        processes = ProcessRegistry(clock: clock)
        marks = MarkIntake(accounts, clock: clock, logger: logger)
        deadlines = FastPathChannel.Deadlines(seconds: configuration.limits.requestSeconds)
        memory = MemoryBudget(configuration.limits)
        connections = ConnectionLimit(configuration.limits, proxies: configuration.web.trustedProxies)
        telemetry = OTLPIntake(startedAt: startedAt)
        decoding = DecodingPool(width: max(2, System.coreCount / 2), niceness: configuration.decodingNiceness)
        web = WebServices(
            configuration.web, statsdUser: configuration.statsdUser,
            passwords: PasswordWork(niceness: configuration.decodingNiceness), clock: clock, logger: logger)
        feeds = LiveFeeds(pipeline.queries, processes, unsent: memory.unsent, clock: clock)
        alerts = AlertEvaluator(accounts, pipeline.queries, processes, clock: clock, logger: logger)
        delivery = AlertDelivery(accounts, web, pipeline.queries, clock: clock, counters: alerts.counters)
        forwarding = Forwarding(configuration, accounts, pipeline, logger)
    }

    // MARK: Lines

    func makeCollector(of syntax: DatagramCollector.Syntax = .statsd) -> DatagramCollector {
        DatagramCollector(
            authenticator: accounts, statsdUser: configuration.statsdUser, limits: configuration.limits, syntax: syntax)
    }

    func makeLineIntake() -> LineIntake {
        LineIntake(
            pipeline: pipeline, processes: processes, counters: datagrams, clock: clock, logger: logger, marks: marks)
    }

    // MARK: HTTP

    /// What listens for HTTP.
    ///
    /// (Hummingbird's server without its `Application`: that has a timer beside it which is merged with the end of the program, and a merge
    /// of swift-async-algorithms 1.1 holds its lock over a suspension, at which a start that failed came to hang:
    /// apple/swift-async-algorithms#430.)
    /// - Parameter onListening: called with the port when it is open.
    /// - Throws: ``ServerStartError`` when the certificate is not good.
    func makeHTTPServer(onListening: @escaping @Sendable (any Channel) async -> Void) throws -> any Service {
        let routes = makeRoutes()
        let tls = try configuration.web.certificate?.tlsContext()
        let server = HTTPServerBuilder { [deadlines, memory, web, turns] responder in
            FastPathChannel(
                routed: HTTP1Channel(responder: responder), tls: tls, intakes: AggregateIntakes(routes.endpoint),
                deadlines: deadlines, uploads: memory.uploads, refusals: web.refusals, turns: turns)
        }
        return try server.buildServer(
            configuration: .init(address: .hostname(configuration.http.host, port: configuration.http.port)),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
            responder: responder(of: routes.makeRouter().buildResponder()), onServerRunning: onListening)
    }

    private func responder(of router: some HTTPResponder<ServerContext>) -> HTTPChannelHandler.Responder {
        { [logger, clock] request, writer, channel in
            let context = ServerContext(source: .init(channel: channel, logger: logger))
            var response: Response
            do { response = try await router.respond(to: request, context: context) } catch let error as HTTPParserError {
                throw error
            } catch {
                // (Whoever asked is gone: all other errors have been made answers.)
                response = Response(status: .internalServerError)
            }
            response.headers[.date] = InternetDate.http(clock.now())
            response.headers[.server] = "dattss"
            do { try await writer.write(response: response.head, body: response.body) } catch is HTTPParserError {
                // Part of an answer is written: there can be no other one.
                throw ChannelError.ioOnClosedChannel
            }
        }
    }

    private func makeRoutes() -> Routes {
        Routes(
            pipeline: pipeline, processes: processes, feeds: feeds, accounts: accounts, web: web, alerts: alerts,
            metrics: makeMetrics(),
            dashboard: makeDashboard(), clock: clock, limits: configuration.limits, telemetry: telemetry, memory: memory,
            decoding: decoding)
    }

    private func makeMetrics() -> Metrics {
        Metrics(
            pipeline: pipeline, datagrams: datagrams, deadlines: deadlines, connections: connections, web: web,
            telemetry: telemetry, memory: memory, decoding: decoding, alerts: alerts, marks: marks, startedAt: startedAt,
            forwarding: forwarding)
    }

    private func makeDashboard() -> DashboardFiles {
        let dashboard = DashboardFiles(plotDirectory: configuration.plotDirectory)
        if !dashboard.hasPlotLibrary {
            logger.notice(
                "the dashboard has no plots: \(configuration.plotDirectory) has no \(DashboardFiles.plotLibrary), which apt-get install libjs-dygraphs installs"
            )
        }
        return dashboard
    }

    /// From now on a port takes no more connections than it may.
    func limitConnections(to port: any Channel) async {
        let gate = port.eventLoop.submit { [connections, logger] in
            try port.pipeline.syncOperations.addHandler(ConnectionGate(connections, logger: logger), position: .first)
        }
        do { try await gate.get() } catch { logger.error("connections are not limited: \(error)") }
    }

    // MARK: Beside them

    func makeAccountsRefresher() -> AccountsRefresher {
        AccountsRefresher(
            accounts: accounts, pipeline: pipeline, telemetry: telemetry, hourDays: configuration.retention.hourDays, clock: clock,
            logger: logger)
    }

    func makeDemoTraffic(of shop: DemoShop) -> DemoTraffic {
        DemoTraffic(shop: shop, pipeline: pipeline, processes: processes, clock: clock, logger: logger)
    }

    /// - Parameter replaySeconds: how long the start took to read the log.
    func makeOwnStatistics(replaySeconds: Double) -> OwnStatistics {
        OwnStatistics(
            pipeline: pipeline, datagrams: datagrams, web: web, memory: memory, replaySeconds: replaySeconds, clock: clock,
            logger: logger, dataDirectory: configuration.dataDirectory)
    }
}
