/// The bands of a day, step by step, from the days before it in a time zone.
///
/// What is usual of a step comes from the same step of the seven days before, and a little from the steps beside it; and from the same
/// hour on the same weekday of three more weeks, of which only hours need be left. The same weekday weighs as much as three other
/// days. How much it varies comes from half an hour on both sides. Both are quantiles from the middle, so that a holiday, or an
/// incident, among the days moves nothing.
///
/// Where fewer than three days are known, the band is that of the last six hours, and says so.
public struct UsualBands: Sendable {
    /// By the step's first minute of the day; those of which nothing is known are missing.
    public let bands: [Int64: UsualBand]
    /// The scores of the day's own steps that are over and of which there is a band, by their first minute of the day.
    public let scores: [Int64: Double]

    /// From fewer days nothing is usual.
    public static let daysMin = 3
    static let weekdayWeight = 3.0
    /// The ages of days whose hours tell, too.
    public static let earlierDays: [Int64] = [14, 21, 28]
    /// The weights of a step and those before and after it.
    private static let weights: [Double] = [0.2, 0.25, 1, 0.25, 0.2]
    private static let hoursStepsMin = 12

    /// What was seen on a day: a value a step, on the scale of the measure.
    private struct Day {
        var age: Int64
        var steps: [Double?]
        var weight: Double { age % 7 == 0 ? UsualBands.weekdayWeight : 1 }
    }

    /// - Parameters:
    ///   - minutes: of the statistic over ``DayView/minutes(for:)``, sorted by minute.
    ///   - earlier: what there is of the days that are ``earlierDays`` older, by their age; minutes or hours, sorted by minute.
    ///   - active: see ``DayView``.
    ///   - now: what is not over by then is not part of what is usual in the last hours.
    public init(
        of kind: Kind, on date: CalendarDate, in zone: any TimeZoneRules, minutes: [MinutePoint],
        earlier: [Int64: [MinutePoint]] = [:], active: MinuteRuns, stepMinutes: Int64, now: Minute
    ) {
        let measure = UsualMeasure(kind)
        var steps = UsualDaySteps(measure, date, zone, stepMinutes, over: DayView.minutes(for: date))
        let seen = steps.days(minutes, active: kind == .counter ? active : MinuteRuns(), until: now)
        let days = seen.filter { $0.key > 0 }.map { Day(age: $0.key, steps: $0.value) }
        let weeks = earlier.map { age, points in
            Day(age: age, steps: UsualDaySteps.ofHours(points, measure, date, age: age, zone, stepMinutes))
        }
        var bands: [Int64: UsualBand] = [:]
        let centres = Self.centres(days + weeks, count: steps.count, around: stepMinutes <= 15)
        let around = Int(max(1, 30 / stepMinutes))
        for step in 0..<steps.count {
            let known = (days + weeks).count { $0.steps[step] != nil }
            let band: UsualBand?
            if known >= Self.daysMin, let samples = centres[step].samples {
                band = UsualBand(
                    measure, scaled: samples, residuals: Self.residuals(days, centres.map(\.centre), step, around), count: known,
                    basis: .days)
            } else {
                band = Self.ofHours(measure, seen[0] ?? [], before: step, stepMinutes)
            }
            bands[Int64(step) * stepMinutes] = band
        }
        self.bands = bands
        scores = Self.scores(bands, measure, seen[0] ?? [], over: steps.over(at: now), stepMinutes)
    }

    private static func scores(
        _ bands: [Int64: UsualBand], _ measure: UsualMeasure, _ today: [Double?], over: Int, _ stepMinutes: Int64
    ) -> [Int64: Double] {
        var scores: [Int64: Double] = [:]
        for (step, scaled) in today.prefix(over).enumerated() {
            let minute = Int64(step) * stepMinutes
            if let scaled, let band = bands[minute] { scores[minute] = band.score(of: measure.unscaled(scaled)) }
        }
        return scores
    }

    private static func centres(
        _ days: [Day], count: Int, around: Bool
    ) -> [(samples: [UsualSample]?, centre: Double?)] {
        (0..<count).map { step in
            var samples: [UsualSample] = []
            for day in days {
                for (offset, weight) in zip(-2...2, weights) where offset == 0 || around {
                    guard day.steps.indices.contains(step + offset), let value = day.steps[step + offset] else { continue }
                    samples.append(UsualSample(value: value, weight: weight * day.weight))
                }
            }
            return samples.isEmpty ? (nil, nil) : (samples, samples.quantile(0.5))
        }
    }

    private static func residuals(_ days: [Day], _ centres: [Double?], _ step: Int, _ around: Int) -> [UsualSample] {
        var residuals: [UsualSample] = []
        for other in max(0, step - around)...min(centres.count - 1, step + around) {
            guard let centre = centres[other] else { continue }
            for day in days {
                if let value = day.steps[other] { residuals.append(UsualSample(value: value - centre, weight: day.weight)) }
            }
        }
        return residuals
    }

    /// The band of the last six hours of the day itself.
    private static func ofHours(_ measure: UsualMeasure, _ today: [Double?], before step: Int, _ stepMinutes: Int64) -> UsualBand? {
        let values = today.prefix(step).suffix(Int(max(1, 360 / stepMinutes))).compactMap(\.self)
        guard values.count >= hoursStepsMin else { return nil }
        let samples = values.map { UsualSample(value: $0, weight: 1) }
        guard let centre = samples.quantile(0.5) else { return nil }
        let residuals = values.map { UsualSample(value: $0 - centre, weight: 1) }
        return UsualBand(measure, scaled: samples, residuals: residuals, count: values.count, basis: .hours)
    }
}
