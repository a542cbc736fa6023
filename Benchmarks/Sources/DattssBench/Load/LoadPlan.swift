import ArgumentParser
import DattssCore
import FoundationEssentials

/// What `dattss-bench load` sends: phases one after the other, and in each of them streams at the same time.
///
/// As a file (`--play`, `Fixtures/traffic/`):
///
///     { "about": "one user floods, a hundred others trickle",
///       "phases": [ { "seconds": 10, "streams": [
///         { "name": "flood", "over": "http", "rate": "max", "users": 1, "paths": 1000, "partials": 50 },
///         { "name": "trickle", "over": "http", "rate": 100, "users": 100, "firstUser": 2, "paths": 10, "partials": 1 },
///         { "name": "reader", "over": "query", "rate": 20, "get": "/api/v1/status" } ] } ] }
///
/// What a stream does not say is as in ``LoadStream``; a word it does not know is an error.
struct LoadPlan: Decodable, Sendable {
    var about: String?
    var phases: [Phase]

    struct Phase: Decodable, Sendable {
        var seconds: Double
        var streams: [LoadStream]

        init(seconds: Double, streams: [LoadStream]) {
            self.seconds = seconds
            self.streams = streams
        }

        init(from decoder: any Decoder) throws {
            let values = try PlanValues(decoder, of: "a phase")
            seconds = try values.required("seconds")
            streams = try values.required("streams")
            try values.checkAllUsed()
        }
    }

    init(phases: [Phase]) { self.phases = phases }

    /// Whether keys go out in lines, to whatever listens at the port of datagrams.
    var tellsKeysInLines: Bool {
        phases.contains { $0.streams.contains { $0.transport == .udp && $0.lines != .statsd } }
    }

    init(from decoder: any Decoder) throws {
        let values = try PlanValues(decoder, of: "a plan")
        about = try values.optional("about")
        phases = try values.required("phases")
        try values.checkAllUsed()
    }

    /// Reads a plan from a file and checks it.
    static func read(_ path: String) throws -> LoadPlan {
        guard let data = FileManager.default.contents(atPath: path) else { throw ValidationError("cannot read \(path)") }
        do {
            let plan = try JSONDecoder().decode(LoadPlan.self, from: data)
            try plan.check()
            return plan
        } catch let error as ValidationError {
            throw ValidationError("\(path): \(error.message)")
        } catch let DecodingError.typeMismatch(_, context), let DecodingError.dataCorrupted(context),
            let DecodingError.valueNotFound(_, context), let DecodingError.keyNotFound(_, context)
        {
            let place = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw ValidationError("\(path): \(place): \(context.debugDescription)")
        }
    }

    var streams: [LoadStream] { phases.flatMap(\.streams) }
    var userCount: Int { streams.map { $0.firstUser - 1 + $0.users }.max() ?? 0 }

    /// How many samples a lost datagram held; 0 when nothing goes over UDP.
    var samplesPerDatagram: Int { streams.first { $0.transport == .udp }?.bundleSize ?? 0 }

    func check() throws {
        guard !phases.isEmpty else { throw ValidationError("phases: expected at least one") }
        for phase in phases {
            guard 0.01...86_400 ~= phase.seconds else {
                throw ValidationError("seconds: is \(phase.seconds), expected 0.01 to 86400")
            }
            guard !phase.streams.isEmpty else { throw ValidationError("streams: expected at least one") }
            for stream in phase.streams { try stream.check() }
        }
        // The kernel counts the datagrams that it drops: the samples in them are only known when all hold the same number.
        let sizes = Set(streams.filter { $0.transport == .udp }.map(\.bundleSize))
        guard sizes.count <= 1 else {
            throw ValidationError("samples: all datagrams of a run have to hold the same number, found \(sizes.sorted())")
        }
    }
}

/// Reads an object of a plan, and notices the words that nobody asked for.
final class PlanValues {
    private let container: KeyedDecodingContainer<Word>
    private let what: String
    private var known: Set<String> = []

    struct Word: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(_ decoder: any Decoder, of what: String) throws {
        container = try decoder.container(keyedBy: Word.self)
        self.what = what
    }

    func optional<Value: Decodable>(_ word: String) throws -> Value? {
        known.insert(word)
        return try container.decodeIfPresent(Value.self, forKey: Word(stringValue: word))
    }

    func required<Value: Decodable>(_ word: String) throws -> Value {
        guard let value: Value = try optional(word) else { throw ValidationError("\(what) has to say '\(word)'") }
        return value
    }

    func checkAllUsed() throws {
        let unknown = container.allKeys.map(\.stringValue).filter { !known.contains($0) }.sorted()
        guard let first = unknown.first else { return }
        throw ValidationError("\(what) does not know '\(first)', but \(known.sorted().joined(separator: ", "))")
    }
}
