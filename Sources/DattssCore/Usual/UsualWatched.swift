/// A statistic that is watched while it lives: what a ``UsualDetector`` has learned of its past, in a kilobyte and a half.
///
/// Learning takes milliseconds, a step takes microseconds. What was learned holds for a day; then it is learned anew.
public struct UsualWatched: Sendable {
    private let measure: UsualMeasure
    private let tails: UsualTailsOfChannels
    /// What is usual in each quarter of an hour of UTC of the day after what was learned; NaN where it is not known.
    private let season: [Float]
    private var watch = UsualWatch()

    /// A step with what was usual then, in the unit of the statistic.
    public struct Point: Sendable, Hashable {
        /// When it was.
        public var slot: UsualSlot
        /// What it was.
        public var value: Double
        /// What was usual; nil when that is not known.
        public var usual: Double?
        /// One in fifty was lower; nil when that is not known.
        public var low: Double?
        /// One in fifty was higher; nil when that is not known.
        public var high: Double?
    }

    /// So many quarters of an hour are in a day.
    private static let quarters = 96
    /// As many steps as make the channels full, and a day in which it may have become unusual.
    private static let repeatedSteps = 60 + Int(UsualSlot.perDay)

    /// Learns from the past.
    /// - Parameter steps: ascending.
    /// - Returns: nil while there are too few.
    public init?(_ measure: UsualMeasure, steps: [(slot: UsualSlot, value: Double)], level: Double = UsualDetector.level) {
        guard let last = steps.last, steps.count > UsualTails.valuesMin else { return nil }
        self.measure = measure
        var past = UsualSeason()
        var channels = UsualChannels()
        var seen: [[Float]] = Array(repeating: [], count: UsualChannels.count)
        var usual: [Double?] = []
        // What goes on just now is judged by what was before, and is no part of it: also when it is learned in the middle of it.
        let learnedCount = steps.count - min(Int(UsualSlot.perDay), steps.count / 4)
        for (index, step) in steps.enumerated() {
            let scaled = measure.scaled(step.value)
            usual.append(past.usual(at: step.slot))
            past.push(scaled, at: step.slot)
            let values = channels.push(scaled, season: usual[usual.count - 1])
            if index >= learnedCount { continue }
            for channel in seen.indices where !values[channel].isNaN { seen[channel].append(values[channel]) }
        }
        tails = UsualTailsOfChannels(
            zip(seen, UsualChannels.noises).map { UsualTails(ascending: $0.sorted(), noise: measure.noise * $1) })
        let coming = last.slot.index + 1
        season = (0..<Int64(Self.quarters)).map { quarter in
            // The next time that it is this quarter of an hour.
            let place = (quarter * 3 - coming % UsualSlot.perDay + UsualSlot.perDay) % UsualSlot.perDay
            return past.usual(at: UsualSlot(coming + place)).map { Float($0) } ?? .nan
        }
        for index in max(0, steps.count - Self.repeatedSteps)..<steps.count {
            let step = steps[index]
            _ = watch.push(measure.scaled(step.value), usual: usual[index], at: step.slot, tails, level: level)
        }
    }

    /// What is known after the last step.
    public var reading: UnusualReading { watch.reading }

    /// The last step.
    public var last: UsualSlot? { watch.last }

    /// Takes in a step; one that is not later than the last is left out.
    public mutating func push(_ value: Double, at slot: UsualSlot, level: Double = UsualDetector.level) -> UnusualReading {
        guard value.isFinite, watch.last.map({ slot > $0 }) ?? true else { return watch.reading }
        _ = watch.push(measure.scaled(value), usual: usual(at: slot), at: slot, tails, level: level)
        return watch.reading
    }

    /// The last steps, the oldest first, as if none had been missing between them.
    public func recent(_ count: Int) -> [Point] {
        guard let last = watch.last else { return [] }
        let values = watch.channels.last(count)
        return values.enumerated().map { index, scaled in
            let slot = UsualSlot(last.index - Int64(values.count - 1 - index))
            let middle = usual(at: slot)
            let (around, tails) = middle.map { ($0, self.tails[7]) } ?? (0, self.tails[0])
            return Point(
                slot: slot, value: measure.unscaled(scaled), usual: middle.map(measure.unscaled),
                low: tails.map { measure.unscaled(around + Double($0.low)) },
                high: tails.map { measure.unscaled(around + Double($0.high)) })
        }
    }

    private func usual(at slot: UsualSlot) -> Double? {
        let place = slot.index % UsualSlot.perDay
        let value = season[Int((place < 0 ? place + UsualSlot.perDay : place) / 3)]
        return value.isNaN ? nil : Double(value)
    }
}

extension UsualMeasure {
    /// The steps of a statistic, of its minutes: those of a counter of which at least three minutes were heard count for all five; those
    /// of timers and gauges have the mean over their samples.
    /// - Parameters:
    ///   - minutes: sorted by minute.
    ///   - active: the minutes in which the user sent anything.
    ///   - end: the step after the last.
    public func steps(
        of minutes: [MinutePoint], active: MinuteRuns, before end: UsualSlot
    ) -> [(slot: UsualSlot, value: Double)] {
        var open: [UsualSlot: UsualOpenStep] = [:]
        if self == .count {
            for minute in active.minutes { open[UsualSlot(minute), default: UsualOpenStep()].activeMinutes += 1 }
        }
        for point in minutes { open[UsualSlot(point.minute), default: UsualOpenStep()].add(point.aggregate, self) }
        return open.keys.filter { $0 < end }.sorted().compactMap { slot in
            open[slot]?.value(self).map { (slot, $0) }
        }
    }
}

/// A step that is being filled.
public struct UsualOpenStep: Sendable, Hashable {
    /// In how many of its minutes the user sent anything.
    public var activeMinutes = 0
    private var sum = 0.0
    private var weight = 0.0

    /// Nothing yet.
    public init() {}

    /// Whether any minute of it was taken in.
    public var isHeard: Bool { weight > 0 }

    /// Takes in a minute.
    public mutating func add(_ aggregate: Aggregate, _ measure: UsualMeasure) {
        let count = measure == .count ? 1 : Double(aggregate.count)
        sum += (measure == .count ? aggregate.sum : aggregate.mean) * count
        weight += count
    }

    /// Its value; nil when there is none, and of a counter that was not heard in most of the step.
    public func value(_ measure: UsualMeasure) -> Double? {
        if measure != .count { return weight > 0 ? sum / weight : nil }
        return activeMinutes >= 3 ? sum * Double(UsualSlot.minutes) / Double(min(activeMinutes, Int(UsualSlot.minutes))) : nil
    }
}
