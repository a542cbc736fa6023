/// The steps of the usual days and of the day itself, for ``DayView``, and which points lie in which.
///
/// A step has a number: two for each step of each day, in order, of which the odd one is for what clocks show again. Only of the
/// day itself that is apart; of the usual days it lies with the rest.
struct DaySteps {
    private let stepMinutes: Int64
    private let stepsOfDay: Int64
    private let firstDay: Int64
    /// When the steps of the day itself begin, at their number less those of the days before; nil for those that the day does not have.
    private var starts: [Minute?]

    /// Where a point lies.
    struct Place: Comparable {
        var step: Int32
        /// Among the points.
        var index: Int32
        var minuteOfDay: Int16
        var isRepeated: Bool

        static func < (a: Place, b: Place) -> Bool { (a.step, a.index) < (b.step, b.index) }
    }

    init(today: Int64, stepMinutes: Int64, _ local: inout LocalMinutes) {
        self.stepMinutes = stepMinutes
        stepsOfDay = (Minute.perDay + stepMinutes - 1) / stepMinutes
        firstDay = today - DayView.usualDays
        starts = Array(repeating: nil, count: Int(2 * stepsOfDay))
        for range in local.minutes(of: today) {
            for index in range.lowerBound.index..<range.upperBound.index {
                let place = Int(step(of: local.of(Minute(index))) - firstOfToday)
                starts[place] = starts[place] ?? Minute(index)
            }
        }
    }

    private var firstOfToday: Int64 { DayView.usualDays * stepsOfDay * 2 }

    private func step(of shown: LocalMinutes.Shown) -> Int64 {
        let age = shown.day - firstDay
        let isApart = shown.isRepeated && age == DayView.usualDays
        return (age * stepsOfDay + shown.minuteOfDay / stepMinutes) * 2 + (isApart ? 1 : 0)
    }

    /// How many days before the day itself a step lies.
    func age(of step: Int32) -> Int64 { DayView.usualDays - Int64(step) / 2 / stepsOfDay }

    func minuteOfDay(of step: Int32) -> Int64 { Int64(step) / 2 % stepsOfDay * stepMinutes }

    /// A step of the day itself.
    /// - Parameter first: the first minute of it that has data.
    func point(_ step: Int32, first: Minute, _ aggregate: Aggregate) -> DayView.TodayPoint {
        DayView.TodayPoint(
            minute: minuteOfDay(of: step), start: starts[Int(Int64(step) - firstOfToday)] ?? first,
            isRepeated: step % 2 == 1, aggregate: aggregate)
    }

    /// The runs of steps of the day itself that have some minutes, and none of the points.
    func silent(
        in heard: MinuteRuns, besides points: [DayView.TodayPoint], _ local: inout LocalMinutes
    ) -> [DayView.SilentSteps] {
        var isSilent = Array(repeating: false, count: starts.count)
        for range in local.minutes(of: firstDay + DayView.usualDays) {
            for minute in heard.clamped(to: range).minutes { isSilent[Int(step(of: local.of(minute)) - firstOfToday)] = true }
        }
        for point in points { isSilent[Int(point.minute / stepMinutes * 2) + (point.isRepeated ? 1 : 0)] = false }
        var runs: [DayView.SilentSteps] = []
        for isRepeated in [false, true] {
            for step in 0..<stepsOfDay where isSilent[Int(step * 2) + (isRepeated ? 1 : 0)] {
                let minutes = step * stepMinutes..<min((step + 1) * stepMinutes, Minute.perDay)
                if let last = runs.last, last.isRepeated == isRepeated, last.minutes.upperBound == minutes.lowerBound {
                    runs[runs.count - 1].minutes = last.minutes.lowerBound..<minutes.upperBound
                } else {
                    runs.append(DayView.SilentSteps(minutes: minutes, isRepeated: isRepeated))
                }
            }
        }
        return runs
    }

    /// The points of all days, step by step; within a step in the order of time.
    func places(of points: [MinutePoint], _ local: inout LocalMinutes) -> [Place] {
        var places: [Place] = []
        places.reserveCapacity(points.count)
        var isSorted = true
        var last: Int32 = 0
        for index in points.indices {
            let shown = local.of(points[index].minute)
            guard firstDay <= shown.day, shown.day <= firstDay + DayView.usualDays else { continue }
            let step = Int32(step(of: shown))
            // Only where clocks are set back.
            if step < last { isSorted = false }
            places.append(
                Place(
                    step: step, index: Int32(index), minuteOfDay: Int16(shown.minuteOfDay), isRepeated: shown.isRepeated))
            last = step
        }
        return isSorted ? places : places.sorted()
    }
}
