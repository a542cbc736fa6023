@testable import DattssCore

/// What a ``DatagramLine`` says, in values that outlive the datagram.
enum OwnedLine: Hashable {
    /// The samples of a line, which are several where it is packed statsd's own way.
    case statsd([Statsd])
    case message(MessageKind)
    case dattss(key: String, process: String, path: String, sample: SampleValue)

    enum MessageKind: Hashable { case event, serviceCheck }

    struct Statsd: Hashable {
        var path: String
        var samples: Samples
        var scale = 1.0
    }

    enum Samples: Hashable {
        case counter([Double])
        case timer([Double])
        case gauge([StatsdLine.Value])
        case set(String)
    }

    /// Parses a line, and checks its path as a table does that does not know it.
    init(_ bytes: DatagramLine.Bytes) throws(DatagramError) {
        switch try DatagramLine.parse(bytes) {
        case .statsd(let line):
            let path = line.withPath { Self.string($0) }
            if path.isEmpty { throw .badPath }
            let lines = sequence(first: line) { $0.next }
            self = .statsd(lines.map { Statsd(path: path, samples: Self.samples($0), scale: $0.scale) })
        case .message(.event): self = .message(.event)
        case .message(.serviceCheck): self = .message(.serviceCheck)
        case .dattss(let line):
            self = .dattss(
                key: Self.string(line.key), process: Self.string(line.process), path: Self.string(line.path), sample: line.sample)
        }
    }

    private static func samples(_ line: StatsdLine) -> Samples {
        var values = [line.first]
        line.forEachFurtherValue { values.append($0) }
        return switch line.type {
        case .counter: .counter(values.map(\.value))
        case .timer: .timer(values.map(\.value))
        case .gauge: .gauge(values)
        case .set: .set(string(line.member))
        }
    }

    private static func string(_ bytes: DatagramLine.Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
}
