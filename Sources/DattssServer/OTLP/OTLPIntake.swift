import DattssCore
import Synchronization

/// Turns exports of OpenTelemetry metrics into partials.
///
///     sum, monotonic        ──► c    delta: as it is; cumulative: what came since the last export of the series
///     sum, not monotonic    ──► g    cumulative: a level; a delta is a counter
///     gauge                 ──► g
///     histogram             ──► ms   with its sketch: see ``OTLPTimer``
///     exponential histogram ──► ms
///     summary               rejected and counted
///
/// The name of a metric and its attributes in sorted order, `.key:value` each, are its path, as tags are of statsd lines.
///
/// A cumulative series that began before this server cannot be told from one that an earlier run has counted: its first
/// export is where counting begins. One that began later counts from its start. A point that comes twice, because an answer
/// was lost, counts once.
final class OTLPIntake: Sendable {
    private let state = Mutex<[UserID: [String: Seen]]>([:])
    private let startedAtNanoseconds: UInt64

    struct Seen: Sendable, Hashable {
        var series: OTLPSeries
        var at: Timestamp
    }

    init(startedAt: Timestamp) {
        startedAtNanoseconds = UInt64(max(0, startedAt.milliseconds)) &* 1_000_000
    }

    /// What an export comes down to.
    struct Plan: Sendable {
        var partials: [Partial] = []
        var processes: Set<String> = []
        var pointCount = 0
        var rejectedPoints: Int64 = 0
        /// Why the first of the rejected ones was.
        var problem: String?
        /// What was remembered of the series before, for ``OTLPIntake/cancel(_:of:)``.
        fileprivate var changes: [(key: String, before: Seen?, after: Seen)] = []

        fileprivate mutating func reject(_ problem: String, points: Int = 1) {
            rejectedPoints += Int64(points)
            if self.problem == nil { self.problem = problem }
        }
    }

    /// Works out what is new, and remembers that it was. If the partials are not taken in, ``cancel(_:of:)`` has to follow.
    func plan(_ metrics: OTLPMetrics, of user: UserID, at time: Timestamp, limits: Limits) throws(WireError) -> Plan {
        let series = try OTLPPoints.read(metrics, pointsMax: limits.partialsPerBatch)
        return state.withLock { state in
            var plan = Plan()
            plan.processes = series.processes
            plan.pointCount = series.points.count
            for (problem, count) in series.rejected { plan.reject(problem, points: count) }
            for point in series.points { add(point, to: &plan, &state[user, default: [:]], at: time, limits: limits) }
            return plan
        }
    }

    /// The export was refused, and will come again.
    func cancel(_ plan: Plan, of user: UserID) {
        state.withLock { state in
            for change in plan.changes.reversed() where state[user]?[change.key] == change.after {
                state[user]?[change.key] = change.before
            }
        }
    }

    private func add(
        _ point: OTLPPoints.Point, to plan: inout Plan, _ known: inout [String: Seen], at time: Timestamp, limits: Limits
    ) {
        let before = known[point.series]
        if before?.series.start == point.start, before?.series.time == point.time, point.time != 0, !point.isGauge { return }
        if before == nil, known.count >= limits.liveStatisticsPerUser {
            known = known.filter { $0.value.at.advanced(byMilliseconds: limits.idleSeconds * 1000) > time }
            guard known.count < limits.liveStatisticsPerUser else {
                return plan.reject("more than \(limits.liveStatisticsPerUser) series")
            }
        }
        var after = Seen(series: OTLPSeries(start: point.start, time: point.time, total: .none), at: time)
        let isContinued = before.map { $0.series.start == point.start } ?? false
        // Another start says that it began anew; so does a total that has become smaller.
        let countsFromStart = before != nil || point.start >= startedAtNanoseconds
        switch point.value {
        case .gauge(let value):
            plan.partials.append(Partial(StatisticKey(.gauge, point.path), Aggregate(sample: value)))
            return
        case .delta(let value):
            if value != 0 { plan.partials.append(Partial(StatisticKey(.counter, point.path), Aggregate(sample: value))) }
        case .total(let value):
            after.series.total = .number(value)
            var new = countsFromStart ? value : 0
            if isContinued, case .number(let earlier) = before?.series.total, value >= earlier { new = value - earlier }
            if new != 0 { plan.partials.append(Partial(StatisticKey(.counter, point.path), Aggregate(sample: new))) }
        case .histogram(let histogram, let isCumulative):
            var new: OTLPHistogram? = histogram
            if isCumulative {
                after.series.total = .histogram(histogram)
                if !countsFromStart { new = nil }
                if isContinued, case .histogram(let earlier) = before?.series.total {
                    new = histogram.since(earlier) ?? histogram
                }
            }
            if let new, let aggregate = OTLPTimer.aggregate(of: new, unit: point.unit) {
                plan.partials.append(Partial(StatisticKey(.timer, point.path), aggregate))
            }
        }
        known[point.series] = after
        plan.changes.append((point.series, before, after))
    }
}
