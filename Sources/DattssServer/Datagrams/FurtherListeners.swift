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
            services.append(listenToStream(.tcp, try .makeAddressResolvingHost(tcp.host, port: tcp.port)))
        }
        if let path = configuration.statsdStreamSocket {
            services.append(listenToStream(.unixStream, try SocketAddress(unixDomainSocketPath: path)))
        }
        if let path = configuration.statsdSocket {
            services.append(
                DatagramListener(
                    source: .unix, address: try SocketAddress(unixDomainSocketPath: path), collector: collector,
                    intake: intake, receiveBufferBytes: configuration.receiveBufferBytes,
                    socketMode: configuration.statsdSocketMode,
                    onListening: { opened.yield((.unix, $0)) }))
        }
    }

    /// Waits until all of them listen.
    /// - Returns: where the TCP port is.
    func listening() async -> HostPort? {
        var waiting = services.count
        var tcpPort: Int?
        var listeners = opened.stream.makeAsyncIterator()
        while waiting > 0, let (source, address) = await listeners.next() {
            waiting -= 1
            if source == .tcp { tcpPort = address?.port }
        }
        return tcp.map { HostPort(host: $0.host, port: tcpPort ?? $0.port) }
    }
}
