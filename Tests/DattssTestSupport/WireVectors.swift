public import DattssCore
import Foundation

/// The cases of `Fixtures/wire`, which the server and every client run: see the README there.
public enum WireVectors {
    public static func samples() throws -> [Sample] { try cases("samples") }
    public static func partials() throws -> [PartialCase] { try cases("partials") }
    public static func batches() throws -> [BatchCase] { try cases("batches") }
    public static func answers() throws -> [Answer] { try cases("answers") }
    public static func lines() throws -> [Line] { try cases("lines") }
    public static func bodies() throws -> [Body] { try cases("bodies") }

    public struct Sample: Decodable, Sendable {
        public var text: String
        public var value: Double?
        public var typ: String?
        public var emp: Bool?
        public var reason: String?
    }

    public struct PartialCase: Decodable, Sendable {
        public var name: String
        public var pct: Double
        public var samples: [String]
        public var partial: WirePartial
    }

    public struct BatchCase: Decodable, Sendable {
        public var name: String
        public var process: String?
        public var cid: String
        public var seq: Int64
        /// A path and a sample each.
        public var calls: [[String]]
        public var drops: [String: Int64]
        public var body: WireBatch
    }

    public struct Answer: Decodable, Sendable {
        /// nil when there was none.
        public var status: Int?
        public var then: String
    }

    public struct Line: Decodable, Hashable, Sendable {
        public var line: String
        /// Whose client sends a statsd line, or which server takes it, or refuses it.
        public var source: String?
        public var dattss: DattssLine?
        public var statsd: StatsdLine?
        /// `event` or `service_check`, of DogStatsD.
        public var message: String?
        public var reason: String?

        public init(line: String) { self.line = line }

        public struct DattssLine: Decodable, Hashable, Sendable {
            public var auth: String
            public var process: String
            public var pth: String
            public var sample: String
            public var value: Double
            public var typ: String
            public var emp: Bool

            public init(auth: String, process: String, pth: String, sample: String, value: Double, typ: String, emp: Bool) {
                (self.auth, self.process, self.pth, self.sample) = (auth, process, pth, sample)
                (self.value, self.typ, self.emp) = (value, typ, emp)
            }
        }

        public struct StatsdLine: Decodable, Hashable, Sendable {
            public var pth: String
            /// Whether the name or a tag is no path as it stands.
            public var rewritten: Bool
            public var samples: [Sample]

            public init(pth: String, rewritten: Bool, samples: [Sample]) {
                (self.pth, self.rewritten, self.samples) = (pth, rewritten, samples)
            }
        }

        public struct Sample: Decodable, Hashable, Sendable {
            public var type: String
            public var scale: Double
            public var values: [Double]?
            public var deltas: [Bool]?
            public var member: String?

            public init(type: String, scale: Double, values: [Double]? = nil, deltas: [Bool]? = nil, member: String? = nil) {
                (self.type, self.scale, self.values, self.deltas, self.member) = (type, scale, values, deltas, member)
            }
        }
    }

    public struct Body: Decodable, Sendable {
        public var name: String
        public var body: String?
        public var base64: String?
        public var encoding: String?
        public var status: Int
        public var batch: WireBatch?
        public var error: WireErrorName?

        public var bytes: [UInt8] { base64.flatMap { Data(base64Encoded: $0) }.map(Array.init) ?? Array((body ?? "").utf8) }
    }

    public struct WireErrorName: Decodable, Hashable, Sendable {
        public var name: String
        public var message: String
    }

    private struct Cases<Case: Decodable>: Decodable { var cases: [Case] }

    private static func cases<Case: Decodable>(_ name: String) throws -> [Case] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Fixtures/wire/\(name).json").standardizedFileURL
        return try JSONDecoder().decode(Cases<Case>.self, from: try Data(contentsOf: file)).cases
    }
}

/// A body of `PUT /agg`, with the names of the wire.
public struct WireBatch: Decodable, Hashable, Sendable {
    public var prt: [String: [WirePartial]]
    public var nam: String?
    public var cid: String?
    public var seq: Int64?

    /// What a body says.
    public init(json: [UInt8]) throws { self = try JSONDecoder().decode(WireBatch.self, from: Data(json)) }

    /// What a decoded batch says.
    public init(_ batch: Batch) throws {
        var batch = batch
        batch.uptimeSeconds = nil
        self = try WireBatch(json: BatchEncoder.encode(batch))
        for kind in Kind.allCases {
            let partials = batch.partials.filter { $0.key.kind == kind }
            for (place, partial) in partials.enumerated() where partial.aggregate.isApproximate {
                prt[kind.symbol]?[place].exact = false
            }
        }
    }
}

public struct WirePartial: Decodable, Hashable, Sendable {
    public var typ: String
    public var pth: String
    public var sum: Double
    public var cnt: Int64
    public var max: Double
    public var min: Double
    public var top: Double
    public var bot: Double
    public var fst: Double
    public var lst: Double
    public var pct: Double
    public var emp: Bool
    public var skt: WireSketch?
    /// false for one that contradicts itself; bodies do not say it.
    public var exact: Bool?

    public struct WireSketch: Decodable, Hashable, Sendable {
        public var z: Int64?
        public var p: [Int64]?
        public var n: [Int64]?
        public var cp: Int64?
        public var cn: Int64?
    }
}
