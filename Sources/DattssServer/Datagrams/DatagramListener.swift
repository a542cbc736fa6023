import DattssCore
import DattssPipeline
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The UDP port: receives datagrams, adds them up, and hands them to the pipeline once a second.
///
/// ```
/// socket ──► DatagramHandler (event loop) ──► DatagramCollector ──each second──► AsyncStream ──► Ingest
/// ```
struct DatagramListener: Service {
    let address: SocketAddress
    let group: any EventLoopGroup
    let collector: DatagramCollector
    let pipeline: Pipeline
    let processes: ProcessRegistry
    let counters: DatagramCounters
    let receiveBufferBytes: Int
    let onListening: @Sendable (SocketAddress) -> Void

    static let flushMilliseconds: Int64 = 1000
    /// Periods that may wait for the pipeline; what comes then is dropped and counted.
    static let waitingPeriodsMax = 10

    func run() async throws {
        let (periods, continuation) = AsyncStream.makeStream(
            of: DatagramCollector.Collected.self, bufferingPolicy: .bufferingOldest(Self.waitingPeriodsMax))
        let counters = counters
        let collector = collector
        let channel = try await DatagramBootstrap(group: group)
            .channelOption(.socketOption(.so_rcvbuf), value: receiveBufferBytes)
            .channelOption(.datagramVectorReadMessageCount, value: Self.vectorReadCount)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: Self.vectorReadCount * Self.datagramBytesMax)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        DatagramHandler(collector: collector, counters: counters, periods: continuation))
                }
            }
            .bind(to: address)
            .get()
        if let local = channel.localAddress {
            counters.port.store(local.port ?? 0, ordering: .relaxed)
            onListening(local)
        }
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                for await period in periods { await hand(on: period) }
            } onCancel: {
                channel.close(promise: nil)
            }
        } onGracefulShutdown: {
            // The handler flushes when the channel closes, and finishes the stream.
            channel.close(promise: nil)
        }
    }

    private static let vectorReadCount = 16
    private static let datagramBytesMax = 65_536

    private func hand(on period: DatagramCollector.Collected) async {
        for process in period.processes { processes.note(process.name, of: process.user) }
        for (user, batch) in period.batches {
            let outcome = await pipeline.acceptFitting(batch, of: user)
            counters.note(outcome, partials: batch.partials.count)
        }
    }
}

/// The counts of the UDP port, for `/metrics`.
final class DatagramCounters: Sendable {
    private let counts = Mutex(DatagramCounts())
    private let refused = Mutex<[WireError.Reason: Int]>([:])
    let port = Atomic<Int>(0)

    func publish(_ counts: DatagramCounts) { self.counts.withLock { $0 = counts } }

    func noteRefused(_ partials: Int, _ reason: WireError.Reason) {
        guard partials > 0 else { return }
        refused.withLock { $0[reason, default: 0] += partials }
    }

    func note(_ outcome: FittingOutcome, partials: Int) {
        noteRefused(outcome.unfittingPartials, .statisticLimit)
        if case .refused(let error) = outcome.answer {
            noteRefused(partials - outcome.unfittingPartials, error.reason)
        }
    }

    var snapshot: DatagramCounts {
        var snapshot = counts.withLock { $0 }
        snapshot.refusedPartials = refused.withLock { $0 }
        return snapshot
    }
}

/// Feeds the collector on the event loop, and flushes it there, so that no lock is taken per datagram.
private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private var collector: DatagramCollector
    private let counters: DatagramCounters
    private let periods: AsyncStream<DatagramCollector.Collected>.Continuation
    private var timer: RepeatedTask?

    init(
        collector: DatagramCollector, counters: DatagramCounters,
        periods: AsyncStream<DatagramCollector.Collected>.Continuation
    ) {
        self.collector = collector
        self.counters = counters
        self.periods = periods
    }

    func channelActive(context: ChannelHandlerContext) {
        let period = TimeAmount.milliseconds(DatagramListener.flushMilliseconds)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
            bound.value.flush()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        flush()
        periods.finish()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).data.withUnsafeReadableBytes { collector.receive($0) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An unconnected UDP socket reports errors of single datagrams; the port stays open.
        context.fireErrorCaught(error)
    }

    private func flush() {
        let collected = collector.flush()
        counters.publish(collector.counts)
        guard !collected.isEmpty else { return }
        if case .dropped(let dropped) = periods.yield(collected) {
            counters.noteRefused(dropped.batches.reduce(0) { $0 + $1.batch.partials.count }, .overloaded)
        }
    }
}
