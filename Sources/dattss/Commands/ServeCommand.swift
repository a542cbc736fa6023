import ArgumentParser
import CPlatform
import DattssCore
import DattssLog
import DattssPipeline
import DattssServer
import LibC
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// `dattss serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the server.",
        discussion: """
            An empty data folder is set up on the first start: it gets a secret, and a user 'local' whose key is printed. \
            SIGTERM, SIGINT and SIGHUP write everything down and end the server; a second one ends it at once. Nothing that was \
            acknowledged is lost either way.

              dattss serve --data-dir /var/lib/dattss --http 127.0.0.1:3002 --udp 127.0.0.1:8125 --statsd-user local
            """)

    @OptionGroup(title: "Data folder") var dataDirectory: DataDirectoryOption
    @Option(help: "A file of 'option = value' lines.")
    var config: String?
    @OptionGroup(title: "Where it listens") var listening: ListeningOptions
    @OptionGroup(title: "Lines of statsd") var statsd: StatsdOptions
    @OptionGroup(title: "What is kept") var keeping: KeepingOptions
    @OptionGroup(title: "Forwarding") var forwarding: ForwardingOptions
    @OptionGroup(title: "Limits") var limitOptions: LimitOptions
    @OptionGroup(title: "People and mail") var people: PeopleOptions
    @OptionGroup(title: "Alerts") var alerts: AlertOptions
    @OptionGroup(title: "TLS and proxies") var encryption: EncryptionOptions
    @OptionGroup(title: "The page") var page: PageOptions

    /// What a configuration file may say.
    static let optionNames: Set<String> = WebSettingNames.all.union([
        "data-dir", "http", "udp", "sync", "statsd-user", "statsd-tcp", "graphite", "statsd-socket",
        "statsd-stream-socket", "statsd-socket-mode", "retention-days", "hour-retention-days", "max-body-bytes",
        "max-partials", "max-statistics", "max-memory", "max-connections", "max-connections-per-address", "request-seconds",
        "idle-seconds", "forward", "accepted-log", "accepted-log-credentials", "advertise",
        "max-queued-per-user", "max-queued",
        "receive-buffer-bytes", "udp-sockets", "dygraphs-dir",
    ])

    func serverConfiguration() throws -> ServerConfiguration {
        let settings = try Settings(file: config)
        let address = "HOST:PORT"
        var server = ServerConfiguration(
            dataDirectory: dataDirectory.resolved(settings),
            http: try settings.value("http", listening.http, standard: HostPort(host: "127.0.0.1", port: 3002), address) {
                HostPort($0)
            },
            udp: try settings.value("udp", listening.udp, standard: HostPort(host: "127.0.0.1", port: 8125), address) {
                HostPort($0)
            })
        server.syncMode = try settings.value("sync", keeping.sync, standard: .second, "always, second or never") {
            SyncMode(rawValue: $0)
        }
        server.acceptedLog = try settings.value("accepted-log", keeping.acceptedLog, standard: nil, StreamAddress.expected) {
            $0 == "file" ? .some(nil) : StreamAddress($0).map(Optional.some)
        }
        server.acceptedLogCredentials = try settings.value(
            "accepted-log-credentials", keeping.acceptedLogCredentials, standard: nil, "a path"
        ) { .some($0) }
        server.advertised = try settings.value("advertise", keeping.advertise, standard: nil, "http://HOST:PORT") { text in
            guard text.hasPrefix("http://") else { return nil }
            return HostPort(text.dropFirst("http://".count)).flatMap { $0.port > 0 ? .some($0) : nil }
        }
        server.statsdUser = try settings.value("statsd-user", statsd.statsdUser, standard: nil, "a user's name: a-z 0-9 _ -") {
            UserID($0).map(Optional.some)
        }
        server.statsdTCP = try settings.value("statsd-tcp", statsd.statsdTcp, standard: nil, address) {
            HostPort($0).map(Optional.some)
        }
        server.graphite = try settings.value("graphite", statsd.graphite, standard: nil, address) {
            HostPort($0).map(Optional.some)
        }
        server.statsdSocket = try settings.value("statsd-socket", statsd.statsdSocket, standard: nil, "a path") { .some($0) }
        server.statsdStreamSocket = try settings.value("statsd-stream-socket", statsd.statsdStreamSocket, standard: nil, "a path") {
            .some($0)
        }
        server.statsdSocketMode = try settings.value(
            "statsd-socket-mode", statsd.statsdSocketMode, standard: server.statsdSocketMode, "an octal mode from 0 to 0777"
        ) { text in
            let isOctal = !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
            return isOctal ? UInt32(text, radix: 8).flatMap { $0 <= 0o777 ? $0 : nil } : nil
        }
        server.forwardTargets = try forwardTargets(settings)
        server.retention.minuteDays = try settings.integer(
            "retention-days", keeping.retentionDays, standard: server.retention.minuteDays, atLeast: 1)
        server.retention.hourDays = try settings.integer(
            "hour-retention-days", keeping.hourRetentionDays, standard: server.retention.hourDays, atLeast: 1)
        server.trustsClock = keeping.trustClock
        server.receiveBufferBytes = try settings.integer(
            "receive-buffer-bytes", limitOptions.receiveBufferBytes, standard: server.receiveBufferBytes, atLeast: 4096,
            atMost: Int(Int32.max))
        server.udpSockets = try settings.integer(
            "udp-sockets", listening.udpSockets, standard: server.udpSockets, atLeast: 1,
            atMost: ServerConfiguration.udpSocketsMax)
        server.plotDirectory = try settings.value("dygraphs-dir", page.dygraphsDir, standard: server.plotDirectory, "a folder") {
            $0
        }
        server.limits = try limits(settings)
        server.web = try webSettings(settings)
        // Whoever starts it at a terminal may see a link that signs in; a log should not be full of them.
        server.web.offersSignIn = Terminal.isOutput
        return server
    }

    private func forwardTargets(_ settings: Settings) throws -> [ForwardTarget] {
        let given = forwarding.targets.isEmpty ? nil : forwarding.targets.joined(separator: " ")
        let targets = try settings.value("forward", given, standard: [], ForwardTarget.expected) { text -> [ForwardTarget]? in
            let words = text.split(whereSeparator: \.isWhitespace)
            let targets = words.compactMap { ForwardTarget(String($0)) }
            return targets.count == words.count ? targets : nil
        }
        guard Set(targets.map(\.description)).count == targets.count else {
            throw ValidationError("--forward: names a target twice")
        }
        return targets
    }

    private func limits(_ settings: Settings) throws -> Limits {
        var limits = Limits(
            memoryBytes: try settings.bytes(
                "max-memory", limitOptions.maxMemory, standard: Limits.standardMemoryBytes, atLeast: Limits.memoryBytesMin))
        limits.bodyBytes = try settings.integer(
            "max-body-bytes", limitOptions.maxBodyBytes, standard: min(limits.bodyBytes, limits.bodyBytesMax), atLeast: 1024)
        guard limits.bodyBytes <= limits.bodyBytesMax else {
            throw ValidationError(
                "--max-body-bytes: is \(limits.bodyBytes), expected at most \(limits.bodyBytesMax), an eighth of --max-memory")
        }
        limits.partialsPerBatch = try settings.integer(
            "max-partials", limitOptions.maxPartials, standard: limits.partialsPerBatch, atLeast: 1)
        limits.liveStatisticsPerUser = try settings.integer(
            "max-statistics", limitOptions.maxStatistics, standard: limits.liveStatisticsPerUser, atLeast: 1)
        limits.requestSeconds = try settings.integer(
            "request-seconds", limitOptions.requestSeconds, standard: limits.requestSeconds, atLeast: 1, atMost: 86_400)
        limits.connections = try settings.integer(
            "max-connections", limitOptions.maxConnections, standard: limits.connections, atLeast: 1)
        limits.connectionsPerAddress = try settings.value(
            "max-connections-per-address", limitOptions.maxConnectionsPerAddress, standard: nil, "a number of at least 1"
        ) { text in Int(text).flatMap { $0 >= 1 ? .some($0) : nil } }
        limits.idleSeconds = try settings.integer(
            "idle-seconds", limitOptions.idleSeconds, standard: limits.idleSeconds, atLeast: 120)
        limits.queuedPartialsPerUser = try settings.integer(
            "max-queued-per-user", limitOptions.maxQueuedPerUser, standard: limits.queuedPartialsPerUser, atLeast: 1)
        limits.queuedPartials = try settings.integer(
            "max-queued", limitOptions.maxQueued, standard: limits.queuedPartials, atLeast: 1)
        return limits
    }

    func run() async throws {
        // A closed minute is a few large arrays, made on one thread and freed on another: kept for reuse, they were as much
        // memory again as was in use (`scripts/overload steady`).
        _ = memory_return_large(4 << 20)
        let configuration = try serverConfiguration()
        let logger = Self.makeLogger()
        let addressFile = AddressFile(configuration.dataDirectory)
        let dataOption = configuration.dataDirectory == "data" ? "" : " --data-dir \(configuration.dataDirectory)"
        let shutdown = ShutdownTrigger()
        let started = ContinuousClock.now
        let onFailure: @Sendable (String) -> Void = { problem in
            logger.critical("the log failed, stopping; start again to replay what is really there: \(problem)")
            shutdown.fail()
        }
        let onListening: @Sendable (Server.Listening) -> Void = { listening in
            let url = Server.url(listening.http, isSecure: configuration.web.certificate != nil)
            do { try addressFile.write(url) } catch { logger.error("cannot write the address file: \(error)") }
            print("  listening  \(url)   udp \(listening.udp)")
            if let address = listening.statsdTCP { print("  statsd     tcp \(address)") }
            if let tcp = listening.graphiteTCP, let udp = listening.graphiteUDP {
                print("  graphite   tcp \(tcp)   udp \(udp)")
            }
            print("  sign in    \(listening.signInLink ?? "by the link of 'dattss user link local\(dataOption)'")")
            if let demo = listening.demo { print("  demo       \(demo)") }
            print("  ready\n")
            fflush(nil)
        }
        let server =
            if let address = configuration.acceptedLog {
                try await Server(
                    configuration, owning: address, logger: logger, onFailure: onFailure,
                    onStandingBy: { address in
                        print("  standby    \(Server.url(address, isSecure: false))   until nobody owns the accepted log")
                        fflush(nil)
                    }, onListening: onListening)
            } else {
                try Server(configuration, logger: logger, onFailure: onFailure, onListening: onListening)
            }
        // One that was killed may have left it behind; the folder is this one's now.
        addressFile.remove()
        let key = try await server.prepareFirstUser()
        StartReport(server, configuration, key, took: ContinuousClock.now - started).print()
        let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
        shutdown.group.withLock { $0 = group }
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask { try await Self.watchSignals(group) }
            try await tasks.next()
            tasks.cancelAll()
        }
        addressFile.remove()
        if shutdown.hasFailed { throw ExitCode(74) }
    }

    private static func makeLogger() -> Logger {
        var logger = Logger(label: "dattss") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        return logger
    }

    /// The first signal ends the server in order, the second at once.
    private static func watchSignals(_ group: ServiceGroup) async throws {
        var isFirst = true
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup) {
            guard isFirst else { _exit(130) }
            isFirst = false
            await group.triggerGracefulShutdown()
        }
        // Ended by cancellation, when the server has ended.
        try await Task.sleep(for: .seconds(3600))
    }
}

/// Ends the server when the disk has failed.
private final class ShutdownTrigger: Sendable {
    let group = Mutex<ServiceGroup?>(nil)
    private let failed = Atomic(false)

    var hasFailed: Bool { failed.load(ordering: .acquiring) }

    func fail() {
        failed.store(true, ordering: .releasing)
        guard let group = group.withLock({ $0 }) else { return }
        Task { await group.triggerGracefulShutdown() }
    }
}

/// The few lines that a starting server prints.
private struct StartReport {
    private let server: Server
    private let configuration: ServerConfiguration
    private let took: Duration
    /// The key of the user 'local', if it was made now.
    private let key: String?

    init(_ server: Server, _ configuration: ServerConfiguration, _ key: String?, took: Duration) {
        self.key = key
        self.server = server
        self.configuration = configuration
        self.took = took
    }

    func print() {
        let recovery = server.recovery
        let seconds = (took / .milliseconds(1)).rounded() / 1000
        Swift.print("DaTtSs \(DattssCommand.configuration.version)")
        Swift.print(
            "  data       \(configuration.dataDirectory)   \(configuration.retention.minuteDays) days of minutes, \(configuration.retention.hourDays) of hours, synced: \(configuration.syncMode.rawValue)"
        )
        Swift.print(
            "  replayed   \(recovery.blocks) minutes and \(recovery.batches) batches, \(recovery.bytes) bytes on disk, in \(seconds) s"
        )
        for finding in recovery.tornTails { Swift.print("  cut        \(finding)") }
        for finding in recovery.corrupt { Swift.print("  corrupt    \(finding)") }
        if let key { Swift.print("  key        \(key)   (of the user 'local'; not shown again)") }
        if let user = configuration.statsdUser { Swift.print("  statsd     lines belong to the user '\(user)'") }
    }
}
