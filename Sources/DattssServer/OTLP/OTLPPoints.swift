import Crypto
import DattssCore

/// The points of an export, one after the other, with what of the tree above them matters.
struct OTLPPoints {
    var points: [Point] = []
    var processes: Set<String> = []
    /// Why points were not read, and how many.
    var rejected: [(problem: String, count: Int)] = []
    private let pointsMax: Int
    private var seenCount = 0

    struct Point {
        /// What tells it from all other series: also from those of another process, whose totals are others.
        var series: String
        var path: String
        var unit: String?
        var start: UInt64
        var time: UInt64
        var value: Value

        var isGauge: Bool { if case .gauge = value { true } else { false } }
    }

    enum Value {
        case gauge(Double)
        case delta(Double)
        case total(Double)
        case histogram(OTLPHistogram, isCumulative: Bool)
    }

    static let attributesMax = 64
    /// `FLAG_NO_RECORDED_VALUE`: the point says that there is none.
    private static let noValueFlag: UInt32 = 1

    static func read(_ metrics: OTLPMetrics, pointsMax: Int) throws(WireError) -> OTLPPoints {
        var points = OTLPPoints(pointsMax: pointsMax)
        for resource in metrics.resourceMetrics ?? [] {
            let attributes = resource.resource?.attributes ?? []
            if let name = attributes.first(where: { $0.key == "service.name" })?.value?.text { points.note(process: name) }
            let origin = digest(text(of: attributes))
            for scope in resource.scopeMetrics ?? [] {
                for metric in scope.metrics ?? [] {
                    try points.read(metric, origin: origin + digest(scope.scope?.name ?? ""))
                }
            }
        }
        return points
    }

    private init(pointsMax: Int) { self.pointsMax = pointsMax }

    private mutating func note(process: String) {
        let name = Self.name(process).prefix(Name.processBytesMax)
        if !name.isEmpty { processes.insert(String(name)) }
    }

    private mutating func read(_ metric: OTLPMetrics.Metric, origin: String) throws(WireError) {
        for point in metric.gauge?.dataPoints ?? [] {
            try add(metric, origin, "g", point.attributes, point.startTimeUnixNano, point.timeUnixNano, point.flags) {
                Self.finite(point.value).map { .gauge($0) }
            }
        }
        for point in metric.sum?.dataPoints ?? [] {
            let isMonotonic = metric.sum?.isMonotonic ?? false
            let temporality = metric.sum?.aggregationTemporality
            try add(metric, origin, "s", point.attributes, point.startTimeUnixNano, point.timeUnixNano, point.flags) {
                guard let value = Self.finite(point.value) else { return nil }
                switch temporality {
                case .delta: return .delta(value)
                case .cumulative: return isMonotonic ? .total(value) : .gauge(value)
                default: return nil
                }
            }
        }
        for point in metric.histogram?.dataPoints ?? [] {
            let isCumulative = Self.isCumulative(metric.histogram?.aggregationTemporality)
            try add(metric, origin, "h", point.attributes, point.startTimeUnixNano, point.timeUnixNano, point.flags) {
                isCumulative.flatMap { cumulative in OTLPHistogram(point).map { .histogram($0, isCumulative: cumulative) } }
            }
        }
        for point in metric.exponentialHistogram?.dataPoints ?? [] {
            let isCumulative = Self.isCumulative(metric.exponentialHistogram?.aggregationTemporality)
            try add(metric, origin, "e", point.attributes, point.startTimeUnixNano, point.timeUnixNano, point.flags) {
                isCumulative.flatMap { cumulative in OTLPHistogram(point).map { .histogram($0, isCumulative: cumulative) } }
            }
        }
        if let count = metric.summary?.dataPoints?.count, count > 0 {
            try countPoints(count)
            rejected.append(("\(metric.name ?? ""): summaries are not taken in", count))
        }
    }

    private mutating func add(
        _ metric: OTLPMetrics.Metric, _ origin: String, _ kind: String, _ attributes: [OTLPMetrics.Attribute]?,
        _ start: OTLPMetrics.WholeNumber?, _ time: OTLPMetrics.WholeNumber?, _ flags: UInt32?, _ value: () -> Value?
    ) throws(WireError) {
        try countPoints(1)
        let name = metric.name ?? ""
        if (flags ?? 0) & Self.noValueFlag != 0 { return }
        guard (attributes?.count ?? 0) <= Self.attributesMax else {
            return rejected.append(("\(name.prefix(64)): more than \(Self.attributesMax) attributes", 1))
        }
        let path = Self.path(name, attributes ?? [])
        guard !name.isEmpty, Name.isValidPath(path.utf8) else {
            return rejected.append(("'\(path.prefix(64))' is no path, expected 1 to \(Name.pathBytesMax) bytes", 1))
        }
        guard let value = value() else {
            return rejected.append(("\(path.prefix(64)): no finite value, no temporality, or counts that do not add up", 1))
        }
        let series = "\(origin)\u{0}\(kind)\u{0}\(name)\u{0}\(Self.text(of: attributes ?? []))"
        points.append(
            Point(series: series, path: path, unit: metric.unit, start: start?.bits ?? 0, time: time?.bits ?? 0, value: value))
    }

    private mutating func countPoints(_ count: Int) throws(WireError) {
        seenCount += count
        if seenCount > pointsMax { throw WireError(.tooManyPartials, "more than \(pointsMax) points in an export") }
    }

    private static func isCumulative(_ temporality: OTLPMetrics.Temporality?) -> Bool? {
        switch temporality {
        case .delta: false
        case .cumulative: true
        default: nil
        }
    }

    private static func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }

    // MARK: Names

    private static func path(_ name: String, _ attributes: [OTLPMetrics.Attribute]) -> String {
        Self.name(name)
            + attributes.map { ".\(Self.name($0.key ?? "")):\(Self.name($0.value?.text ?? "_"))" }.sorted().joined()
    }

    /// Bytes that no path has become `_`.
    private static func name(_ text: String) -> String {
        String(decoding: text.utf8.map { Name.isNameByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }

    /// A few bytes in place of many: a resource may describe itself at length, and every series of it is remembered.
    private static func digest(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).prefix(16).map { String($0, radix: 36) }.joined(separator: ".")
    }

    private static func text(of attributes: [OTLPMetrics.Attribute]) -> String {
        attributes.map { "\($0.key ?? "")=\($0.value?.text ?? "")" }.sorted().joined(separator: "\u{1}")
    }
}
