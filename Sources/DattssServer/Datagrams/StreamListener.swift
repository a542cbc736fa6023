import DattssCore
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A TCP port or a Unix stream socket for lines: the same lines as in datagrams, each ended by a line feed.
///
/// ```
/// connections ──► LineStreamHandler (event loops) ──► DatagramCollector, under a lock ──each second──► Ingest
/// ```
struct StreamListener: Service {
    let source: LineSource
    let address: SocketAddress
    let collector: DatagramCollector
    let intake: LineIntake
    let onListening: @Sendable (SocketAddress?) -> Void

    static let flushInterval = Duration.seconds(1)

    func run() async throws {
        let shared = SharedCollector(collector, source: source, counters: intake.counters)
        let connections = ConnectionGroup()
        try UnixSocketFile.removeStale(address)
        defer { UnixSocketFile.remove(address) }
        let server: any Channel
        do {
            server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard connections.add(channel) else { return channel.close(promise: nil) }
                        try channel.pipeline.syncOperations.addHandler(LineStreamHandler(shared))
                    }
                }
                .bind(to: address).get()
        } catch {
            throw IOError(errnoCode: (error as? IOError)?.errnoCode ?? 0, reason: "bind \(address) for statsd lines: \(error)")
        }
        onListening(server.localAddress)
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.flushInterval)) != nil { await intake.take(shared.flush()) }
        }
        do { try await server.close() } catch { /* It is closed already. */  }
        await connections.close()
        await intake.take(shared.flush())
    }
}

/// One collector for all connections: their event loops take turns.
final class SharedCollector: Sendable {
    private let collector: Mutex<DatagramCollector>
    private let source: LineSource
    private let counters: DatagramCounters

    init(_ collector: DatagramCollector, source: LineSource, counters: DatagramCounters) {
        self.collector = Mutex(collector)
        self.source = source
        self.counters = counters
    }

    func receive(lines: ByteBuffer) {
        lines.withUnsafeReadableBytes { bytes in
            collector.withLock { $0.receive(lines: bytes) }
        }
    }

    func refuseLine(_ error: DatagramError) { collector.withLock { $0.refuseLine(error) } }

    func flush() -> DatagramCollector.Collected {
        collector.withLock { collector in
            let collected = collector.flush()
            counters.publish(collector.counts, of: source)
            return collected
        }
    }
}

/// The open connections, of which there is a largest number.
private final class ConnectionGroup: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    static let connectionsMax = 1000

    /// - Returns: false when there are too many.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = channels.withLock { channels in
            guard channels.count < Self.connectionsMax else { return false }
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
