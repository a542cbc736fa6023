@testable import DattssCore

/// What a ``DatagramLine`` says, in values that outlive the datagram.
enum OwnedLine: Hashable {
    case statsd(Statsd)
    case dattss(key: String, process: String, path: String, sample: SampleValue)

    struct Statsd: Hashable {
        var path: String
        var samples: Samples
        var scale = 1.0
    }

    enum Samples: Hashable {
        case counter([Double])
        case timer([Double])
        case gauge([StatsdLine.Value])
        case set([String])
    }

    /// Parses a line, and checks its path as a table does that does not know it.
    init(_ bytes: DatagramLine.Bytes) throws(DatagramError) {
        switch try DatagramLine.parse(bytes) {
        case .statsd(let line):
            let path = line.withPath { Name.isValidPath($0) ? Self.string($0) : nil }
            guard let path else { throw .badPath }
            self = .statsd(Statsd(path: path, samples: Self.samples(line), scale: line.scale))
        case .dattss(let line):
            self = .dattss(
                key: Self.string(line.key), process: Self.string(line.process), path: Self.string(line.path), sample: line.sample)
        }
    }

    private static func samples(_ line: StatsdLine) -> Samples {
        var members: [String] = []
        if line.type == .set { line.forEachMember { members.append(string($0)) } }
        var values = [line.first]
        line.forEachFurtherValue { values.append($0) }
        return switch line.type {
        case .counter: .counter(values.map(\.value))
        case .timer: .timer(values.map(\.value))
        case .gauge: .gauge(values)
        case .set: .set(members)
        }
    }

    private static func string(_ bytes: DatagramLine.Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
}
