import DattssPipeline
import NIOCore
import ServiceLifecycle
import Synchronization

/// The UDP port or a Unix datagram socket: receives datagrams, adds them up, and hands them to the pipeline once a second.
///
/// ```
/// socket ──► DatagramReceiver (a thread) ──► DatagramCollector ──each second──► AsyncStream ──► LineIntake
/// ```
///
/// A UDP port may have several sockets, each with a thread and a collector of its own, which share nothing until the end of a
/// second: the kernel gives all datagrams of one sender to the same of them, so that a sender's order is kept.
struct DatagramListener: Service {
    let source: LineSource
    var address: SocketAddress
    let collector: DatagramCollector
    let intake: LineIntake
    let receiveBufferBytes: Int
    var socketMode = UnixSocketFile.standardMode
    /// How many sockets share a UDP port.
    var socketCount = 1
    let onListening: @Sendable (SocketAddress) -> Void

    /// Periods of a socket that may wait for the pipeline; what comes then is dropped and counted.
    static let waitingPeriodsMax = 10

    func run() async throws {
        let sockets = try openSockets()
        // With the port that the system chose where it was left to it.
        let bound = sockets[0].localAddress
        if source == .udp, let port = bound.port { intake.counters.port.store(port, ordering: .relaxed) }
        defer { UnixSocketFile.remove(address) }
        onListening(bound)
        let readers = try sockets.enumerated().map { number, socket in try read(socket, number) }
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withDiscardingTaskGroup { group in
                    for reader in readers { group.addTask { for await period in reader.periods { await intake.take(period) } } }
                }
                await intake.end()
            } onCancel: {
                for reader in readers { reader.receiver.stop() }
            }
        } onGracefulShutdown: {
            // They flush, and finish their streams.
            for reader in readers { reader.receiver.stop() }
        }
    }

    func openSockets() throws -> [HandedSocket] {
        guard socketCount > 1 else { return [try open(at: address, sharesPort: false)] }
        // A port that somebody else has, who shares his as well, is taken all the same.
        let bound = try open(at: address, sharesPort: false).localAddress
        return try (0..<socketCount).map { _ in try open(at: bound, sharesPort: true) }
    }

    private func open(at address: SocketAddress, sharesPort: Bool) throws -> HandedSocket {
        HandedSocket(
            try DatagramSocket(
                bindingTo: address, receiveBufferBytes: receiveBufferBytes, mode: socketMode, sharesPort: sharesPort))
    }

    private struct Reader {
        let receiver: DatagramReceiver
        let periods: DatagramReceiver.Periods
    }

    /// Starts the thread that reads a socket.
    private func read(_ socket: HandedSocket, _ number: Int) throws -> Reader {
        let (periods, continuation) = AsyncStream.makeStream(
            of: DatagramCollector.Collected.self, bufferingPolicy: .bufferingOldest(Self.waitingPeriodsMax))
        let (bound, receiveBufferBytes, socketMode, sharesPort) = (
            socket.localAddress, receiveBufferBytes, socketMode, socketCount > 1
        )
        let receiver = DatagramReceiver(
            source: source, number: number, intake: intake, periods: continuation, receiveBufferBytes: socket.receiveBufferBytes
        ) {
            try DatagramSocket(
                bindingTo: bound, receiveBufferBytes: receiveBufferBytes, mode: socketMode, sharesPort: sharesPort)
        }
        try OwnThread.start { [periods = intake.periods(of: collector)] in receiver.run(socket.take(), periods) }
        return Reader(receiver: receiver, periods: periods)
    }
}

/// A socket on its way to the thread that reads it.
final class HandedSocket: Sendable {
    let localAddress: SocketAddress
    let receiveBufferBytes: Int
    private let socket: Mutex<DatagramSocket?>

    init(_ socket: consuming sending DatagramSocket) {
        (localAddress, receiveBufferBytes) = (socket.localAddress, socket.receiveBufferBytes)
        self.socket = Mutex(socket)
    }

    func take() -> DatagramSocket? { socket.withLock { $0.take() } }
}
