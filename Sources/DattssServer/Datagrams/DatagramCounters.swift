import DattssCore
import DattssPipeline
import Synchronization

/// Where lines of statistics come in.
enum LineSource: Sendable, Hashable {
    case udp
    case unix
    case tcp
    case unixStream
    case graphiteUDP
    case graphiteTCP
}

/// The counts of all that takes in lines, for `/metrics`.
final class DatagramCounters: Sendable {
    private let counts = Mutex<[Receiver: DatagramCounts]>([:])
    private let refused = Mutex<[WireError.Reason: Int]>([:])
    let port = Atomic<Int>(0)
    private let faults = Mutex(Faults())

    /// Where there are several sockets of a kind, each counts for itself.
    private struct Receiver: Hashable {
        let source: LineSource
        let number: Int
    }

    /// What goes wrong beside lines.
    private struct Faults {
        var socketFailures = 0
        var loggedAt: ContinuousClock.Instant?
        var refusedConnections = 0
        var timedOutConnections = 0
        var waitingPartials = 0
    }

    private static let logInterval = Duration.seconds(60)

    /// - Parameter number: which of a source's sockets it is.
    func publish(_ counts: DatagramCounts, of source: LineSource, _ number: Int = 0) {
        self.counts.withLock { $0[Receiver(source: source, number: number)] = counts }
    }

    func noteRefused(_ partials: Int, _ reason: WireError.Reason) {
        guard partials > 0 else { return }
        refused.withLock { $0[reason, default: 0] += partials }
    }

    /// - Returns: how many there were, if it is time to say so in the log.
    func noteSocketFailure() -> Int? {
        faults.withLock { faults in
            faults.socketFailures += 1
            let now = ContinuousClock.now
            if let loggedAt = faults.loggedAt, now - loggedAt < Self.logInterval { return nil }
            faults.loggedAt = now
            return faults.socketFailures
        }
    }

    func noteRefusedConnection() { faults.withLock { $0.refusedConnections += 1 } }
    func noteTimedOutConnection() { faults.withLock { $0.timedOutConnections += 1 } }
    func noteWaiting(_ partials: Int) { faults.withLock { $0.waitingPartials = partials } }

    var snapshot: DatagramCounts {
        var snapshot = counts.withLock { $0.values.reduce(into: DatagramCounts()) { $0.add($1) } }
        snapshot.refusedPartials = refused.withLock { $0 }
        let faults = faults.withLock { $0 }
        snapshot.socketFailures = faults.socketFailures
        snapshot.refusedConnections = faults.refusedConnections
        snapshot.timedOutConnections = faults.timedOutConnections
        snapshot.waitingPartials = faults.waitingPartials
        return snapshot
    }
}
