import DattssPipeline
import NIOCore
import ServiceLifecycle

/// What takes in lines beside the UDP port, where it is asked for: a TCP port, Unix sockets for datagrams and for streams, and the two
/// ports for lines of Graphite.
struct FurtherListeners: Sendable {
    private(set) var services: [any Service] = []
    private let tcp: HostPort?
    private let graphite: HostPort?
    private let opened = AsyncStream.makeStream(of: (source: LineSource, address: SocketAddress?).self)

    /// Where those with a port listen.
    struct Ports: Sendable {
        var statsdTCP: HostPort?
        var graphiteTCP: HostPort?
        var graphiteUDP: HostPort?
    }

    /// - Parameter graphiteCollector: takes apart Graphite's lines.
    init(
        _ configuration: ServerConfiguration, collector: DatagramCollector, graphiteCollector: DatagramCollector, intake: LineIntake
    ) throws {
        (tcp, graphite) = (configuration.statsdTCP, configuration.graphite)
        let opened = opened.continuation
        func listenToStream(_ source: LineSource, _ address: SocketAddress) -> StreamListener {
            StreamListener(
                source: source, address: address, collector: source == .graphiteTCP ? graphiteCollector : collector,
                intake: intake,
                socketMode: configuration.statsdSocketMode, clock: configuration.clock,
                onListening: { opened.yield((source, $0)) })
        }
        if let tcp {
            let place = ListeningPlace.tcp(tcp)
            services.append(PlacedService(listenToStream(.tcp, try place.resolved()), at: place, onFailure: { opened.finish() }))
        }
        if let graphite {
            let place = ListeningPlace.graphite(graphite)
            services.append(
                PlacedService(listenToStream(.graphiteTCP, try place.resolved()), at: place, onFailure: { opened.finish() }))
            services.append(
                PlacedService(
                    DatagramListener(
                        source: .graphiteUDP, address: try place.resolved(), collector: graphiteCollector, intake: intake,
                        receiveBufferBytes: configuration.receiveBufferBytes,
                        onListening: { opened.yield((.graphiteUDP, $0)) }), at: place, onFailure: { opened.finish() }))
        }
        if let path = configuration.statsdStreamSocket {
            let place = ListeningPlace.socket(path, "statsd-stream-socket")
            services.append(
                PlacedService(listenToStream(.unixStream, try place.resolved()), at: place, onFailure: { opened.finish() }))
        }
        if let path = configuration.statsdSocket {
            let place = ListeningPlace.socket(path, "statsd-socket")
            services.append(
                PlacedService(
                    DatagramListener(
                        source: .unix, address: try place.resolved(), collector: collector, intake: intake,
                        receiveBufferBytes: configuration.receiveBufferBytes, socketMode: configuration.statsdSocketMode,
                        onListening: { opened.yield((.unix, $0)) }), at: place, onFailure: { opened.finish() }))
        }
    }

    /// Waits until all of them listen.
    /// - Returns: where the ports are.
    /// - Throws: `CancellationError` when one of them could not, and the server ends.
    func listening() async throws -> Ports {
        var waiting = services.count
        var ports: [LineSource: Int] = [:]
        var listeners = opened.stream.makeAsyncIterator()
        while waiting > 0, let (source, address) = await listeners.next() {
            waiting -= 1
            ports[source] = address?.port
        }
        if waiting > 0 { throw CancellationError() }
        func place(_ asked: HostPort?, _ source: LineSource) -> HostPort? {
            asked.map { HostPort(host: $0.host, port: ports[source] ?? $0.port) }
        }
        return Ports(
            statsdTCP: place(tcp, .tcp), graphiteTCP: place(graphite, .graphiteTCP), graphiteUDP: place(graphite, .graphiteUDP))
    }
}
