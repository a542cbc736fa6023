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
        of kind: Kind, on date: CalendarDate, in zone: any TimeZoneRules, minutes: [MinutePoint], active: MinuteRuns,
        stepMinutes: Int64
    ) {
        var local = LocalMinutes(zone)
        let firstDay = date.dayNumber - Self.usualDays
        var usual = UsualDay(stepMinutes: stepMinutes)
        if kind == .counter {
            for run in active.runs {
                for index in run.lowerBound.index..<run.upperBound.index {
                    let (day, minuteOfDay) = local.of(Minute(index))
                    if firstDay <= day, day < date.dayNumber { usual.note(minuteOfDay, ofDay: date.dayNumber - day) }
                }
            }
        }
        var today: [TodayPoint] = []
        let places = Self.places(of: minutes, from: firstDay, &local)
        // Pointers, because reading an element of an array copies it whole, and these are thousands.
        minutes.withUnsafeBufferPointer { minutes in
            guard let points = minutes.baseAddress, let first = places.first else { return }
            var merging = MergingAggregate(points[Int(first.index)].aggregate)
            var position = 0
            while position < places.count {
                let midnight = Int64(places[position].minute) / Minute.perDay * Minute.perDay
                let age = Self.usualDays - midnight / Minute.perDay
                let start = (Int64(places[position].minute) - midnight) / stepMinutes * stepMinutes
                let end = midnight + Swift.min(start + stepMinutes, Minute.perDay)
                let step = position
                repeat {
                    let point = points + Int(places[position].index)
                    if position == step {
                        merging.restart(point.pointee.aggregate)
                    } else {
                        merging.merge(point.pointee.aggregate)
                    }
                    if age > 0 {
                        usual.add(
                            sum: point.pointee.aggregate.sum, count: point.pointee.aggregate.count,
                            Int64(places[position].minute) - midnight, ofDay: age)
                    }
                    position += 1
                } while position < places.count && places[position].minute < end
                if age > 0 {
                    usual.add(step: merging.merged, start)
                } else {
                    today.append(TodayPoint(minute: start, aggregate: merging.merged))
                }
            }
        }
        self.today = today
        self.usual = usual.points
    }

    /// Where clocks on the wall show a point.
    private struct Place: Comparable {
        /// Since the first midnight of the usual days, as if each had 1,440 minutes.
        var minute: Int32
        /// Among the points.
        var index: Int32

        static func < (a: Place, b: Place) -> Bool { (a.minute, a.index) < (b.minute, b.index) }
    }

    /// The points of the usual days and the day itself as clocks show them, which is another order only where clocks are set back.
    private static func places(of minutes: [MinutePoint], from firstDay: Int64, _ local: inout LocalMinutes) -> [Place] {
        var places: [Place] = []
        places.reserveCapacity(minutes.count)
        var isSorted = true
        var last = Place(minute: 0, index: 0)
        for index in minutes.indices {
            let (day, minuteOfDay) = local.of(minutes[index].minute)
            guard firstDay <= day, day <= firstDay + usualDays else { continue }
            let place = Place(minute: Int32((day - firstDay) * Minute.perDay + minuteOfDay), index: Int32(index))
            if place.minute < last.minute { isSorted = false }
            places.append(place)
            last = place
        }
        return isSorted ? places : places.sorted()
    }
}
