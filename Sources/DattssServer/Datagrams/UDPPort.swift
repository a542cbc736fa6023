import DattssPipeline
import NIOCore

/// The port of datagrams with lines.
struct UDPPort: Sendable {
    let service: PlacedService
    private let address: HostPort
    private let opened = AsyncStream.makeStream(of: SocketAddress.self)

    /// - Throws: when there is no such host.
    init(_ configuration: ServerConfiguration, collector: DatagramCollector, intake: LineIntake) throws(ServerStartError) {
        address = configuration.udp
        let (place, opened) = (ListeningPlace.udp(configuration.udp), opened.continuation)
        let listener = DatagramListener(
            source: .udp, address: try place.resolved(), collector: collector, intake: intake,
            receiveBufferBytes: configuration.receiveBufferBytes, socketCount: configuration.udpSockets,
            onListening: { opened.yield($0) })
        service = PlacedService(listener, at: place, onFailure: { opened.finish() })
    }

    /// Waits until it listens.
    /// - Returns: nil when it could not.
    func listening() async -> HostPort? {
        guard let opened = await opened.stream.first(where: { _ in true }) else { return nil }
        return HostPort(host: address.host, port: opened.port ?? address.port)
    }
}
