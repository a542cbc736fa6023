import DattssCore
public import DattssLog
import DattssPipeline
import Dispatch
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOHTTPTypes
public import ServiceLifecycle

/// The whole server: accounts, the pipeline, the UDP port and the HTTP port, as one service.
///
/// On graceful shutdown the ports stop first, then the pipeline writes down what it has.
public struct Server: Service {
    private let configuration: ServerConfiguration
    private let accounts: Accounts
    private let pipeline: Pipeline
    private let lock: any FileLock
    private let logger: Logger
    private let onListening: @Sendable (Listening) -> Void

    /// Where a server listens; told when both ports are open.
    public struct Listening: Sendable {
        public var http: HostPort
        public var udp: HostPort
        public var statsdTCP: HostPort?
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
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
        lock = try DataFolder.lock(configuration.dataDirectory, fileSystem: configuration.fileSystem)
        accounts = try Accounts(directory: configuration.dataDirectory)
        var pipelineConfiguration = PipelineConfiguration(
            directory: configuration.dataDirectory, fileSystem: configuration.fileSystem, clock: configuration.clock)
        pipelineConfiguration.syncMode = configuration.syncMode
        pipelineConfiguration.limits = configuration.limits
        let (accounts, clock, retention) = (accounts, configuration.clock, configuration.retention)
        pipelineConfiguration.retention = { accounts.retention(retention) }
        pipelineConfiguration.onErased = { user in
            // Tried again after the next start: a user of whom there is nothing is soon erased.
            do { try accounts.noteErased(user, at: clock.now()) } catch {
                logger.error("cannot note that '\(user)' is erased: \(error)")
            }
            logger.notice("all data of the deleted user '\(user)' is erased")
        }
        pipeline = try Pipeline.open(pipelineConfiguration, authenticator: accounts, onFailure: onFailure)
    }

    public func run() async throws {
        let clock = configuration.clock
        let processes = ProcessRegistry(clock: clock)
        let datagrams = DatagramCounters()
        let timeouts = TimeoutCounter()
        let metrics = Metrics(
            pipeline: pipeline, datagrams: datagrams, requestTimeouts: timeouts, startedAt: clock.now())
        let udpPort = AsyncStream.makeStream(of: SocketAddress.self)
        let collector = DatagramCollector(
            authenticator: accounts, statsdUser: configuration.statsdUser, limits: configuration.limits)
        let intake = LineIntake(pipeline: pipeline, processes: processes, counters: datagrams)
        let furtherListeners = try FurtherListeners(configuration, collector: collector, intake: intake)
        let listener = DatagramListener(
            source: .udp,
            address: try SocketAddress.makeAddressResolvingHost(configuration.udp.host, port: configuration.udp.port),
            collector: collector, intake: intake, receiveBufferBytes: configuration.receiveBufferBytes,
            onListening: { udpPort.continuation.yield($0) })
        let routes = Routes(
            pipeline: pipeline, processes: processes, accounts: accounts, metrics: metrics, clock: clock,
            limits: configuration.limits)
        let (udp, onListening) = (configuration.udp, onListening)
        let requestSeconds = configuration.limits.requestSeconds
        let application = Application(
            router: routes.makeRouter(),
            server: HTTPServerBuilder { responder in
                LanedChannel(
                    routed: HTTP1Channel(
                        responder: responder,
                        configuration: .init(
                            additionalChannelHandlers: [
                                RequestDeadline(seconds: requestSeconds, idleSeconds: 120, onTimeout: timeouts.add)
                            ])),
                    intakes: AggregateIntakes(routes.endpoint),
                    makeDeadline: { LaneDeadline(seconds: requestSeconds, idleSeconds: 120, onTimeout: timeouts.add) })
            },
            configuration: .init(
                address: .hostname(configuration.http.host, port: configuration.http.port), serverName: "dattss"),
            onServerRunning: { [http = configuration.http] channel in
                let httpPort = channel.localAddress?.port ?? http.port
                let udpAddress = await udpPort.stream.first { _ in true }
                let statsdTCP = await furtherListeners.listening()
                onListening(
                    Listening(
                        http: HostPort(host: http.host, port: httpPort),
                        udp: HostPort(host: udp.host, port: udpAddress?.port ?? udp.port), statsdTCP: statsdTCP))
            },
            logger: logger)
        // Ended in reverse order.
        try await ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: PipelineService(pipeline: pipeline)),
                    .init(service: AccountsRefresher(accounts: accounts, pipeline: pipeline, logger: logger)),
                ] + furtherListeners.services.map { .init(service: $0) } + [
                    .init(service: listener),
                    .init(service: application),
                ], logger: logger)
        ).run()
        lock.release()
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

/// Notices within a second what the command line changed in the accounts, and has the data of deleted users erased.
private struct AccountsRefresher: Service {
    let accounts: Accounts
    let pipeline: Pipeline
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var leaving: Set<UserID> = []
            repeat {
                let deleted = accounts.retention(Retention.Limits()).deleted
                for user in deleted.subtracting(leaving) { await pipeline.erase(user) }
                leaving = deleted
                await withCheckedContinuation { refreshed in
                    // SQLite blocks.
                    DispatchQueue.global().async {
                        do { try accounts.refresh() } catch { logger.error("cannot read the accounts: \(error)") }
                        refreshed.resume()
                    }
                }
            } while (try? await Task.sleep(for: .seconds(1))) != nil
        }
    }
}

extension Server {
    /// Makes the user `local` in a data folder that has no users yet.
    /// - Returns: the key of that user, if there is one.
    public func prepareLocalUser() throws -> String? {
        guard let local = UserID("local") else { return nil }
        if try accounts.users().isEmpty { try accounts.add(local, at: configuration.clock.now()) }
        return accounts.key(of: local)
    }
}
