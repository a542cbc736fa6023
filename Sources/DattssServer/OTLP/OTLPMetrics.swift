import Foundation

/// `ExportMetricsServiceRequest` of OTLP 1, as far as it is used: decoded from JSON by its own names, and from protobuf by
/// ``OTLPProtobuf``. (https://opentelemetry.io/docs/specs/otlp, and `opentelemetry/proto/metrics/v1/metrics.proto` there.)
struct OTLPMetrics: Decodable {
    var resourceMetrics: [Resource]?

    struct Resource: Decodable {
        var resource: Attributes?
        var scopeMetrics: [Scope]?
    }

    struct Attributes: Decodable {
        var attributes: [Attribute]?
    }

    struct Scope: Decodable {
        var scope: Name?
        var metrics: [Metric]?
    }

    struct Name: Decodable {
        var name: String?
    }

    struct Metric: Decodable {
        var name: String?
        var unit: String?
        var gauge: Points<NumberPoint>?
        var sum: Points<NumberPoint>?
        var histogram: Points<HistogramPoint>?
        var exponentialHistogram: Points<ExponentialPoint>?
        var summary: Points<OtherPoint>?
    }

    struct Points<Point: Decodable>: Decodable {
        var dataPoints: [Point]?
        var aggregationTemporality: Temporality?
        var isMonotonic: Bool?
    }

    struct NumberPoint: Decodable {
        var attributes: [Attribute]?
        var startTimeUnixNano: WholeNumber?
        var timeUnixNano: WholeNumber?
        var asDouble: RealNumber?
        var asInt: WholeNumber?
        var flags: UInt32?

        var value: Double? { asDouble?.value ?? asInt.map { Double($0.signed) } }
    }

    struct HistogramPoint: Decodable {
        var attributes: [Attribute]?
        var startTimeUnixNano: WholeNumber?
        var timeUnixNano: WholeNumber?
        var count: WholeNumber?
        var sum: RealNumber?
        var bucketCounts: [WholeNumber]?
        var explicitBounds: [RealNumber]?
        var flags: UInt32?
        var min: RealNumber?
        var max: RealNumber?
    }

    struct ExponentialPoint: Decodable {
        var attributes: [Attribute]?
        var startTimeUnixNano: WholeNumber?
        var timeUnixNano: WholeNumber?
        var count: WholeNumber?
        var sum: RealNumber?
        var scale: Int32?
        var zeroCount: WholeNumber?
        var positive: Buckets?
        var negative: Buckets?
        var flags: UInt32?
        var min: RealNumber?
        var max: RealNumber?
    }

    struct Buckets: Decodable {
        var offset: Int32?
        var bucketCounts: [WholeNumber]?
    }

    /// Of a metric that is not taken in: it is only counted.
    struct OtherPoint: Decodable {}

    struct Attribute: Decodable {
        var key: String?
        var value: AnyValue?
    }

    /// Lists, maps and bytes have no place in a path: they are all of the members' absences.
    struct AnyValue: Decodable {
        var stringValue: String?
        var boolValue: Bool?
        var intValue: WholeNumber?
        var doubleValue: RealNumber?

        var text: String? {
            stringValue ?? boolValue.map { $0 ? "true" : "false" } ?? intValue.map { String($0.signed) }
                ?? doubleValue.map { String($0.value) }
        }
    }

    enum Temporality: Int, Decodable {
        case unspecified = 0
        case delta = 1
        case cumulative = 2

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let names = [
                "AGGREGATION_TEMPORALITY_DELTA": Temporality.delta, "AGGREGATION_TEMPORALITY_CUMULATIVE": .cumulative,
            ]
            if let name = try? container.decode(String.self) {
                self = names[name] ?? .unspecified
            } else {
                self = Temporality(rawValue: try container.decode(Int.self)) ?? .unspecified
            }
        }
    }

    /// 64 bits, which JSON writes as text.
    struct WholeNumber: Decodable, Hashable {
        var bits: UInt64
        var signed: Int64 { Int64(bitPattern: bits) }

        init(bits: UInt64) { self.bits = bits }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int64.self) {
                bits = UInt64(bitPattern: number)
            } else {
                let text = try container.decode(String.self)
                guard let number = UInt64(text) ?? Int64(text).map({ UInt64(bitPattern: $0) }) else {
                    throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text.prefix(32))' is no integer")
                }
                bits = number
            }
        }
    }

    /// A double, of which JSON writes those that are not finite as text.
    struct RealNumber: Decodable, Hashable {
        var value: Double

        init(value: Double) { self.value = value }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                value = Double(text) ?? .nan
            } else {
                value = try container.decode(Double.self)
            }
        }
    }
}
