import DattssCore

/// The points of an export, by their time, with what of the tree above them matters.
struct OTLPPoints: Sendable {
    private(set) var points: [Point] = []
    private(set) var processes: Set<String> = []
    private(set) var rejectedCount = 0
    /// Why the first of the rejected ones was.
    private(set) var problem: String?

    struct Point: Sendable {
        var series: OTLPSeriesKey
        var path: String
        /// Name and attributes as they came, where they were no path.
        var original: String?
        var unit: String
        /// Nanoseconds since 1970; 0 for unknown.
        var start: UInt64
        var time: UInt64
        var value: Value
    }

    enum Value: Sendable {
        /// Also of a sum that is cumulative and may fall.
        case gauge(Double)
        case sum(Double, isCumulative: Bool)
        case histogram(OTLPHistogram, isCumulative: Bool)
    }

    /// `FLAG_NO_RECORDED_VALUE`: the point says that there is none.
    private static let noValueFlag: UInt64 = 1

    init(_ metrics: OTLPMetrics) {
        for resource in metrics.resources {
            if let name = resource.attributes.first(where: { $0.key == "service.name" })?.value.text { note(process: name) }
            var identity = OTLPIdentity()
            identity.add(resource.attributes)
            let digest = identity.digest
            for scope in resource.scopes {
                var identity = OTLPIdentity(below: digest)
                identity.add(scope.name)
                identity.add(scope.version)
                identity.add(scope.attributes)
                let digest = identity.digest
                for metric in scope.metrics { read(metric, of: digest) }
            }
        }
        sortByTime()
    }

    private mutating func note(process: String) {
        guard process.utf8.count <= OTLPPath.partBytesMax, let name = Name.rewritten(process.utf8) else { return }
        processes.insert(name.utf8Prefix(Name.processBytesMax))
    }

    // MARK: Metrics

    private mutating func read(_ metric: OTLPMetrics.Metric, of scope: SHA256Digest) {
        if metric.summaryPointCount > 0 {
            reject(metric.summaryPointCount, "\(metric.name.utf8Prefix(64)): summaries are not taken in")
        }
        read(metric.gauge.points, "gauge", metric, of: scope, \.head) { Self.finite($0.value).map { .gauge($0) } }
        let (isMonotonic, isCumulative) = (metric.sum.isMonotonic, Self.isCumulative(metric.sum.temporality))
        read(metric.sum.points, "sum \(isMonotonic ? "true" : "false") \(metric.sum.temporality.name)", metric, of: scope, \.head) {
            point in
            guard let value = Self.finite(point.value), let isCumulative else { return nil }
            return isCumulative && !isMonotonic ? .gauge(value) : .sum(value, isCumulative: isCumulative)
        }
        read(metric.histogram.points, "histogram \(metric.histogram.temporality.name)", metric, of: scope, \.head) { point in
            guard let isCumulative = Self.isCumulative(metric.histogram.temporality) else { return nil }
            return OTLPHistogram(point).map { .histogram($0, isCumulative: isCumulative) }
        }
        let temporality = metric.exponentialHistogram.temporality
        read(metric.exponentialHistogram.points, "exponential \(temporality.name)", metric, of: scope, \.head) { point in
            guard let isCumulative = Self.isCumulative(temporality) else { return nil }
            return OTLPHistogram(point).map { .histogram($0, isCumulative: isCumulative) }
        }
    }

    /// - Parameter kind: made of it only where there are points.
    /// - Parameter value: nil for what cannot be taken in.
    private mutating func read<Given>(
        _ given: [Given], _ kind: @autoclosure () -> String, _ metric: OTLPMetrics.Metric, of scope: SHA256Digest,
        _ head: KeyPath<Given, OTLPMetrics.Head>, _ value: (Given) -> Value?
    ) {
        if given.isEmpty { return }
        guard metric.unit.utf8.count <= OTLPPath.partBytesMax, let name = OTLPPath(name: metric.name) else {
            return reject(
                given.count,
                "'\(metric.name.utf8Prefix(64))' with its unit is no name, expected 1 to \(Name.pathBytesMax) bytes")
        }
        var identity = OTLPIdentity(below: scope)
        identity.add(metric.name)
        identity.add(metric.unit)
        identity.add(kind())
        let digest = identity.digest
        for one in given {
            let head = one[keyPath: head]
            if head.flags & Self.noValueFlag != 0 { continue }
            var path = name
            guard path.append(head.attributes) else {
                reject(
                    1, "\(name.text): more than \(OTLPPath.attributesMax) attributes, or \(Name.pathBytesMax) bytes with them")
                continue
            }
            guard let value = value(one) else {
                reject(1, "\(path.text.utf8Prefix(64)): no finite value, no temporality, or counts that do not add up")
                continue
            }
            var identity = OTLPIdentity(below: digest)
            identity.add(head.attributes)
            points.append(
                Point(
                    series: identity.key, path: path.text,
                    original: path.isRewritten ? OTLPPath.original(metric.name, head.attributes) : nil, unit: metric.unit,
                    start: head.start,
                    time: head.time, value: value))
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

    private static func isCumulative(_ temporality: OTLPMetrics.Temporality) -> Bool? {
        switch temporality {
        case .delta: false
        case .cumulative: true
        case .unspecified: nil
        }
    }

    private static func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
}
