package import DattssCore

/// What a UDP port received, and what it did not take in.
public struct DatagramCounts: Sendable, Hashable {
    package init() {}

    package var datagrams = 0
    package var bytes = 0
    package var lines = 0
    /// Samples that were accumulated.
    public var samples = 0
    package var refusedLines: [DatagramError: Int] = [:]
    /// Lines whose name, or a tag, was no path.
    package var rewrittenNames = 0
    /// The latest of these names.
    package var rewritings = NameRewritings()
    /// Events of DogStatsD.
    package var events = 0
    /// Service checks of DogStatsD.
    package var serviceChecks = 0
    /// Those of both that are nobody's, or were too many in a second.
    package var droppedMessages = 0
    /// Partials that the pipeline did not admit, and why.
    package var refusedPartials: [WireError.Reason: Int] = [:]
    package var socketFailures = 0
    package var refusedConnections = 0
    package var timedOutConnections = 0
    /// Partials that wait for a log that is busy.
    package var waitingPartials = 0

    package mutating func add(_ other: DatagramCounts) {
        datagrams += other.datagrams
        bytes += other.bytes
        lines += other.lines
        samples += other.samples
        refusedLines.merge(other.refusedLines, uniquingKeysWith: +)
        rewrittenNames += other.rewrittenNames
        rewritings.merge(other.rewritings)
        events += other.events
        serviceChecks += other.serviceChecks
        droppedMessages += other.droppedMessages
        refusedPartials.merge(other.refusedPartials, uniquingKeysWith: +)
    }
}

extension DatagramCounts {
    /// - Parameters:
    ///   - keyBytes: how many bytes of its name are an auth key and a dot, which nobody else may see.
    ///   - path: what became of the others, and of the tags.
    mutating func note(rewriting line: GraphiteLine, behind keyBytes: Int, to path: DatagramLine.Bytes) {
        rewrittenNames += 1
        rewritings.note(path: path) { original in
            original.append(line.name[keyBytes...])
            original.append(line.tags)
        }
    }

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
