/// A day of one statistic against the usual day: the mean over the seven days before it, in a time zone.
///
/// Minutes are compared by what the clock on the wall shows; where a day has an hour twice both fall on the same minutes,
/// where it misses one that hour is a gap.
///
/// `sum` and `count` of a usual step add up means of minutes: for each minute the mean over the days that count for it.
/// For a counter these are the days on which the user sent anything in that minute (a silent counter counts as 0), for
/// timers and gauges those on which the statistic itself has data. So a minute in which nothing was heard of the user is
/// a gap, which is not averaged, and half an hour's outage does not halve the usual hour. Every other number is the mean
/// over the days that have the step at all.
public struct DayView: Sendable, Hashable {
    public var today: [TodayPoint]
    public var usual: [UsualPoint]

    public static let usualDays: Int64 = 7

    public struct TodayPoint: Sendable, Hashable {
        /// The step's first minute of the day.
        public var minute: Int64
        public var aggregate: Aggregate
    }

    public struct UsualPoint: Sendable, Hashable {
        public var minute: Int64
        public var sum: Double
        public var count: Double
        /// The means of the other numbers; nil where a counter was silent on all days.
        public var means: Means?
        /// From how many days it comes.
        public var days: Int
    }

    public struct Means: Sendable, Hashable {
        public var max = 0.0
        public var min = 0.0
        public var top = 0.0
        public var bottom = 0.0
        public var first = 0.0
        public var last = 0.0
        /// nil where a day has no sketch.
        public var percentiles: StatisticStatus.Percentiles?
    }

    /// The minutes of UTC that can lie in the day or the seven before it, whatever the zone.
    public static func minutes(for date: CalendarDate) -> Range<Minute> {
        let slack: Int64 = 15 * 60
        let first = (date.dayNumber - usualDays) * Minute.perDay - slack
        return Minute(first)..<Minute((date.dayNumber + 1) * Minute.perDay + slack)
    }

    /// - Parameters:
    ///   - minutes: of the statistic, at least over ``minutes(for:)``, sorted by minute.
    ///   - active: the minutes in which the user sent anything.
    ///   - stepMinutes: from 1 to 1440.
    public init(
        of kind: Kind, on date: CalendarDate, in zone: any TimeZoneRules,
        minutes: some Sequence<(minute: Minute, aggregate: Aggregate)>, active: some Sequence<Minute>, stepMinutes: Int64
    ) {
        var local = LocalMinutes(zone)
        var days: [Int64: [(Int64, Aggregate)]] = [:]
        for (minute, aggregate) in minutes {
            let (day, minuteOfDay) = local.of(minute)
            guard (date.dayNumber - Self.usualDays...date.dayNumber).contains(day) else { continue }
            days[day, default: []].append((minuteOfDay, aggregate))
        }
        for day in days.keys { days[day]?.sort { $0.0 < $1.0 } }

        var usual = UsualDay(stepMinutes: stepMinutes)
        if kind == .counter {
            for minute in active {
                let (day, minuteOfDay) = local.of(minute)
                if Self.isUsual(day, for: date) { usual.note(minuteOfDay, ofDay: date.dayNumber - day) }
            }
        }
        for (day, minutes) in days.sorted(by: { $0.key < $1.key }) where Self.isUsual(day, for: date) {
            usual.add(minutes, ofDay: date.dayNumber - day)
        }
        self.usual = usual.points
        today = Self.steps(days[date.dayNumber] ?? [], stepMinutes).map {
            TodayPoint(minute: $0.position, aggregate: $0.aggregate)
        }
    }

    private static func isUsual(_ day: Int64, for date: CalendarDate) -> Bool {
        (date.dayNumber - usualDays..<date.dayNumber).contains(day)
    }

    static func steps(_ minutes: [(Int64, Aggregate)], _ stepMinutes: Int64) -> [(position: Int64, aggregate: Aggregate)] {
        Series.merge(minutes.lazy.map { ($0.0 / stepMinutes * stepMinutes, $0.1) })
    }
}
