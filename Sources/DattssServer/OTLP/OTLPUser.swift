import DattssCore
import Synchronization

/// The series of one user, behind a lock.
final class OTLPUser: Sendable {
    private let state: Mutex<State>

    private struct State {
        var table: OTLPSeriesTable
        /// When it sent something, by the uptime.
        var heardAt: Int64
        var hasLeft = false
    }

    init(_ table: OTLPSeriesTable, at now: Moment) { state = Mutex(State(table: table, heardAt: now.uptimeMilliseconds)) }

    var count: Int { state.withLock { $0.table.count } }

    /// - Returns: nil when the user has left.
    func plan(_ points: OTLPPoints, at now: Moment, limits: Limits) -> OTLPPlan? {
        state.withLock { state in
            if state.hasLeft { return nil }
            state.heardAt = now.uptimeMilliseconds
            var plan = OTLPPlan(
                processes: points.processes, rejectedPoints: points.rejectedCount, problem: points.problem)
            for point in points.points { Self.add(point, to: &plan, &state.table, at: now, limits: limits) }
            return plan
        }
    }

    func cancel(_ plan: OTLPPlan) {
        state.withLock { state in
            for change in plan.changes.reversed() where state.table[change.key] == change.after {
                if let before = change.before { state.table.restore(change.key, before) } else { state.table.remove(change.key) }
            }
        }
    }

    func leave() { state.withLock { $0.hasLeft = true } }

    /// - Returns: the latest start of the series when the user left. A user who is just sending is not idle, and is not waited for.
    func leave(ifIdleAt now: Moment, limits: Limits) -> UInt64? {
        let left: UInt64?? = state.withLockIfAvailable { state in
            guard OTLPSeriesTable.isIdle(since: state.heardAt, at: now, limits) else { return nil }
            state.hasLeft = true
            return state.table.latestStart
        }
        return left ?? nil
    }

    /// A time that is further ahead than any clock that is merely wrong would make everything after it late.
    private static let aheadMilliseconds: Int64 = 86_400_000

    private static func add(
        _ point: OTLPPoints.Point, to plan: inout OTLPPlan, _ table: inout OTLPSeriesTable, at now: Moment, limits: Limits
    ) {
        let before = table[point.name.series]
        var series = before ?? OTLPSeries()
        let time = point.time > now.time.advanced(byMilliseconds: aheadMilliseconds).nanoseconds ? 0 : point.time
        let news =
            switch point.value {
            case .gauge: series.takeGauge(at: time)
            case .sum(let value, isCumulative: false): series.takeDelta(.number(value), start: point.start, time: point.time)
            case .histogram(let value, isCumulative: false):
                series.takeDelta(.histogram(value), start: point.start, time: point.time)
            case .sum(let value, isCumulative: true):
                series.takeTotal(.number(value), start: point.start, time: time, knownSince: table.knownSince)
            case .histogram(let value, isCumulative: true):
                series.takeTotal(.histogram(value), start: point.start, time: time, knownSince: table.knownSince)
            }
        switch news {
        case .late: plan.latePoints += 1
        case .repeated: plan.repeatedPoints += 1
        case .new(let value):
            let partial = partial(of: point, value)
            guard partial != nil || hasNothing(value) else {
                return plan.reject("a difference of totals, or a value in its unit, is more than a number can hold")
            }
            guard table.set(point.name.series, series, at: now, limits: limits) else {
                return plan.reject("more than \(limits.liveStatisticsPerUser) series, or too many buckets of them")
            }
            plan.changes.append((point.name.series, before, series))
            if let original = point.name.original { plan.note(rewriting: original, to: point.name.path) }
            if let partial { plan.partials.append(partial) }
        }
    }

    /// Whether there is nothing to count: of a series that has just begun, or that stood still.
    private static func hasNothing(_ news: OTLPSeries.Total?) -> Bool {
        switch news {
        case .none: true
        case .number(let value): value == 0
        case .histogram(let histogram): histogram.count == 0
        }
    }

    private static func partial(of point: OTLPPoints.Point, _ news: OTLPSeries.Total?) -> Partial? {
        if case .gauge(let value) = point.value { return Partial(StatisticKey(.gauge, point.name.path), Aggregate(sample: value)) }
        switch news {
        case .none: return nil
        case .number(let value):
            return value == 0 || !value.isFinite ? nil : Partial(StatisticKey(.counter, point.name.path), Aggregate(sample: value))
        case .histogram(let histogram):
            return OTLPTimer.aggregate(of: histogram, unit: point.name.unit).map {
                Partial(StatisticKey(.timer, point.name.path), $0)
            }
        }
    }
}
