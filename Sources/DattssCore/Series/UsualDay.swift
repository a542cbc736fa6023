/// Adds up the days before, for ``DayView``.
struct UsualDay {
    private let stepMinutes: Int64
    private var minutes: [MinuteOfDay] = Array(repeating: MinuteOfDay(), count: Int(Minute.perDay))
    private var steps: [Int64: Step] = [:]

    /// One minute of the day over all days.
    private struct MinuteOfDay {
        var sum = 0.0
        var count = 0.0
        /// Bit k: the day k days before counts.
        var days: UInt8 = 0
    }

    fileprivate struct Step {
        var totals = DayView.Means()
        var days = 0
        var daysWithPercentiles = 0
    }

    init(stepMinutes: Int64) { self.stepMinutes = stepMinutes }

    /// A day counts for a minute, though the statistic may have been silent in it.
    /// - Parameter age: how many days before, from 1 to ``DayView/usualDays``.
    mutating func note(_ minuteOfDay: Int64, ofDay age: Int64) {
        minutes[Int(minuteOfDay)].days |= 1 << UInt8(age)
    }

    /// - Parameter dayMinutes: what the statistic has on that day, sorted by minute of the day.
    mutating func add(_ dayMinutes: [(Int64, Aggregate)], ofDay age: Int64) {
        for (minuteOfDay, aggregate) in dayMinutes {
            note(minuteOfDay, ofDay: age)
            minutes[Int(minuteOfDay)].sum += aggregate.sum
            minutes[Int(minuteOfDay)].count += Double(aggregate.count)
        }
        for (start, aggregate) in DayView.steps(dayMinutes, stepMinutes) {
            steps[start, default: Step()].add(aggregate)
        }
    }

    var points: [DayView.UsualPoint] {
        stride(from: 0, to: Minute.perDay, by: Int(stepMinutes)).compactMap { start in
            let range = Int(start)..<Int(min(start + stepMinutes, Minute.perDay))
            let counted = minutes[range].filter { $0.days != 0 }
            guard !counted.isEmpty else { return nil }
            return DayView.UsualPoint(
                minute: start,
                sum: counted.reduce(0) { $0 + $1.sum / Double($1.days.nonzeroBitCount) },
                count: counted.reduce(0) { $0 + $1.count / Double($1.days.nonzeroBitCount) },
                means: steps[start]?.means,
                days: counted.reduce(0) { $0 | $1.days }.nonzeroBitCount)
        }
    }
}

extension UsualDay.Step {
    mutating func add(_ aggregate: Aggregate) {
        days += 1
        totals.max += aggregate.max
        totals.min += aggregate.min
        totals.top += aggregate.top
        totals.bottom += aggregate.bottom
        totals.first += aggregate.first
        totals.last += aggregate.last
        guard let percentiles = aggregate.percentiles else { return }
        daysWithPercentiles += 1
        totals.percentiles = totals.percentiles.map { $0 + percentiles } ?? percentiles
    }

    var means: DayView.Means {
        let n = Double(days)
        return DayView.Means(
            max: totals.max / n, min: totals.min / n, top: totals.top / n, bottom: totals.bottom / n,
            first: totals.first / n, last: totals.last / n,
            percentiles: daysWithPercentiles == days ? totals.percentiles.map { $0 / n } : nil)
    }
}

extension Aggregate {
    /// p50, p95 and p99, where they are known: see ``quantile(_:)``.
    public var percentiles: StatisticStatus.Percentiles? {
        guard let p50 = quantile(0.50), let p95 = quantile(0.95), let p99 = quantile(0.99) else { return nil }
        return StatisticStatus.Percentiles(p50: p50, p95: p95, p99: p99)
    }
}

extension StatisticStatus.Percentiles {
    static func + (a: Self, b: Self) -> Self {
        Self(p50: a.p50 + b.p50, p95: a.p95 + b.p95, p99: a.p99 + b.p99)
    }

    static func / (a: Self, n: Double) -> Self {
        Self(p50: a.p50 / n, p95: a.p95 / n, p99: a.p99 / n)
    }
}
