import DattssCore
import DattssPipeline
import LibC
import NIOCore
import Synchronization

/// The thread that reads datagrams, and hands on each second and at the end of each minute what it collected.
///
/// It is the only one that touches the collector, so that a sample costs no lock; and a thread of its own, so that nothing
/// keeps it from reading. A socket that goes on failing is opened anew, again and again: the rest of the server does without it.
final class DatagramReceiver: Sendable {
    typealias Periods = AsyncStream<DatagramCollector.Collected>

    private let intake: LineIntake
    private let source: LineSource
    private let number: Int
    private let continuation: Periods.Continuation
    private let gatherMicroseconds: UInt32
    private let reopen: @Sendable () throws -> DatagramSocket
    private let isStopping = Atomic<Bool>(false)

    /// How long what has arrived is still taken in after the end was asked for.
    private static let drainInterval = Duration.seconds(1)
    private static let failurePauseMicroseconds: UInt32 = 10_000
    /// So many failures, one after the other, are one that does not pass: a second's.
    static let failuresUntilReopening = 100

    /// - Parameters:
    ///   - number: which of the sockets of its source it reads.
    ///   - receiveBufferBytes: what the kernel gave.
    ///   - reopen: opens the socket anew; called when the old one is closed.
    init(
        source: LineSource, number: Int = 0, intake: LineIntake, periods: Periods.Continuation, receiveBufferBytes: Int,
        reopen: @escaping @Sendable () throws -> DatagramSocket
    ) {
        (self.source, self.number) = (source, number)
        self.intake = intake
        continuation = periods
        // A Unix socket holds ten datagrams (net.unix.max_dgram_qlen), and its senders wait or drop.
        gatherMicroseconds = source == .unix ? 0 : Self.gatherMicroseconds(receiveBufferBytes: receiveBufferBytes)
        self.reopen = reopen
    }

    /// Reads until ``stop()``, then takes in what has arrived already, and finishes the stream of periods.
    func run(_ opened: consuming DatagramSocket?, _ periods: consuming LinePeriods) {
        var socket = opened
        var nextFlush = ContinuousClock.now + .milliseconds(periods.untilNextMilliseconds)
        var failures = 0
        while !isStopping.load(ordering: .relaxed) {
            switch receive(from: socket, &periods, waiting: true) {
            case .datagrams(let count):
                failures = 0
                // There may be more in a moment: to be woken once for many is cheaper than for each.
                if count < DatagramSocket.batchCapacity, gatherMicroseconds > 0 { usleep(gatherMicroseconds) }
            case .nothing: failures = 0
            case .failed(let error):
                failures += 1
                intake.noteSocketFailure(source, error)
                usleep(Self.failurePauseMicroseconds)
                if failures % Self.failuresUntilReopening == 0 {
                    socket = nil
                    do { socket = try reopen() } catch { intake.noteSocketFailure(source, error) }
                }
            }
            let now = ContinuousClock.now
            if now >= nextFlush || periods.remainingMilliseconds == 0 {
                if !periods.isTooEarly { handOn(periods.flush(), periods) }
                nextFlush = now + .milliseconds(periods.untilNextMilliseconds)
            }
        }
        let drainedBy = ContinuousClock.now + Self.drainInterval
        while case .datagrams = receive(from: socket, &periods, waiting: false), ContinuousClock.now < drainedBy {}
        handOn(periods.flush(), periods)
        continuation.finish()
    }

    /// Ends ``run(_:_:)`` within a few moments.
    func stop() { isStopping.store(true, ordering: .relaxed) }

    /// Waits no longer than until the end of the minute, if samples of it are in hand.
    private func receive(
        from socket: borrowing DatagramSocket?, _ periods: inout LinePeriods, waiting: Bool
    ) -> DatagramSocket.Received {
        switch socket {
        case .none: return .failed(IOError(errnoCode: EBADF, reason: "no socket"))
        case .some(let socket):
            var waits = waiting
            if waiting, let remaining = periods.remainingMilliseconds, remaining < DatagramSocket.waitMilliseconds {
                socket.wait(milliseconds: Int32(remaining))
                waits = false
            }
            var isFirst = true
            return socket.receive(waiting: waits) { datagram, isCut in
                if isFirst, let ended = periods.begin() { handOn(ended, periods) }
                isFirst = false
                if isCut { periods.collector.receive(cut: datagram) } else { periods.collector.receive(datagram) }
            }
        }
    }

    /// How long a buffer holds what comes, at the most that a kernel delivers: about a million datagrams a second, for each
    /// of which it counts about 800 bytes.
    private static func gatherMicroseconds(receiveBufferBytes: Int) -> UInt32 {
        UInt32(min(max(receiveBufferBytes / 800 / 4, 50), 500))
    }

    private func handOn(_ collected: DatagramCollector.Collected, _ periods: LinePeriods) {
        intake.counters.publish(periods.collector.counts, of: source, number)
        guard !collected.isEmpty else { return }
        switch continuation.yield(collected) {
        case .enqueued: break
        case .dropped(let dropped):
            intake.counters.noteRefused(dropped.partialCount, .overloaded)
            periods.drop(dropped)
        case .terminated:
            intake.counters.noteRefused(collected.partialCount, .shuttingDown)
            periods.drop(collected)
        @unknown default: periods.drop(collected)
        }
    }
}
