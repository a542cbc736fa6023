import NIOCore
import ServiceLifecycle

/// What takes in lines beside the UDP port, where it is asked for: a TCP port, a Unix datagram socket.
struct FurtherListeners: Sendable {
    private(set) var services: [any Service] = []
    private let tcp: HostPort?
    private let tcpPort = AsyncStream.makeStream(of: SocketAddress?.self)
    private let unixSocket = AsyncStream.makeStream(of: SocketAddress.self)
    private let hasUnixSocket: Bool

    init(_ configuration: ServerConfiguration, collector: DatagramCollector, intake: LineIntake) throws {
        tcp = configuration.statsdTCP
        hasUnixSocket = configuration.statsdSocket != nil
        if let address = configuration.statsdTCP {
            services.append(
                StreamListener(
                    address: address, collector: collector, intake: intake,
                    onListening: { [tcpPort] in tcpPort.continuation.yield($0) }))
        }
        if let path = configuration.statsdSocket {
            services.append(
                DatagramListener(
                    source: .unix, address: try SocketAddress(unixDomainSocketPath: path), collector: collector,
                    intake: intake, receiveBufferBytes: configuration.receiveBufferBytes,
                    onListening: { [unixSocket] in unixSocket.continuation.yield($0) }))
        }
    }

    /// Waits until all of them listen.
    /// - Returns: where the TCP port is.
    func listening() async -> HostPort? {
        if hasUnixSocket { _ = await unixSocket.stream.first { _ in true } }
        guard let tcp else { return nil }
        let address = await tcpPort.stream.first { _ in true } ?? nil
        return HostPort(host: tcp.host, port: address?.port ?? tcp.port)
    }
}
