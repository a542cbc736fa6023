import DattssCore
import DattssPipeline
import NIOCore
import ServiceLifecycle
import Synchronization

/// The UDP port: receives datagrams, adds them up, and hands them to the pipeline once a second.
///
/// ```
/// socket ──► DatagramReceiver (a thread) ──► DatagramCollector ──each second──► AsyncStream ──► Ingest
/// ```
struct DatagramListener: Service {
    let address: SocketAddress
    let collector: DatagramCollector
    let pipeline: Pipeline
    let processes: ProcessRegistry
    let counters: DatagramCounters
    let receiveBufferBytes: Int
    let onListening: @Sendable (SocketAddress) -> Void

    /// Periods that may wait for the pipeline; what comes then is dropped and counted.
    static let waitingPeriodsMax = 10

    func run() async throws {
        let (periods, continuation) = AsyncStream.makeStream(
            of: DatagramCollector.Collected.self, bufferingPolicy: .bufferingOldest(Self.waitingPeriodsMax))
        let socket = try DatagramSocket(bindingTo: address, receiveBufferBytes: receiveBufferBytes)
        counters.port.store(socket.localAddress.port ?? 0, ordering: .relaxed)
        onListening(socket.localAddress)
        let receiver = DatagramReceiver(counters: counters, periods: continuation)
        try DatagramThread.start { [collector] in receiver.run(socket, collector) }
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                for await period in periods { await hand(on: period) }
            } onCancel: {
                receiver.stop()
            }
        } onGracefulShutdown: {
            // It flushes, and finishes the stream.
            receiver.stop()
        }
    }

    private func hand(on collected: DatagramCollector.Collected) async {
        for process in collected.processes { processes.note(process.name, of: process.user) }
        for (user, batch) in collected.batches {
            let outcome = await pipeline.acceptFitting(batch, of: user)
            counters.note(outcome, partials: batch.partials.count)
        }
    }
}
