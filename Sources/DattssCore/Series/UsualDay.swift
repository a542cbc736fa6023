/// Adds up the days before, for ``DayView``.
struct UsualDay {
    private let stepMinutes: Int64
    private var minutes: [MinuteOfDay] = Array(repeating: MinuteOfDay(), count: Int(Minute.perDay))
    private var steps: [Step]

    /// One minute of the day over all days.
    private struct MinuteOfDay {
        var sum = 0.0
        var count = 0.0
        /// Bit k: the day k days before counts. Bit 8 + k: so does what its clocks showed again.
        var times: UInt16 = 0

        /// Bit k: the day k days before counts, once or twice.
        var days: UInt16 { (times | times >> 8) & 0xFF }
    }

    fileprivate struct Step {
        var totals = DayView.Means()
        var days = 0
        var daysWithPercentiles = 0
    }

    init(stepMinutes: Int64) {
        self.stepMinutes = stepMinutes
        steps = Array(repeating: Step(), count: Int((Minute.perDay + stepMinutes - 1) / stepMinutes))
    }

    /// Minutes count in which the user sent something, though the statistic may have been silent in them.
    mutating func note(_ active: MinuteRuns, before today: Int64, _ local: inout LocalMinutes) {
        for run in active.runs {
            for index in run.lowerBound.index..<run.upperBound.index {
                let shown = local.of(Minute(index))
                guard 1...DayView.usualDays ~= today - shown.day else { continue }
                note(shown.minuteOfDay, isRepeated: shown.isRepeated, ofDay: today - shown.day)
            }
        }
    }

    private mutating func note(_ minuteOfDay: Int64, isRepeated: Bool, ofDay age: Int64) {
        minutes[Int(minuteOfDay)].times |= 1 << UInt16(isRepeated ? age + 8 : age)
    }

    /// Adds what the statistic has in a minute of a day.
    /// - Parameter age: how many days before, from 1 to ``DayView/usualDays``.
    mutating func add(sum: Double, count: Int64, _ minuteOfDay: Int64, isRepeated: Bool, ofDay age: Int64) {
        note(minuteOfDay, isRepeated: isRepeated, ofDay: age)
        minutes[Int(minuteOfDay)].sum += sum
        minutes[Int(minuteOfDay)].count += Double(count)
    }

    /// Adds what all minutes of a step have on a day.
    mutating func add(step aggregate: Aggregate, _ start: Int64) {
        steps[Int(start / stepMinutes)].add(aggregate)
    }

    var points: [DayView.UsualPoint] {
        var points: [DayView.UsualPoint] = []
        for (index, step) in steps.enumerated() {
            let start = Int64(index) * stepMinutes
            var point = DayView.UsualPoint(minute: start, sum: 0, count: 0, minutes: 0, means: step.means, days: 0)
            var days: UInt16 = 0
            for minute in Int(start)..<Int(min(start + stepMinutes, Minute.perDay)) where minutes[minute].times != 0 {
                let counted = Double(minutes[minute].times.nonzeroBitCount)
                point.sum += minutes[minute].sum / counted
                point.count += minutes[minute].count / counted
                point.minutes += 1
                days |= minutes[minute].days
            }
            point.days = days.nonzeroBitCount
            if point.days > 0 { points.append(point) }
        }
        return points
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

    /// nil when no day has the step.
    var means: DayView.Means? {
        if days == 0 { return nil }
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
        return StatisticStatus.Percentiles(p50: p50, p95: p95, p99: p99, areApproximate: isApproximate)
    }
}

extension StatisticStatus.Percentiles {
    static func + (a: Self, b: Self) -> Self {
        Self(
            p50: a.p50 + b.p50, p95: a.p95 + b.p95, p99: a.p99 + b.p99, areApproximate: a.areApproximate || b.areApproximate)
    }

    static func / (a: Self, n: Double) -> Self {
        Self(p50: a.p50 / n, p95: a.p95 / n, p99: a.p99 / n, areApproximate: a.areApproximate)
    }
}
