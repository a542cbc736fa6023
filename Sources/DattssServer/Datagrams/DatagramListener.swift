import NIOCore
import ServiceLifecycle
import Synchronization

/// The UDP port or a Unix datagram socket: receives datagrams, adds them up, and hands them to the pipeline once a second.
///
/// ```
/// socket ──► DatagramReceiver (a thread) ──► DatagramCollector ──each second──► AsyncStream ──► Ingest
/// ```
struct DatagramListener: Service {
    let source: LineSource
    let address: SocketAddress
    let collector: DatagramCollector
    let intake: LineIntake
    let receiveBufferBytes: Int
    let onListening: @Sendable (SocketAddress) -> Void

    /// Periods that may wait for the pipeline; what comes then is dropped and counted.
    static let waitingPeriodsMax = 10

    func run() async throws {
        let (periods, continuation) = AsyncStream.makeStream(
            of: DatagramCollector.Collected.self, bufferingPolicy: .bufferingOldest(Self.waitingPeriodsMax))
        let socket = try DatagramSocket(bindingTo: address, receiveBufferBytes: receiveBufferBytes)
        if let port = socket.localAddress.port { intake.counters.port.store(port, ordering: .relaxed) }
        defer { UnixSocketFile.remove(address) }
        onListening(socket.localAddress)
        let receiver = DatagramReceiver(source: source, counters: intake.counters, periods: continuation)
        try DatagramThread.start { [collector] in receiver.run(socket, collector) }
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                for await period in periods { await intake.take(period) }
            } onCancel: {
                receiver.stop()
            }
        } onGracefulShutdown: {
            // It flushes, and finishes the stream.
            receiver.stop()
        }
    }
}
