import DattssPipeline
import NIOCore
import ServiceLifecycle

/// What takes in lines beside the UDP port, where it is asked for: a TCP port, Unix sockets for datagrams and for streams.
struct FurtherListeners: Sendable {
    private(set) var services: [any Service] = []
    private let tcp: HostPort?
    private let opened = AsyncStream.makeStream(of: (source: LineSource, address: SocketAddress?).self)

    init(_ configuration: ServerConfiguration, collector: DatagramCollector, intake: LineIntake) throws {
        tcp = configuration.statsdTCP
        let opened = opened.continuation
        func listenToStream(_ source: LineSource, _ address: SocketAddress) -> StreamListener {
            StreamListener(
                source: source, address: address, collector: collector, intake: intake,
                socketMode: configuration.statsdSocketMode, clock: configuration.clock,
                onListening: { opened.yield((source, $0)) })
        }
        if let tcp {
            let place = ListeningPlace.tcp(tcp)
            services.append(PlacedService(listenToStream(.tcp, try place.resolved()), at: place, onFailure: { opened.finish() }))
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
    /// - Returns: where the TCP port is.
    /// - Throws: `CancellationError` when one of them could not, and the server ends.
    func listening() async throws -> HostPort? {
        var waiting = services.count
        var tcpPort: Int?
        var listeners = opened.stream.makeAsyncIterator()
        while waiting > 0, let (source, address) = await listeners.next() {
            waiting -= 1
            if source == .tcp { tcpPort = address?.port }
        }
        if waiting > 0 { throw CancellationError() }
        return tcp.map { HostPort(host: $0.host, port: tcpPort ?? $0.port) }
    }
}
