package import DattssCore
import DattssPipeline
import Synchronization

/// Where lines of statistics come in.
enum LineSource: Sendable, Hashable {
    case udp
    case unix
    case tcp
    case unixStream
}

/// The counts of all that takes in lines, for `/metrics`.
final class DatagramCounters: Sendable {
    private let counts = Mutex<[LineSource: DatagramCounts]>([:])
    private let refused = Mutex<[WireError.Reason: Int]>([:])
    let port = Atomic<Int>(0)
    private let faults = Mutex(Faults())

    /// What goes wrong beside lines.
    private struct Faults {
        var socketFailures = 0
        var loggedAt: ContinuousClock.Instant?
        var refusedConnections = 0
        var timedOutConnections = 0
        var waitingPartials = 0
    }

    private static let logInterval = Duration.seconds(60)

    func publish(_ counts: DatagramCounts, of source: LineSource) { self.counts.withLock { $0[source] = counts } }

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

/// What a UDP port received, and what it did not take in.
package struct DatagramCounts: Sendable, Hashable {
    package var datagrams = 0
    package var bytes = 0
    package var lines = 0
    package var samples = 0
    package var refusedLines: [DatagramError: Int] = [:]
    /// Lines whose name, or a tag, was no path.
    var rewrittenNames = 0
    /// The latest of them.
    var rewritings = NameRewritings()
    /// Of DogStatsD.
    var events = 0
    var serviceChecks = 0
    /// Partials that the pipeline did not admit, and why.
    package var refusedPartials: [WireError.Reason: Int] = [:]
    var socketFailures = 0
    var refusedConnections = 0
    var timedOutConnections = 0
    /// Partials that wait for a log that is busy.
    var waitingPartials = 0

    mutating func add(_ other: DatagramCounts) {
        datagrams += other.datagrams
        bytes += other.bytes
        lines += other.lines
        samples += other.samples
        refusedLines.merge(other.refusedLines, uniquingKeysWith: +)
        rewrittenNames += other.rewrittenNames
        rewritings.merge(other.rewritings)
        events += other.events
        serviceChecks += other.serviceChecks
        refusedPartials.merge(other.refusedPartials, uniquingKeysWith: +)
    }
}

extension DatagramCounts {
    /// - Parameters:
    ///   - keyBytes: how many bytes of its name are an auth key and a dot, which nobody else may see.
    ///   - path: what became of the others, and of the tags.
    mutating func note(rewriting line: StatsdLine, behind keyBytes: Int, to path: DatagramLine.Bytes) {
        rewrittenNames += 1
        rewritings.note(path: path) { original in
            original.append(line.name[keyBytes...])
            line.forEachTagField { field in
                original.append(CollectionOfOne(UInt8(ascii: "|")))
                original.append(field)
            }
        }
    }
}
