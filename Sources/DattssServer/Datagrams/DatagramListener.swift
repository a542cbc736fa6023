import DattssPipeline
import NIOCore
import ServiceLifecycle
import Synchronization

/// The UDP port or a Unix datagram socket: receives datagrams, adds them up, and hands them to the pipeline once a second.
///
/// ```
/// socket ──► DatagramReceiver (a thread) ──► DatagramCollector ──each second──► AsyncStream ──► LineIntake
/// ```
struct DatagramListener: Service {
    let source: LineSource
    let address: SocketAddress
    let collector: DatagramCollector
    let intake: LineIntake
    let receiveBufferBytes: Int
    var socketMode = UnixSocketFile.standardMode
    let onListening: @Sendable (SocketAddress) -> Void

    /// Periods that may wait for the pipeline; what comes then is dropped and counted.
    static let waitingPeriodsMax = 10

    func run() async throws {
        let (periods, continuation) = AsyncStream.makeStream(
            of: DatagramCollector.Collected.self, bufferingPolicy: .bufferingOldest(Self.waitingPeriodsMax))
        let socket = try DatagramSocket(bindingTo: address, receiveBufferBytes: receiveBufferBytes, mode: socketMode)
        // With the port that the system chose where it was left to it.
        let bound = socket.localAddress
        if let port = bound.port { intake.counters.port.store(port, ordering: .relaxed) }
        defer { UnixSocketFile.remove(address) }
        onListening(bound)
        let receiver = DatagramReceiver(
            source: source, intake: intake, periods: continuation, receiveBufferBytes: socket.receiveBufferBytes
        ) {
            [receiveBufferBytes, socketMode] in
            try DatagramSocket(bindingTo: bound, receiveBufferBytes: receiveBufferBytes, mode: socketMode)
        }
        let first = HandedSocket(socket)
        try OwnThread.start { [periods = intake.periods(of: collector)] in receiver.run(first.take(), periods) }
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                for await period in periods { await intake.take(period) }
                await intake.end()
            } onCancel: {
                receiver.stop()
            }
        } onGracefulShutdown: {
            // It flushes, and finishes the stream.
            receiver.stop()
        }
    }
}

/// A socket on its way to the thread that reads it.
final class HandedSocket: Sendable {
    private let socket: Mutex<DatagramSocket?>

    init(_ socket: consuming sending DatagramSocket) { self.socket = Mutex(socket) }

    func take() -> DatagramSocket? { socket.withLock { $0.take() } }
}
