import DattssCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The thread that reads datagrams, and hands on each second what it collected.
///
/// It is the only one that touches the collector, so that a sample costs no lock; and a thread of its own, so that nothing
/// keeps it from reading.
final class DatagramReceiver: Sendable {
    typealias Periods = AsyncStream<DatagramCollector.Collected>

    private let counters: DatagramCounters
    private let source: LineSource
    private let periods: Periods.Continuation
    private let isStopping = Atomic<Bool>(false)

    static let flushInterval = Duration.seconds(1)
    /// How long what has arrived is still taken in after the end was asked for.
    private static let drainInterval = Duration.seconds(1)
    private static let failurePauseMicroseconds: UInt32 = 10_000

    init(source: LineSource, counters: DatagramCounters, periods: Periods.Continuation) {
        self.source = source
        self.counters = counters
        self.periods = periods
    }

    /// Reads until ``stop()``, then takes in what has arrived already, and finishes the stream of periods.
    func run(_ socket: borrowing DatagramSocket, _ collector: consuming DatagramCollector) {
        // A Unix socket holds ten datagrams (net.unix.max_dgram_qlen), and its senders wait or drop.
        let gatherMicroseconds = source == .unix ? 0 : Self.gatherMicroseconds(receiveBufferBytes: socket.receiveBufferBytes)
        var nextFlush = ContinuousClock.now + Self.flushInterval
        while !isStopping.load(ordering: .relaxed) {
            switch socket.receive(waiting: true, { collector.receive($0) }) {
            case .datagrams(DatagramSocket.batchCapacity): break
            // There may be more in a moment: to be woken once for many is cheaper than for each.
            case .datagrams: if gatherMicroseconds > 0 { usleep(gatherMicroseconds) }
            case .nothing: break
            case .failed: usleep(Self.failurePauseMicroseconds)
            }
            let now = ContinuousClock.now
            if now >= nextFlush {
                flush(&collector)
                nextFlush = max(nextFlush + Self.flushInterval, now)
            }
        }
        let drainedBy = ContinuousClock.now + Self.drainInterval
        while case .datagrams = socket.receive(waiting: false, { collector.receive($0) }), ContinuousClock.now < drainedBy {}
        flush(&collector)
        periods.finish()
    }

    /// Ends ``run(_:_:)`` within a few moments.
    func stop() { isStopping.store(true, ordering: .relaxed) }

    /// How long a buffer holds what comes, at the most that a kernel delivers: about a million datagrams a second, for each
    /// of which it counts about 800 bytes.
    private static func gatherMicroseconds(receiveBufferBytes: Int) -> UInt32 {
        UInt32(min(max(receiveBufferBytes / 800 / 4, 50), 500))
    }

    private func flush(_ collector: inout DatagramCollector) {
        let collected = collector.flush()
        counters.publish(collector.counts, of: source)
        guard !collected.isEmpty else { return }
        if case .dropped(let dropped) = periods.yield(collected) {
            counters.noteRefused(dropped.partialCount, .overloaded)
        }
    }
}
