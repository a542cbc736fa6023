import DattssCore
import DattssPipeline
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A TCP port or a Unix stream socket for lines: the same lines as in datagrams, each ended by a line feed.
///
/// ```
/// connections ──► LineStreamHandler (event loops) ──► DatagramCollector, under a lock ──each second──► LineIntake
/// ```
struct StreamListener: Service {
    let source: LineSource
    let address: SocketAddress
    let collector: DatagramCollector
    let intake: LineIntake
    var socketMode = UnixSocketFile.standardMode
    /// How long a connection may be silent: one that nobody closes does not keep its place for ever.
    var idleTimeout = TimeAmount.minutes(10)
    var connectionsMax = 1000
    let clock: any WallClock
    let onListening: @Sendable (SocketAddress?) -> Void

    func run() async throws {
        let shared = SharedCollector(intake.periods(of: collector), source: source, counters: intake.counters)
        let connections = ConnectionGroup(limit: connectionsMax)
        try UnixSocketFile.removeStale(address)
        defer { UnixSocketFile.remove(address) }
        let server: any Channel
        do {
            server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
                .childChannelInitializer { [idleTimeout, counters = intake.counters] channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard connections.add(channel) else {
                            counters.noteRefusedConnection()
                            return channel.close(promise: nil)
                        }
                        try channel.pipeline.syncOperations.addHandlers([
                            IdleStateHandler(readTimeout: idleTimeout),
                            LineStreamHandler(shared, onIdle: { counters.noteTimedOutConnection() }),
                        ])
                    }
                }
                .bind(to: address).get()
            try UnixSocketFile.setMode(socketMode, of: address)
        } catch {
            throw IOError(errnoCode: (error as? IOError)?.errnoCode ?? 0, reason: "bind \(address) for statsd lines: \(error)")
        }
        onListening(server.localAddress)
        await cancelWhenGracefulShutdown {
            // By one task, so that no period overtakes another.
            while true {
                let now = clock.now()
                let next = min(now.advanced(byMilliseconds: shared.untilNextMilliseconds), now.minute.end)
                guard (try? await clock.sleep(until: next, since: now)) != nil else { return }
                for period in shared.flush() { await intake.take(period) }
            }
        }
        do { try await server.close() } catch { /* It is closed already. */  }
        await connections.close()
        for period in shared.flush(isLast: true) { await intake.take(period) }
        await intake.end()
    }
}

/// One collector for all connections: their event loops take turns.
final class SharedCollector: Sendable {
    private let state: Mutex<State>
    private let source: LineSource
    private let counters: DatagramCounters

    private struct State {
        var periods: LinePeriods
        /// What was collected in minutes that are over.
        var ended: [DatagramCollector.Collected] = []
    }

    init(_ periods: LinePeriods, source: LineSource, counters: DatagramCounters) {
        state = Mutex(State(periods: periods))
        self.source = source
        self.counters = counters
    }

    func receive(lines: ByteBuffer) {
        lines.withUnsafeReadableBytes { bytes in
            state.withLock { state in
                if let ended = state.periods.begin() { state.ended.append(ended) }
                state.periods.collector.receive(lines: bytes)
            }
        }
    }

    func refuseLine(_ error: DatagramError) { state.withLock { $0.periods.collector.refuseLine(error) } }

    var untilNextMilliseconds: Int64 { state.withLock { $0.periods.untilNextMilliseconds } }

    /// What was collected since the last time, in the order in which it came; not what came in a minute that has just begun.
    func flush(isLast: Bool = false) -> [DatagramCollector.Collected] {
        state.withLock { state in
            if isLast || !state.periods.isTooEarly { state.ended.append(state.periods.flush()) }
            counters.publish(state.periods.collector.counts, of: source)
            defer { state.ended = [] }
            return state.ended.filter { !$0.isEmpty }
        }
    }
}

/// The open connections, of which there is a largest number.
private final class ConnectionGroup: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// - Returns: false when there are too many.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = channels.withLock { channels in
            guard channels.count < limit else { return false }
            channels[id] = channel
            return true
        }
        if isAdded {
            channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[id] = nil } }
        }
        return isAdded
    }

    func close() async {
        for channel in channels.withLock({ Array($0.values) }) {
            do { try await channel.close() } catch { /* It is closed already. */  }
        }
    }
}
