import DattssCore

/// The watched statistics of one user, and the step of five minutes that is being filled. It knows neither clocks nor the log.
struct WatchedUser: Sendable {
    private var statistics: [StatisticKey: Watched] = [:]
    private var slot: UsualSlot?
    private var activeMinutes = 0
    private var lastActive: Minute?

    fileprivate struct Watched: Sendable {
        var open = UsualOpenStep()
        var known: UsualWatched?
        /// The steps of the day of UTC, which no sealed file has yet; NaN where there is none.
        var today: [Float] = []
        var todayDay: Int64 = 0
        /// When it is to be learned; nil: at once.
        var due: Minute?
    }

    private static let pointsShown = 24
    private static let atOnce = 64

    /// Begins with a step.
    init(beginning slot: UsualSlot) { self.slot = slot }

    var count: Int { statistics.count }

    /// Ends the open step when a later one begins.
    mutating func advance(to next: UsualSlot) {
        guard let slot, slot < next else { return }
        for key in statistics.keys {
            let measure = UsualMeasure(key.kind)
            statistics[key]?.close(slot, measure, activeMinutes)
        }
        (self.slot, activeMinutes) = (next, 0)
    }

    /// Takes in a minute of the open step.
    /// - Parameter room: how many more statistics may be watched.
    mutating func add(_ minute: Minute, _ part: UserMinute, room: inout Int) {
        if lastActive != minute { activeMinutes += 1 }
        lastActive = minute
        for partial in part.aggregates {
            if statistics[partial.key] == nil {
                guard room > 0 else { continue }
                room -= 1
            }
            statistics[partial.key, default: Watched()].open.add(partial.aggregate, UsualMeasure(partial.key.kind))
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

    var list: UnusualList {
        var list = UnusualList()
        for (key, watched) in statistics {
            guard let known = watched.known else {
                list.unknownCount += 1
                continue
            }
            list.knownCount += 1
            guard let since = known.reading.since else { continue }
            list.statistics.append(
                UnusualList.Statistic(key: key, reading: known.reading, since: since, points: known.recent(Self.pointsShown)))
        }
        list.statistics.sort { ($1.weight, $0.key) < ($0.weight, $1.key) }
        return list
    }
}

extension WatchedUser.Watched {
    fileprivate mutating func close(_ slot: UsualSlot, _ measure: UsualMeasure, _ activeMinutes: Int) {
        open.activeMinutes = activeMinutes
        defer { open = UsualOpenStep() }
        guard let value = open.value(measure) else { return }
        _ = known?.push(value, at: slot)
        let day = slot.minute.day
        if todayDay != day || today.isEmpty {
            (todayDay, today) = (day, Array(repeating: .nan, count: Int(UsualSlot.perDay)))
        }
        today[Int(slot.index - day * UsualSlot.perDay)] = Float(value)
    }
}

extension UnusualList.Statistic {
    /// How improbable it is, and a little for how long it has been.
    fileprivate var weight: Double {
        let steps = points.last.map { $0.slot.index - since.index } ?? 0
        return reading.score.magnitude + Double(max(1, steps)).squareRoot() / 10
    }
}
