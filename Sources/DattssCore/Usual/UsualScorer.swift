/// How unusual one statistic is at the end of each minute: what came in the last five minutes, held against the ``UsualBand`` of that
/// time of the day.
///
///     minutes ──► steps of five minutes, of eight days ──┐
///            └──► hours, of four weeks ──────────────────┴──► band of a step ──► score of the last five minutes
///
/// Live and over the past it is this one value that says so: the same minutes lead to the same scores. It knows of a statistic from its
/// first point on, and forgets one that was silent for eight days. Days are those of UTC. It keeps about eleven kilobytes.
public struct UsualScorer: Sendable {
    private let measure: UsualMeasure
    private var steps: Around
    private var hours: Around
    private var openStep = Tally()
    private var openHour = Tally()
    /// The last five minutes, by their number.
    private var minutes: [Tally] = Array(repeating: Tally(), count: Int(UsualSlot.minutes))
    private var last: Minute?
    private var seen: Minute?
    private var band: UsualBand?
    private var bandStep = Int64.min
    private var centres: [Centre] = Array(repeating: Centre(), count: Self.centresKept)

    /// So far back it has to be told of to know as much as it ever will: four weeks, and the whole hours around the same time then.
    public static let pastMinutes: Int64 = 28 * Minute.perDay + 180
    /// Hours are enough of what is older than this.
    public static let pastStepsMinutes: Int64 = 8 * Minute.perDay
    /// What was silent for longer is not known any more.
    private static let silentMinutesMax: Int64 = 8 * Minute.perDay
    private static let stepsKept: Int64 = 2048
    private static let hoursKept: Int64 = 680
    private static let days: ClosedRange<Int64> = 1...7
    private static let weights: [(offset: Int64, weight: Double)] = [(-2, 0.2), (-1, 0.25), (0, 1), (1, 0.25), (2, 0.2)]
    /// Half an hour on both sides.
    private static let around: Int64 = 6
    private static let centresKept = 16
    /// Six hours, of which one has to be known.
    private static let lateSteps: Int64 = 72
    private static let lateStepsMin = 12

    /// What came in some time.
    private struct Tally: Sendable {
        var number = Int64.min
        var sum = 0.0
        var weight = 0.0
        /// Minutes in which a counter would have been heard.
        var heard = 0

        mutating func add(_ aggregate: Aggregate, _ measure: UsualMeasure) {
            let part = measure == .count ? 1 : Double(aggregate.count)
            sum += measure.value(of: aggregate) * part
            weight += part
        }

        mutating func add(_ other: Tally) {
            sum += other.sum
            weight += other.weight
            heard += other.heard
        }

        /// Its value as one of five minutes; a counter that was heard in less than half of them has none.
        func value(_ measure: UsualMeasure) -> Double? {
            if measure != .count { return weight > 0 ? sum / weight : nil }
            return heard * 2 < Int(UsualSlot.minutes) ? nil : sum * Double(UsualSlot.minutes) / Double(heard)
        }

        /// The value that five minutes of an hour had on average.
        func stepOfHour(_ measure: UsualMeasure) -> Double? {
            if weight <= 0 { return nil }
            return measure == .count ? sum * Double(UsualSlot.minutes) / 60 : sum / weight
        }
    }

    private struct Centre: Sendable {
        var step = Int64.min
        var value: Double?
    }

    /// The newest numbers of a series, by their place in it.
    private struct Around: Sendable {
        private var values: [Float]
        private var end = Int64.min

        init(_ count: Int64) { values = Array(repeating: .nan, count: Int(count)) }

        private func place(_ index: Int64) -> Int {
            let count = Int64(values.count)
            let place = index % count
            return Int(place < 0 ? place + count : place)
        }

        /// What lies between the newest and this is not known.
        mutating func set(_ value: Double, at index: Int64) {
            if end == .min { end = index }
            guard index >= end else { return }
            for skipped in max(end, index - Int64(values.count))..<index { values[place(skipped)] = .nan }
            values[place(index)] = Float(value)
            end = index + 1
        }

        subscript(index: Int64) -> Double? {
            guard end != .min, index < end, end - index <= Int64(values.count) else { return nil }
            let value = values[place(index)]
            return value.isNaN ? nil : Double(value)
        }
    }

    /// Knows nothing yet of a statistic of a kind.
    public init(_ kind: Kind) {
        measure = UsualMeasure(kind)
        (steps, hours) = (Around(Self.stepsKept), Around(Self.hoursKept))
    }

    /// Takes in the past, as far as ``pastMinutes`` if there is as much.
    /// - Parameters:
    ///   - points: of the statistic, sorted by minute.
    ///   - active: the minutes in which the user sent anything.
    ///   - end: the minute after the last. What is older than ``pastStepsMinutes`` before it may be of hours.
    public mutating func learn(_ points: some Sequence<MinutePoint>, active: MinuteRuns, before end: Minute) {
        let recent = end.advanced(by: -Self.pastStepsMinutes)
        var next = Array(points.drop { $0.minute < end.advanced(by: -Self.pastMinutes) })[...]
        while let point = next.first, point.minute < recent, point.minute < end {
            // Whether it is a minute or an hour: only hours of it are kept.
            var tally = Tally()
            tally.add(point.aggregate, measure)
            addToHour(tally, point.minute)
            seen = point.minute
            next.removeFirst()
        }
        func take(_ minute: Minute, isActive: Bool, _ scorer: inout UsualScorer) {
            let count = next.prefix { $0.minute <= minute }.count
            scorer.take(next.prefix(count).map(\.aggregate), in: minute, isActive: isActive)
            next.removeFirst(count)
        }
        if measure == .count {
            for minute in active.clamped(to: recent..<end).minutes { take(minute, isActive: true, &self) }
        }
        while let point = next.first, point.minute < end { take(point.minute, isActive: true, &self) }
    }

    /// Takes in a minute; one that is not later than the last is left out.
    /// - Parameters:
    ///   - aggregates: what the statistic had in it: nothing, or mostly one.
    ///   - isActive: whether the user sent anything.
    public mutating func take(_ aggregates: some Collection<Aggregate>, in minute: Minute, isActive: Bool) {
        if let last, minute <= last { return }
        last = minute
        let step = UsualSlot(minute).index
        if openStep.number != step { closeStep(step) }
        if !aggregates.isEmpty { seen = minute }
        guard let seen, minute.index - seen.index < Self.silentMinutesMax else { return }
        var tally = Tally()
        tally.number = minute.index
        for aggregate in aggregates { tally.add(aggregate, measure) }
        if isActive || !aggregates.isEmpty { tally.heard = 1 }
        minutes[place(minute)] = tally
        openStep.add(tally)
        if !aggregates.isEmpty { addToHour(tally, minute) }
    }

    /// Whether anything came of it in the last eight days.
    public var isKnown: Bool {
        guard let seen, let last else { return seen != nil }
        return last.index - seen.index < Self.silentMinutesMax
    }

    /// How improbable the five minutes up to the end of the last one are: see ``UsualBand/score(of:)``; nil as long as that is not known.
    public mutating func score() -> Double? {
        guard let last else { return nil }
        var tally = Tally()
        for minute in minutes where minute.number > last.index - UsualSlot.minutes { tally.add(minute) }
        guard let value = tally.value(measure) else { return nil }
        // The step in which most of the five minutes lie.
        let step = UsualSlot(last.advanced(by: -2)).index
        if step != bandStep { (band, bandStep) = (makeBand(step), step) }
        return band?.score(of: value)
    }

    private func place(_ minute: Minute) -> Int {
        let place = minute.index % UsualSlot.minutes
        return Int(place < 0 ? place + UsualSlot.minutes : place)
    }

    private mutating func closeStep(_ next: Int64) {
        if openStep.number != .min, let value = openStep.value(measure) {
            steps.set(measure.scaled(value), at: openStep.number)
        }
        openStep = Tally()
        openStep.number = next
    }

    private mutating func addToHour(_ tally: Tally, _ minute: Minute) {
        let hour = minute.index.flooredQuotient(by: 60)
        if openHour.number != hour {
            if openHour.number != .min, let value = openHour.stepOfHour(measure) {
                hours.set(measure.scaled(value), at: openHour.number)
            }
            openHour = Tally()
            openHour.number = hour
        }
        openHour.add(tally)
    }

    // MARK: What is usual

    private func past(_ step: Int64, _ age: Int64) -> Double? {
        let step = step - age * UsualSlot.perDay
        return Self.days.contains(age) ? steps[step] : hours[step.flooredQuotient(by: Self.stepsPerHour)]
    }

    private static let stepsPerHour = 60 / UsualSlot.minutes

    private func weight(_ age: Int64) -> Double { age % 7 == 0 ? UsualBands.weekdayWeight : 1 }

    private static let ages = Array(days) + UsualBands.earlierDays

    private func samples(_ step: Int64) -> [UsualSample] {
        Self.ages.flatMap { age in
            Self.weights.compactMap { offset, part in
                past(step + offset, age).map { UsualSample(value: $0, weight: part * weight(age)) }
            }
        }
    }

    private mutating func centre(_ step: Int64) -> Double? {
        let place = Int(step & Int64(Self.centresKept - 1))
        if centres[place].step != step { centres[place] = Centre(step: step, value: samples(step).quantile(0.5)) }
        return centres[place].value
    }

    private mutating func makeBand(_ step: Int64) -> UsualBand? {
        let known = Self.ages.count { past(step, $0) != nil }
        guard known >= UsualBands.daysMin else { return bandOfHours(step) }
        var residuals: [UsualSample] = []
        for other in step - Self.around...step + Self.around {
            guard let centre = centre(other) else { continue }
            for age in Self.days {
                if let value = past(other, age) { residuals.append(UsualSample(value: value - centre, weight: weight(age))) }
            }
        }
        return UsualBand(measure, scaled: samples(step), residuals: residuals, count: known, basis: .days)
    }

    private func bandOfHours(_ step: Int64) -> UsualBand? {
        let values = (step - Self.lateSteps..<step).compactMap { steps[$0] }
        let samples = values.map { UsualSample(value: $0, weight: 1) }
        guard values.count >= Self.lateStepsMin, let centre = samples.quantile(0.5) else { return nil }
        let residuals = values.map { UsualSample(value: $0 - centre, weight: 1) }
        return UsualBand(measure, scaled: samples, residuals: residuals, count: values.count, basis: .hours)
    }
}
