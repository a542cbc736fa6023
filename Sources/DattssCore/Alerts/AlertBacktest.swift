/// What a rule would have done over minutes that are known already, by the same ``AlertBook`` that looks at what is live.
///
/// A rule that is looked at each minute says exactly what it said, or would have said, live. Of one that is looked at each five seconds
/// only minutes are left: it is looked at as if it were one of those, so that what lasted less than a minute may be missing.
public struct AlertBacktest: Sendable {
    /// When an instance fired.
    public struct Stretch: Sendable, Hashable {
        /// What fired.
        public var subject: AlertSubject
        /// The end of the slot in which it began to fire.
        public var from: Timestamp
        /// The same of the slot in which it ceased; nil when it still fires.
        public var until: Timestamp?
    }

    /// When it would have fired, by time.
    public private(set) var stretches: [Stretch] = []
    /// Everything that happened.
    public private(set) var news: [AlertBook.News] = []
    private let range: Range<Minute>

    /// Goes over all of the past that is given.
    /// - Parameters:
    ///   - minutes: of each statistic that the rule is about, sorted by minute; several of one minute are merged.
    ///   - active: the minutes in which the user sent anything.
    ///   - range: which minutes are looked at. (A gauge's value from before is not known.)
    ///   - score: how unusual a statistic was, if that is known.
    public init(
        _ rule: AlertRule, minutes: [StatisticKey: [MinutePoint]], active: MinuteRuns, range: Range<Minute>,
        score: (StatisticKey, Int64) -> Double? = { _, _ in nil }
    ) {
        self.range = range
        var rule = rule
        rule.isEnabled = true
        var book = AlertBook([rule], instancesMax: .max / 4)
        var walks = minutes.filter { rule.matches($0.key) }.sorted { $0.key < $1.key }.map { Walk($0.key, $0.value) }
        var runs = active.clamped(to: range).runs[...]
        var open: [AlertSubject: Int] = [:]
        for minute in range {
            while let run = runs.first, run.upperBound <= minute { runs.removeFirst() }
            let isActive = runs.first?.contains(minute) ?? false
            var windows: [(StatisticKey, AlertWindow)] = []
            for position in walks.indices {
                if let window = walks[position].window(of: minute, isActive: isActive) {
                    windows.append((walks[position].key, window))
                }
            }
            let outcome = book.look(
                slot: SlotView.lastSlot(of: minute), isActive: isActive, programs: [], minutely: true, score: score,
                windows: windows)
            for item in outcome.news {
                let at = Timestamp(milliseconds: (item.event.slot + 1) * Window.slotMilliseconds)
                switch item.event.kind {
                case .fired:
                    open[item.subject] = stretches.count
                    stretches.append(Stretch(subject: item.subject, from: at, until: nil))
                case .resolved, .lost:
                    if let index = open.removeValue(forKey: item.subject) { stretches[index].until = at }
                case .reminder, .flapping: break
                }
            }
            news += outcome.news
        }
    }

    /// For how long it would have fired in all, in seconds: of several statistics the sum.
    public var seconds: Int64 {
        let end = range.upperBound.start
        return stretches.reduce(0) { $0 + (($1.until ?? end).seconds - $1.from.seconds) }
    }

    /// One statistic, minute after minute.
    private struct Walk {
        let key: StatisticKey
        private let points: [Series.Point]
        private var next = 0
        private var last: (minute: Minute, value: Double)?

        init(_ key: StatisticKey, _ minutes: [MinutePoint]) {
            self.key = key
            points = Series.points(minutes, stepMinutes: 1)
        }

        /// nil as long as nothing is known of it.
        mutating func window(of minute: Minute, isActive: Bool) -> AlertWindow? {
            var aggregate: Aggregate?
            while next < points.count, points[next].start <= minute {
                last = (points[next].start, points[next].aggregate.last)
                if points[next].start == minute { aggregate = points[next].aggregate }
                next += 1
            }
            guard let last else { return nil }
            let isGood = minute.index - last.minute.index < AlertWindow.valueSlots / Window.slotCount
            return AlertWindow(key.kind, aggregate, last: isGood ? last.value : nil, isActive: isActive)
        }
    }
}
