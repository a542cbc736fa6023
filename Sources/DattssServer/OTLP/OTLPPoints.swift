import DattssCore

/// The points of an export, by their time, with what of the tree above them matters.
struct OTLPPoints: Sendable {
    private(set) var points: [Point] = []
    private(set) var processes: Set<String> = []
    private(set) var rejectedCount = 0
    /// Why the first of the rejected ones was.
    private(set) var problem: String?

    struct Point: Sendable {
        var name: OTLPSeriesName
        /// Nanoseconds since 1970; 0 for unknown.
        var start: UInt64
        var time: UInt64
        var value: Value
    }

    enum Value: Sendable {
        /// Also of a sum that is cumulative and may fall.
        case gauge(Double)
        case sum(Double, isCumulative: Bool)
        /// (By reference, because the many points that are numbers would be as large.)
        indirect case histogram(OTLPHistogram, isCumulative: Bool)
    }

    /// `FLAG_NO_RECORDED_VALUE`: the point says that there is none.
    static let noValueFlag: UInt64 = 1

    /// - Parameters:
    ///   - points: in the order in which they came.
    ///   - process: of each resource that has one.
    init(_ points: [Point], processes: Set<String>) {
        (self.points, self.processes) = (points, processes)
        sortByTime()
    }

    init(_ metrics: OTLPMetrics) {
        for resource in metrics.resources {
            if let process = Self.process(of: resource.attributes) { processes.insert(process) }
            let digest = Self.digest(ofResource: resource.attributes)
            for scope in resource.scopes {
                let digest = Self.digest(of: scope, in: digest)
                for metric in scope.metrics { read(metric, of: digest) }
            }
        }
        sortByTime()
    }

    // MARK: Resources and scopes

    /// The name of the process that a resource is, rewritten as statsd would.
    static func process(of attributes: [OTLPMetrics.Attribute]) -> String? {
        guard let text = attributes.first(where: { $0.key == "service.name" })?.value.text,
            text.utf8.count <= OTLPPath.partBytesMax, let name = Name.rewritten(text.utf8)
        else { return nil }
        return name.utf8Prefix(Name.processBytesMax)
    }

    static func digest(ofResource attributes: [OTLPMetrics.Attribute]) -> SHA256Digest {
        var identity = OTLPIdentity()
        identity.add(attributes)
        return identity.digest
    }

    static func digest(of scope: OTLPMetrics.Scope, in resource: SHA256Digest) -> SHA256Digest {
        var identity = OTLPIdentity(below: resource)
        identity.add(scope.name)
        identity.add(scope.version)
        identity.add(scope.attributes)
        return identity.digest
    }

    // MARK: Metrics

    private mutating func read(_ metric: OTLPMetrics.Metric, of scope: SHA256Digest) {
        if metric.summaryPointCount > 0 {
            reject(metric.summaryPointCount, "\(metric.name.utf8Prefix(64)): summaries are not taken in")
        }
        read(metric.gauge.points, Kind.gauge, metric, of: scope, \.head) { Self.value(ofGauge: $0) }
        let sum = Kind.sum(metric.sum.temporality, isMonotonic: metric.sum.isMonotonic)
        read(metric.sum.points, sum, metric, of: scope, \.head) { sum.value(ofSum: $0) }
        let histogram = Kind.histogram(metric.histogram.temporality)
        read(metric.histogram.points, histogram, metric, of: scope, \.head) { histogram.value(OTLPHistogram($0)) }
        let exponential = Kind.exponential(metric.exponentialHistogram.temporality)
        read(metric.exponentialHistogram.points, exponential, metric, of: scope, \.head) { exponential.value(OTLPHistogram($0)) }
    }

    /// - Parameter value: nil for what cannot be taken in.
    private mutating func read<Given>(
        _ given: [Given], _ kind: Kind, _ metric: OTLPMetrics.Metric, of scope: SHA256Digest,
        _ head: KeyPath<Given, OTLPMetrics.Head>, _ value: (Given) -> Value?
    ) {
        if given.isEmpty { return }
        guard let name = OTLPMetricName(metric.name, unit: metric.unit, kind: kind.name, of: scope) else {
            return reject(
                given.count,
                "'\(metric.name.utf8Prefix(64))' with its unit is no name, expected 1 to \(Name.pathBytesMax) bytes")
        }
        for one in given {
            let head = one[keyPath: head]
            if head.flags & Self.noValueFlag != 0 { continue }
            var path = name.path
            guard path.append(head.attributes) else {
                reject(
                    1, "\(name.path.text): more than \(OTLPPath.attributesMax) attributes, or \(Name.pathBytesMax) bytes with them")
                continue
            }
            guard let value = value(one) else {
                reject(1, "\(path.text.utf8Prefix(64)): no finite value, no temporality, or counts that do not add up")
                continue
            }
            points.append(Point(name: name.series(head.attributes, path), start: head.start, time: head.time, value: value))
        }
    }

    private mutating func reject(_ count: Int, _ problem: @autoclosure () -> String) {
        rejectedCount += count
        if self.problem == nil { self.problem = problem() }
    }

    /// So that of one export nothing is late, and the last value of a gauge is that of its latest time. Points of one time, or of
    /// none, stay in their order.
    private mutating func sortByTime() {
        if zip(points, points.dropFirst()).allSatisfy({ $0.time <= $1.time }) { return }
        let order = points.indices.sorted { (points[$0].time, $0) < (points[$1].time, $1) }
        points = order.map { points[$0] }
    }
}

// MARK: Kinds

extension OTLPPoints {
    /// What tells metrics of one name apart, and how their points count.
    enum Kind: Sendable {
        case gauge
        case sum(OTLPMetrics.Temporality, isMonotonic: Bool)
        case histogram(OTLPMetrics.Temporality)
        case exponential(OTLPMetrics.Temporality)

        /// As it is a part of the identity of a series.
        var name: String {
            switch self {
            case .gauge: "gauge"
            case .sum(let temporality, let isMonotonic): "sum \(isMonotonic ? "true" : "false") \(temporality.name)"
            case .histogram(let temporality): "histogram \(temporality.name)"
            case .exponential(let temporality): "exponential \(temporality.name)"
            }
        }

        /// - Returns: nil for what cannot be taken in.
        func value(ofSum point: OTLPMetrics.NumberPoint) -> Value? {
            guard case .sum(let temporality, let isMonotonic) = self, let value = OTLPPoints.finite(point.value),
                let isCumulative = temporality.isCumulative
            else { return nil }
            return isCumulative && !isMonotonic ? .gauge(value) : .sum(value, isCumulative: isCumulative)
        }

        /// - Returns: nil for what cannot be taken in.
        func value(_ histogram: OTLPHistogram?) -> Value? {
            switch self {
            case .gauge, .sum: nil
            case .histogram(let temporality), .exponential(let temporality):
                temporality.isCumulative.flatMap { isCumulative in histogram.map { .histogram($0, isCumulative: isCumulative) } }
            }
        }
    }

    /// - Returns: nil for what cannot be taken in.
    static func value(ofGauge point: OTLPMetrics.NumberPoint) -> Value? { finite(point.value).map { .gauge($0) } }

    private static func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
}

extension OTLPMetrics.Temporality {
    fileprivate var isCumulative: Bool? {
        switch self {
        case .delta: false
        case .cumulative: true
        case .unspecified: nil
        }
    }
}
