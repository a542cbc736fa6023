import DattssCore

/// `ExportMetricsServiceRequest` of OTLP 1, as far as it is used: what ``OTLPProtobuf`` and ``OTLPJSON`` decode. What is absent
/// has protobuf's default. (https://opentelemetry.io/docs/specs/otlp, and `opentelemetry/proto/metrics/v1/metrics.proto` there.)
struct OTLPMetrics: Equatable, Sendable {
    var resources: [Resource] = []

    struct Resource: Equatable, Sendable {
        var attributes: [Attribute] = []
        var scopes: [Scope] = []
    }

    struct Scope: Equatable, Sendable {
        var name = ""
        var version = ""
        var attributes: [Attribute] = []
        var metrics: [Metric] = []
    }

    struct Metric: Equatable, Sendable {
        var name = ""
        var unit = ""
        var gauge = Points<NumberPoint>()
        var sum = Points<NumberPoint>()
        var histogram = Points<HistogramPoint>()
        var exponentialHistogram = Points<ExponentialPoint>()
        /// Summaries are only counted.
        var summaryPointCount = 0
    }

    struct Points<Point: Equatable & Sendable>: Equatable, Sendable {
        var points: [Point] = []
        var temporality = Temporality.unspecified
        var isMonotonic = false
    }

    enum Temporality: UInt64, Equatable {
        case unspecified = 0
        case delta = 1
        case cumulative = 2

        /// Written down, because to print a case looks it up in what is known of its type at run time.
        var name: String {
            switch self {
            case .unspecified: "unspecified"
            case .delta: "delta"
            case .cumulative: "cumulative"
            }
        }
    }

    /// What points of all kinds have.
    struct Head: Equatable, Sendable {
        var attributes: [Attribute] = []
        /// Nanoseconds since 1970; 0 for unknown.
        var start: UInt64 = 0
        var time: UInt64 = 0
        var flags: UInt64 = 0
    }

    struct NumberPoint: Equatable, Sendable {
        var head = Head()
        var value: Double?
    }

    struct HistogramPoint: Equatable, Sendable {
        var head = Head()
        var count: UInt64 = 0
        var sum: Double?
        var min: Double?
        var max: Double?
        var bucketCounts: [UInt64] = []
        var explicitBounds: [Double] = []
    }

    struct ExponentialPoint: Equatable, Sendable {
        var head = Head()
        var count: UInt64 = 0
        var sum: Double?
        var min: Double?
        var max: Double?
        var scale: Int32 = 0
        var zeroCount: UInt64 = 0
        var zeroThreshold = 0.0
        var positive = Buckets()
        var negative = Buckets()
    }

    struct Buckets: Equatable, Sendable {
        var offset: Int32 = 0
        var counts: [UInt64] = []
    }

    struct Attribute: Equatable, Sendable {
        var key = ""
        var value = AnyValue.none
    }

    indirect enum AnyValue: Equatable, Sendable {
        case none
        case string(String)
        case bool(Bool)
        case int(Int64)
        case double(Double)
        case bytes([UInt8])
        case array([AnyValue])
        case map([Attribute])

        /// Lists and maps in each other: as deep as this, so that no message can make the decoders' calls deeper.
        static let depthMax = 5

        /// What stands for it in a path; nil where nothing can.
        var text: String? {
            switch self {
            case .string(let text): text
            case .bool(let isTrue): isTrue ? "true" : "false"
            case .int(let number): String(number)
            case .double(let number): String(number)
            case .none, .bytes, .array, .map: nil
            }
        }
    }
}

/// How much an export has of everything of which two bytes of it could make one: each may be there as often as a batch may have
/// partials. The decoders count, so that nothing of what is too much is ever built.
struct OTLPSize {
    enum Part: Int, CaseIterable {
        case resources
        case scopes
        case metrics
        case points
    }

    private let max: Int
    private var counts = [0, 0, 0, 0]

    init(max: Int) { self.max = max }

    mutating func add(_ part: Part) throws(WireError) {
        counts[part.rawValue] += 1
        if counts[part.rawValue] > max { throw WireError(.tooManyPartials, "more than \(max) \(part) in an export") }
    }
}
