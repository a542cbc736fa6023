import DattssCore

/// What a server must know, the naive way: every sample is kept, by the minute in which it came.
struct LifeOracle {
    private(set) var statistics: [UserID: [StatisticKey: Known]] = [:]
    /// Partials that were acknowledged since the server started.
    var partials = 0
    /// What the clock of the log shows: see ``MinuteEdge``.
    private(set) var latest = Timestamp(milliseconds: .min / 2)
    /// The latest day that there ever was, because what was too old by then is gone.
    private(set) var highestDay = Int64.min
    /// How often the clock was set by so much that idleness cannot be told from outside.
    private(set) var jumps = 0

    /// A statistic.
    struct Known {
        /// In the order of their arrival, by day and minute.
        var days: [Int64: [Minute: [Double]]] = [:]
        /// What the total may be: more than one after a silence that its total may not have outlived.
        var totals: Set<Double> = [0]
        var last = 0.0
        var seen = Timestamp(milliseconds: .min / 2)
        /// The log's time then: later than the clock's, when that was a little behind.
        var counted = Timestamp(milliseconds: .min / 2)
        /// By which ``LifeOracle/jumps`` it was seen.
        var jumps = 0
    }

    /// How long a total outlives its statistic.
    static let totalMilliseconds: Int64 = 400 * 86_400_000

    /// The clock shows this now.
    mutating func look(_ now: Timestamp) {
        latest = now < latest.advanced(byMilliseconds: -MinuteEdge.jumpBackMilliseconds) ? now : max(latest, now)
        highestDay = max(highestDay, now.minute.day)
    }

    mutating func noteJump() { jumps += 1 }

    mutating func accept(_ values: [Double], of key: StatisticKey, _ user: UserID, at now: Timestamp) {
        look(now)
        statistics[user, default: [:]][key, default: Known()].accept(values, now, latest, jumps)
        partials += 1
    }

    /// Forgets what came before a day, of which nothing must be there any more: so a comparison does not take the longer, the longer the
    /// life is.
    mutating func forget(before day: Int64) {
        for user in statistics.keys {
            for key in (statistics[user] ?? [:]).keys { statistics[user]?[key]?.forget(before: day) }
        }
    }

    /// The total turned out to be this.
    mutating func settle(_ total: Double, of key: StatisticKey, _ user: UserID) { statistics[user]?[key]?.totals = [total] }

    mutating func forget(_ user: UserID) { statistics[user] = nil }

    /// What is stored of a statistic at a step, merged: by the minute at which each step begins.
    func points(of key: StatisticKey, _ user: UserID, day: Int64, stepMinutes: Int64) -> [(start: Minute, values: [Double])] {
        var points: [Minute: [Double]] = [:]
        for (minute, values) in (statistics[user]?[key]?.days[day] ?? [:]).sorted(by: { $0.key < $1.key }) {
            let start = Minute(minute.index.flooredQuotient(by: stepMinutes) * stepMinutes)
            points[start, default: []] += values
        }
        return points.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func days(of key: StatisticKey, _ user: UserID) -> Set<Int64> {
        Set((statistics[user]?[key]?.days ?? [:]).keys)
    }
}

extension LifeOracle.Known {
    /// Takes samples in where it is: nothing is copied.
    fileprivate mutating func accept(_ values: [Double], _ now: Timestamp, _ latest: Timestamp, _ jumps: Int) {
        let silence = now.milliseconds - seen.milliseconds
        let sum = values.reduce(0, +)
        if silence > LifeOracle.totalMilliseconds || jumps != self.jumps { totals.insert(0) }
        totals = Set(totals.map { $0 + sum })
        days[latest.minute.day, default: [:]][latest.minute, default: []] += values
        (last, seen, counted, self.jumps) = (values[values.count - 1], now, latest, jumps)
    }

    fileprivate mutating func forget(before day: Int64) {
        if days.isEmpty { return }
        for past in days.keys where past < day { days[past] = nil }
    }
}
