import DattssCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The port of HTTP of a server that stands by: whatever comes is passed on to the owner. When this server takes over, the port is closed and
/// opened anew by the server itself.
///
/// (Lines come to the ports of the owner only. Nobody listens to them here, which whoever sends them is told by the system.)
final class StandbyPort: Sendable {
    let rules: PassingRules
    let requestTime: TimeAmount
    private let state = Mutex(State())
    private let limit: ConnectionLimit
    private let passed = Atomic(0)
    private let refused = Atomic(0)

    private struct State {
        var owner: StreamOwnerName?
        var listening: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        /// To owners.
        var passing: [ObjectIdentifier: (channel: any Channel, address: HostPort)] = [:]
    }

    /// - Parameter node: what this server is called, for people.
    init(node: String, _ limits: Limits, proxies: TrustedProxies) {
        rules = PassingRules(node: node, proxies: proxies)
        requestTime = .seconds(Int64(limits.requestSeconds))
        var halved = limits
        // Each has a second one, to the owner.
        halved.connections = max(1, limits.connections / 2)
        limit = ConnectionLimit(halved, proxies: proxies)
    }

    /// - Returns: where it listens, with the port that the system chose if it was to.
    /// - Throws: ``ServerStartError`` when it cannot listen there.
    func open(at place: HostPort, _ logger: Logger) async throws -> HostPort {
        let listeningPlace = ListeningPlace.http(place)
        let address = try listeningPlace.resolved()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { [limit] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ConnectionGate(limit, logger: logger))
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    self.noteConnection(channel)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(PassingHandler(self))
                }
            }
        let channel: any Channel
        do { channel = try await bootstrap.bind(to: address).get() } catch { throw listeningPlace.explained(error) }
        state.withLock { $0.listening = channel }
        return HostPort(host: place.host, port: channel.localAddress?.port ?? place.port)
    }

    /// Closes the port and its connections.
    func end() async {
        let (listening, connections) = state.withLock { ($0.listening, $0.connections.values) }
        try? await listening?.close().get()
        for connection in connections { try? await connection.close().get() }
    }

    // MARK: The owner

    /// Requests that are under way to another one than this are lost.
    func setOwner(_ owner: StreamOwnerName?) {
        let lost = state.withLock { state in
            state.owner = owner
            return state.passing.values.filter { $0.address != owner?.address }.map(\.channel)
        }
        for channel in lost { channel.close(promise: nil) }
    }

    func decision(for head: HTTPRequestHead) -> PassingRules.Decision {
        rules.decision(for: head, owner: state.withLock { $0.owner })
    }

    /// Notes a connection to an owner for as long as it is open.
    func note(_ channel: any Channel, of address: HostPort) {
        let name = ObjectIdentifier(channel)
        let isLost = state.withLock { state in
            state.passing[name] = (channel, address)
            return state.owner?.address != address
        }
        channel.closeFuture.whenComplete { _ in self.state.withLock { _ = $0.passing.removeValue(forKey: name) } }
        if isLost { channel.close(promise: nil) }
    }

    private func noteConnection(_ channel: any Channel) {
        let name = ObjectIdentifier(channel)
        state.withLock { $0.connections[name] = channel }
        channel.closeFuture.whenComplete { _ in self.state.withLock { _ = $0.connections.removeValue(forKey: name) } }
    }

    // MARK: What it says of itself

    func notePassed() { passed.add(1, ordering: .relaxed) }
    func noteRefused() { refused.add(1, ordering: .relaxed) }

    var health: String {
        guard let owner = state.withLock({ $0.owner }) else { return "standby, nobody to pass to at the moment\n" }
        return "standby, passes to \(owner.text)\n"
    }

    /// In Prometheus' text format, like that of a server that owns the streams.
    var exposition: String {
        """
        # HELP dattss_standby Whether this server stands by, and passes requests on to another one.
        # TYPE dattss_standby gauge
        dattss_standby 1
        # HELP dattss_standby_passed_total Requests that were passed on and answered.
        # TYPE dattss_standby_passed_total counter
        dattss_standby_passed_total \(passed.load(ordering: .relaxed))
        # HELP dattss_standby_refused_total Requests that were answered 503 here, because there was no owner or it was lost.
        # TYPE dattss_standby_refused_total counter
        dattss_standby_refused_total \(refused.load(ordering: .relaxed))

        """
    }
}
