import DattssCore

@testable import DattssServer

/// Builds exports for tests.
enum OTLPExport {
    typealias Metric = OTLPMetrics.Metric

    static func of(
        _ metrics: Metric..., resource: [OTLPMetrics.Attribute] = [], scope: OTLPMetrics.Scope = .init()
    ) -> OTLPMetrics {
        var scope = scope
        scope.metrics = metrics
        return OTLPMetrics(resources: [.init(attributes: resource, scopes: [scope])])
    }

    static func head(_ start: UInt64, _ time: UInt64, _ attributes: [OTLPMetrics.Attribute] = []) -> OTLPMetrics.Head {
        OTLPMetrics.Head(attributes: attributes, start: start, time: time)
    }

    /// A sum that only grows.
    static func sum(
        _ name: String, _ values: (start: UInt64, time: UInt64, value: Double)...,
        temporality: OTLPMetrics.Temporality = .cumulative, unit: String = "", attributes: [OTLPMetrics.Attribute] = []
    ) -> Metric {
        var metric = Metric(name: name, unit: unit)
        metric.sum = .init(
            points: values.map { .init(head: head($0.start, $0.time, attributes), value: $0.value) }, temporality: temporality,
            isMonotonic: true)
        return metric
    }

    static func gauge(_ name: String, _ values: (time: UInt64, value: Double)...) -> Metric {
        var metric = Metric(name: name)
        metric.gauge.points = values.map { .init(head: head(0, $0.time), value: $0.value) }
        return metric
    }

    static func histogram(
        _ name: String, start: UInt64, time: UInt64, bounds: [Double], counts: [UInt64], sum: Double? = nil,
        temporality: OTLPMetrics.Temporality = .cumulative
    ) -> Metric {
        var metric = Metric(name: name, unit: "ms")
        let point = OTLPMetrics.HistogramPoint(
            head: head(start, time), count: counts.reduce(0, +), sum: sum, bucketCounts: counts, explicitBounds: bounds)
        metric.histogram = .init(points: [point], temporality: temporality)
        return metric
    }

    static func exponential(
        _ name: String, start: UInt64, time: UInt64, scale: Int32, counts: [UInt64], sum: Double? = nil,
        temporality: OTLPMetrics.Temporality = .cumulative
    ) -> Metric {
        var metric = Metric(name: name, unit: "ms")
        let point = OTLPMetrics.ExponentialPoint(
            head: head(start, time), count: counts.reduce(0, +), sum: sum, scale: scale,
            positive: .init(offset: 0, counts: counts))
        metric.exponentialHistogram = .init(points: [point], temporality: temporality)
        return metric
    }

    static func string(_ key: String, _ value: String) -> OTLPMetrics.Attribute { .init(key: key, value: .string(value)) }
}

/// An intake of one user, and what its partials have added up to.
struct OTLPLedger {
    let intake = OTLPIntake(startedAt: Timestamp(seconds: 0))
    var limits = Limits()
    /// Time passes when it is moved on; what only the clock shows beside that is `wrongBy`.
    var now = Timestamp(seconds: 1_795_330_000)
    var wrongBy: Int64 = 0
    private(set) var sums: [StatisticKey: Double] = [:]
    private(set) var counts: [StatisticKey: Int64] = [:]
    private(set) var lasts: [StatisticKey: Double] = [:]
    private(set) var late = 0
    private(set) var repeated = 0

    var moment: Moment { Moment(now.advanced(byMilliseconds: wrongBy), uptimeMilliseconds: now.milliseconds) }

    @discardableResult
    mutating func take(_ metrics: OTLPMetrics, of user: UserID = .local) -> OTLPPlan {
        let plan = intake.plan(metrics, of: user, at: moment, limits: limits)
        for partial in plan.partials {
            sums[partial.key, default: 0] += partial.aggregate.sum
            counts[partial.key, default: 0] += partial.aggregate.count
            lasts[partial.key] = partial.aggregate.last
        }
        late += plan.latePoints
        repeated += plan.repeatedPoints
        return plan
    }
}

extension Moment {
    /// The moment of a clock that nobody sets.
    init(_ time: Timestamp) { self.init(time, uptimeMilliseconds: time.milliseconds) }
}
