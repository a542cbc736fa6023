/// A day of one statistic against the usual day: the mean over the seven days before it, in a time zone.
///
/// Minutes are compared by what the clock on the wall shows. A step holds each minute of the wall once: where clocks are set
/// back, what they show again makes a step of its own, marked as repeated. Where they are set forward there is less of a step,
/// or none.
///
/// `sum` and `count` of a usual step add up means of minutes: for each minute of the wall the mean over the times it came
/// and counts, mostly once a day, twice where clocks were set back and never where they were set past it. For a counter it counts
/// when the user sent anything in that minute, or would have been heard (a silent counter counts as 0), for timers and gauges when
/// the statistic itself has data. So a minute in which nothing could be heard is a gap, which is not averaged, half an hour's outage does
/// not halve the usual hour, and an hour that came twice does not double it. Every other number is the mean over the days
/// that have the step at all.
public struct DayView: Sendable, Hashable {
    /// The steps of the day that have data, ascending.
    public var today: [TodayPoint]
    /// The steps of the usual day that have data, ascending.
    public var usual: [UsualPoint]
    /// The steps of the day in which a counter was silent, which counts as zero; none for other kinds. All other steps without data
    /// are gaps.
    public var silent: [SilentSteps] = []
    /// Where the clocks were set on this day.
    public var changes: [ClockChange]

    /// How many days before it a day is compared with.
    public static let usualDays: Int64 = 7

    /// A step of the day itself.
    public struct TodayPoint: Sendable, Hashable {
        /// The step's first minute of the day.
        public var minute: Int64
        /// When the step begins.
        public var start: Minute
        /// Whether it holds what the clocks showed again after they were set back.
        public var isRepeated: Bool
        /// The merge of the step's minutes.
        public var aggregate: Aggregate
    }

    /// Steps of the day itself, one behind the other.
    public struct SilentSteps: Sendable, Hashable {
        /// From the first step's first minute of the day to the last one's end.
        public var minutes: Range<Int64>
        /// Whether they hold what the clocks showed again after they were set back.
        public var isRepeated: Bool
    }

    /// A step of the usual day.
    public struct UsualPoint: Sendable, Hashable {
        /// The step's first minute of the day.
        public var minute: Int64
        /// The mean sum of the step.
        public var sum: Double
        /// The mean number of samples of the step.
        public var count: Double
        /// How many of the step's minutes come from any day: fewer than it has where the first of the days begins, or where nothing
        /// was ever heard. A rate is `sum / minutes`.
        public var minutes: Int64
        /// The means of the other numbers; nil where a counter was silent on all days.
        public var means: Means?
        /// From how many days it comes.
        public var days: Int
    }

    /// Means over the days that have the step.
    public struct Means: Sendable, Hashable {
        /// The mean of the largest sample.
        public var max = 0.0
        /// The mean of the smallest sample.
        public var min = 0.0
        /// The mean of the upper quantile, see ``Aggregate/top``.
        public var top = 0.0
        /// The mean of the lower quantile, see ``Aggregate/bottom``.
        public var bottom = 0.0
        /// The mean of the first sample.
        public var first = 0.0
        /// The mean of the last sample.
        public var last = 0.0
        /// nil where a day has no sketch.
        public var percentiles: StatisticStatus.Percentiles?
    }

    /// The minutes of UTC that can lie in the day or the seven before it, whatever the zone.
    public static func minutes(for date: CalendarDate) -> Range<Minute> {
        // No zone's clocks were ever farther from UTC: Manila's by 15:56, until 1844.
        let slack: Int64 = 16 * 60
        let first = (date.dayNumber - usualDays) * Minute.perDay - slack
        return Minute(first)..<Minute((date.dayNumber + 1) * Minute.perDay + slack)
    }

    /// - Parameters:
    ///   - minutes: of the statistic, at least over ``minutes(for:)``, sorted by minute.
    ///   - active: the minutes in which a counter that was silent counts as zero: those in which the user sent anything, or the
    ///     server was up.
    ///   - stepMinutes: from 1 to 1440.
    public init(
        of kind: Kind, on date: CalendarDate, in zone: any TimeZoneRules, minutes: [MinutePoint], active: MinuteRuns,
        stepMinutes: Int64
    ) {
        var local = LocalMinutes(zone, over: Self.minutes(for: date))
        changes = local.changes(on: date.dayNumber)
        var usual = UsualDay(stepMinutes: stepMinutes)
        if kind == .counter { usual.note(active, before: date.dayNumber, &local) }
        let steps = DaySteps(today: date.dayNumber, stepMinutes: stepMinutes, &local)
        let places = steps.places(of: minutes, &local)
        var today: [TodayPoint] = []
        // Pointers, because reading an element of an array copies it whole, and these are thousands.
        minutes.withUnsafeBufferPointer { minutes in
            guard let points = minutes.baseAddress, let first = places.first else { return }
            var merging = MergingAggregate(points[Int(first.index)].aggregate)
            var position = 0
            while position < places.count {
                let step = places[position].step
                let age = steps.age(of: step)
                let begin = position
                repeat {
                    let place = places[position]
                    let point = points + Int(place.index)
                    if position == begin {
                        merging.restart(point.pointee.aggregate)
                    } else {
                        merging.merge(point.pointee.aggregate)
                    }
                    if age > 0 {
                        usual.add(
                            sum: point.pointee.aggregate.sum, count: point.pointee.aggregate.count,
                            Int64(place.minuteOfDay), isRepeated: place.isRepeated, ofDay: age)
                    }
                    position += 1
                } while position < places.count && places[position].step == step
                if age > 0 {
                    usual.add(step: merging.merged, steps.minuteOfDay(of: step))
                } else {
                    let first = (points + Int(places[begin].index)).pointee.minute
                    today.append(steps.point(step, first: first, merging.merged))
                }
            }
        }
        self.today = today
        if kind == .counter { silent = steps.silent(in: active, besides: today, &local) }
        self.usual = usual.points
    }
}
