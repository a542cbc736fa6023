/// The steps of the days before a day, and of the day itself, as the clock on the wall has them, on the scale of a measure.
struct UsualDaySteps {
    private let measure: UsualMeasure
    private let today: Int64
    private let stepMinutes: Int64
    private var local: LocalMinutes
    /// In a day.
    let count: Int

    init(
        _ measure: UsualMeasure, _ date: CalendarDate, _ zone: any TimeZoneRules, _ stepMinutes: Int64, over minutes: Range<Minute>
    ) {
        (self.measure, today, self.stepMinutes) = (measure, date.dayNumber, stepMinutes)
        local = LocalMinutes(zone, over: minutes)
        count = Int((Minute.perDay + stepMinutes - 1) / stepMinutes)
    }

    /// By how many days before it they are, the steps that are known: those with data, and for counters those in which it would have been
    /// heard. Where clocks are set, a step that is not as long as others counts for its whole length.
    mutating func days(_ minutes: [MinutePoint], active: MinuteRuns, until now: Minute) -> [Int64: [Double?]] {
        var found: [Int64: [Step]] = [:]
        for minute in active.minutes where minute < now {
            guard let (age, step) = place(minute) else { continue }
            found[age, default: Array(repeating: Step(), count: count)][step].minutes += 1
        }
        for point in minutes where point.minute < now {
            guard let (age, step) = place(point.minute) else { continue }
            found[age, default: Array(repeating: Step(), count: count)][step].add(point.aggregate, measure)
        }
        return found.mapValues { steps in steps.map { $0.value(measure, stepMinutes).map(measure.scaled) } }
    }

    /// How many steps of the day itself are over.
    mutating func over(at now: Minute) -> Int {
        let shown = local.of(now)
        return shown.day < today ? 0 : shown.day > today ? count : Int(shown.minuteOfDay / stepMinutes)
    }

    private mutating func place(_ minute: Minute) -> (age: Int64, step: Int)? {
        let shown = local.of(minute)
        guard 0...DayView.usualDays ~= today - shown.day else { return nil }
        return (today - shown.day, Int(shown.minuteOfDay / stepMinutes))
    }

    /// A step of one day.
    private struct Step {
        /// In which a counter would have been heard.
        var minutes: Int64 = 0
        var pointMinutes: Int64 = 0
        var sum = 0.0
        var weight = 0.0

        mutating func add(_ aggregate: Aggregate, _ measure: UsualMeasure) {
            let value = measure.value(of: aggregate)
            let weight = measure == .count ? 1 : Double(aggregate.count)
            pointMinutes += 1
            sum += value * weight
            self.weight += weight
        }

        func value(_ measure: UsualMeasure, _ stepMinutes: Int64) -> Double? {
            if measure != .count { return weight > 0 ? sum / weight : nil }
            let minutes = max(minutes, pointMinutes)
            // Less than half a step tells nothing.
            return minutes * 2 < stepMinutes ? nil : sum * Double(stepMinutes) / Double(minutes)
        }
    }

    /// The steps of an earlier day, each with the mean of its hour: more need not be left.
    static func ofHours(
        _ points: [MinutePoint], _ measure: UsualMeasure, _ date: CalendarDate, age: Int64, _ zone: any TimeZoneRules,
        _ stepMinutes: Int64
    ) -> [Double?] {
        var local = LocalMinutes(zone, over: minutes(of: date, age: age))
        var hours: [(sum: Double, weight: Double)] = Array(repeating: (0, 0), count: 24)
        for point in points {
            let shown = local.of(point.minute)
            guard shown.day == date.dayNumber - age else { continue }
            let weight = Double(point.aggregate.count)
            let hour = Int(shown.minuteOfDay / 60)
            hours[hour].sum += measure == .count ? point.aggregate.sum : measure.value(of: point.aggregate) * weight
            hours[hour].weight += weight
        }
        return (0..<(Minute.perDay + stepMinutes - 1) / stepMinutes).map { step in
            let hour = hours[Int(step * stepMinutes / 60)]
            guard hour.weight > 0 else { return nil }
            return measure.scaled(measure == .count ? hour.sum * Double(stepMinutes) / 60 : hour.sum / hour.weight)
        }
    }

    /// The minutes of UTC in which a day can lie, whatever the zone.
    static func minutes(of date: CalendarDate, age: Int64) -> Range<Minute> {
        let slack: Int64 = 16 * 60
        let first = (date.dayNumber - age) * Minute.perDay
        return Minute(first - slack)..<Minute(first + Minute.perDay + slack)
    }
}

extension UsualBands {
    /// The minutes of UTC that can lie in one of ``earlierDays``, whatever the zone.
    public static func minutes(of date: CalendarDate, age: Int64) -> Range<Minute> { UsualDaySteps.minutes(of: date, age: age) }
}
