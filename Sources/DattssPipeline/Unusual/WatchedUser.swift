import DattssCore

/// The watched statistics of one user, and the step of five minutes that is being filled. It knows neither clocks nor the log.
struct WatchedUser: Sendable {
    private var statistics: [StatisticKey: Watched] = [:]
    private var slot: UsualSlot?
    private var activeMinutes = 0
    private var lastActive: Minute?
    /// Those that are unusual, the most unusual first, and how many others there are: after the last step, or after learning.
    private var ranking = Ranking()

    private struct Ranking: Sendable {
        var keys: [StatisticKey] = []
        var knownCount = 0
        var unknownCount = 0
    }

    fileprivate struct Watched: Sendable {
        let measure: UsualMeasure
        var open = UsualOpenStep()
        /// What is known, if anything is, in a piece of memory of its own: it is half a kilobyte, and a dictionary has room for more than it
        /// holds.
        private var box: [UsualWatched] = []
        /// The steps of the day of UTC, which no sealed file has yet; NaN where there is none.
        var today: [Float] = []
        var todayDay: Int64 = 0
        /// When it is to be learned; nil: at once.
        var due: Minute?
        /// The last step in which it was heard.
        private(set) var heard: UsualSlot

        init(measure: UsualMeasure, heard: UsualSlot) { (self.measure, self.heard) = (measure, heard) }

        var known: UsualWatched? {
            get { box.first }
            set { box = newValue.map { [$0] } ?? [] }
        }

        /// Takes in a step, where it is.
        mutating func push(_ value: Double, at slot: UsualSlot) {
            if !box.isEmpty { _ = box[0].push(value, at: slot) }
        }
    }

    static let pointsShown = 24
    private static let atOnce = 64
    /// Two days: what nobody has sent for longer is forgotten, so that names that come and go neither take the room of others nor are
    /// learned anew for ever. What comes back is learned from the log.
    private static let silentStepsMax = 2 * UsualSlot.perDay

    /// Begins with a step.
    init(beginning slot: UsualSlot) { self.slot = slot }

    var count: Int { statistics.count }

    /// Ends the open step when a later one begins.
    mutating func advance(to next: UsualSlot) {
        guard let slot, slot < next else { return }
        // (In place: names need not be found again.)
        var silent: [StatisticKey] = []
        var place = statistics.values.startIndex
        while place != statistics.values.endIndex {
            statistics.values[place].close(slot, activeMinutes)
            if next.index - statistics.values[place].heard.index > Self.silentStepsMax { silent.append(statistics.keys[place]) }
            statistics.values.formIndex(after: &place)
        }
        for key in silent { statistics[key] = nil }
        (self.slot, activeMinutes) = (next, 0)
        rank()
    }

    /// Finds out which are unusual.
    mutating func rank() {
        var ranking = Ranking()
        var found: [(weight: Double, key: StatisticKey)] = []
        for (key, watched) in statistics {
            guard let known = watched.known else {
                ranking.unknownCount += 1
                continue
            }
            ranking.knownCount += 1
            if let weight = known.weight { found.append((weight, key)) }
        }
        found.sort { ($1.weight, $0.key) < ($0.weight, $1.key) }
        ranking.keys = found.map(\.key)
        self.ranking = ranking
    }

    /// Takes in a minute of the open step.
    /// - Parameter room: how many more statistics may be watched.
    mutating func add(_ minute: Minute, _ part: UserMinute, room: inout Int) {
        if lastActive != minute { activeMinutes += 1 }
        lastActive = minute
        for partial in part.aggregates {
            let measure = UsualMeasure(partial.key.kind)
            if statistics[partial.key]?.open.add(partial.aggregate, measure) != nil { continue }
            guard room > 0 else { continue }
            room -= 1
            var watched = Watched(measure: measure, heard: UsualSlot(minute))
            watched.open.add(partial.aggregate, measure)
            statistics[partial.key] = watched
        }
    }

    /// The steps of a day of UTC that are over.
    func steps(of key: StatisticKey, onDay day: Int64) -> [(slot: UsualSlot, value: Double)] {
        guard let watched = statistics[key], watched.todayDay == day else { return [] }
        return watched.today.enumerated().compactMap { place, value in
            value.isNaN ? nil : (UsualSlot(day * UsualSlot.perDay + Int64(place)), Double(value))
        }
    }

    /// The next that are to be learned; `isFirst`: some of them for the first time.
    mutating func due(at minute: Minute) -> (keys: [StatisticKey], isFirst: Bool)? {
        var keys: [StatisticKey] = []
        var isFirst = false
        for (key, watched) in statistics where watched.due.map({ $0 <= minute }) ?? true {
            keys.append(key)
            if watched.due == nil { isFirst = true }
            if keys.count == Self.atOnce { break }
        }
        return keys.isEmpty ? nil : (keys, isFirst)
    }

    /// What became of it: nil while too little is known.
    mutating func learned(_ key: StatisticKey, _ known: UsualWatched?, at minute: Minute) {
        guard statistics[key] != nil else { return }
        // When the day is over and sealed; and not all in the same minute.
        let spread = 120 + Int64(key.path.utf8.reduce(7) { ($0 &* 31 &+ UInt32($1)) } % 240)
        if let known { statistics[key]?.known = known }
        statistics[key]?.due = known == nil ? minute.advanced(by: 60) : Minute((minute.day + 1) * Minute.perDay + spread)
    }

    /// What is unusual. It takes as long as that is much, and not as there are many statistics.
    var list: UnusualList {
        var list = UnusualList()
        (list.knownCount, list.unknownCount) = (ranking.knownCount, ranking.unknownCount)
        list.statistics = ranking.keys.compactMap { key in
            guard let known = statistics[key]?.known, let since = known.reading.since else { return nil }
            return UnusualList.Statistic(key: key, reading: known.reading, since: since, points: known.recent(Self.pointsShown))
        }
        return list
    }

    /// The same in short, for those who look at all statistics.
    var summary: [StatisticKey: UnusualSummary] {
        var summary: [StatisticKey: UnusualSummary] = [:]
        for key in ranking.keys {
            guard let known = statistics[key]?.known, let since = known.reading.since else { continue }
            let last = known.recent(1).last
            let part = last.flatMap { last in last.usual.flatMap { $0 > 0 ? (last.value - $0) / $0 : nil } }
            summary[key] = UnusualSummary(score: known.reading.score, since: since, difference: part)
        }
        return summary
    }
}

extension WatchedUser.Watched {
    fileprivate mutating func close(_ slot: UsualSlot, _ activeMinutes: Int) {
        open.activeMinutes = activeMinutes
        defer { open = UsualOpenStep() }
        if open.isHeard { heard = slot }
        guard let value = open.value(measure) else { return }
        push(value, at: slot)
        let day = slot.minute.day
        if todayDay != day || today.isEmpty {
            (todayDay, today) = (day, Array(repeating: .nan, count: Int(UsualSlot.perDay)))
        }
        today[Int(slot.index - day * UsualSlot.perDay)] = Float(value)
    }
}

extension UsualWatched {
    /// How improbable it is, and a little for how long it has been; nil when it is as usual.
    var weight: Double? {
        guard let since = reading.since else { return nil }
        let steps = last.map { $0.index - since.index } ?? 0
        return reading.score.magnitude + Double(max(1, steps)).squareRoot() / 10
    }
}
