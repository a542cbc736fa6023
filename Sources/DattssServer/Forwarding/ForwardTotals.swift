import DattssCore

/// What counters and timers have counted up to the end of some minute, for a target that wants running totals.
///
/// Totals are added up minute after minute, always in the same order, and kept on disk: a minute that is sent again has the very same
/// total, bit for bit. Another one would be refused, or taken for a reset.
struct ForwardTotals: Sendable, Hashable {
    /// The minute up to which everything is in.
    private(set) var minute: Minute
    private var users: [UserID: [StatisticKey: Total]] = [:]
    private(set) var count = 0

    /// What one statistic has counted.
    struct Total: Sendable, Hashable {
        var count: Int64 = 0
        var sum = 0.0
        /// When it was sent last.
        var minute = Minute(0)
    }

    /// So many are kept; the totals of statistics beyond are those of the minute alone, and are not handed on.
    static let countMax = 500_000
    /// Those that were silent for longer are let go of, and would begin anew at zero.
    static let silentMinutesMax: Int64 = 30 * Minute.perDay

    init(before minute: Minute) { self.minute = minute.advanced(by: -1) }

    /// The users of whom there is anything.
    var allUsers: [UserID] { Array(users.keys) }

    /// Says what a statistic has counted before.
    mutating func set(_ total: Total, of key: StatisticKey, _ user: UserID) {
        if users[user, default: [:]].updateValue(total, forKey: key) == nil { count += 1 }
    }

    /// Takes in the next minute.
    /// - Parameter silentMinutes: how long a counter that is silent is handed on as such, in minutes in which its user sent anything.
    /// - Returns: what is to be handed on of the minute, and how many statistics were left out because there are too many.
    mutating func advance(
        to minute: Minute, _ rows: [UserID: [StatisticKey: Aggregate]], silentMinutes: Int64
    ) -> (statistics: [ForwardedStatistic], leftOut: Int) {
        var statistics: [ForwardedStatistic] = []
        var leftOut = 0
        self.minute = minute
        for (user, rows) in rows {
            // Taken out and put back, so that nothing is copied.
            var totals = users.removeValue(forKey: user) ?? [:]
            for (key, aggregate) in rows {
                guard key.kind != .gauge else {
                    statistics.append(ForwardedStatistic(user: user, key: key, aggregate: aggregate))
                    continue
                }
                if totals[key] == nil {
                    guard count < Self.countMax else {
                        leftOut += 1
                        continue
                    }
                    count += 1
                }
                let total = Self.adding(aggregate, to: totals[key] ?? Total(), minute)
                totals[key] = total
                statistics.append(ForwardedStatistic(user: user, key: key, aggregate: aggregate, total: total))
            }
            for (key, total) in totals where total.minute < minute && total.minute.distance(to: minute) <= silentMinutes {
                statistics.append(ForwardedStatistic(user: user, key: key, aggregate: nil, total: total))
            }
            users[user] = totals
        }
        return (statistics, leftOut)
    }

    private static func adding(_ aggregate: Aggregate, to total: Total, _ minute: Minute) -> Total {
        Total(
            count: total.count.addingReportingOverflow(aggregate.count).partialValue, sum: total.sum + aggregate.sum, minute: minute
        )
    }

    /// Forgets users, and statistics that were silent for too long.
    mutating func removeAll(but isKept: (UserID) -> Bool) {
        let horizon = minute.advanced(by: -Self.silentMinutesMax)
        for user in allUsers {
            let kept = isKept(user) ? users[user]?.filter { $0.value.minute >= horizon } ?? [:] : [:]
            count += kept.count - (users[user]?.count ?? 0)
            users[user] = kept.isEmpty ? nil : kept
        }
    }

    /// Goes on from another minute, because the clock was set back.
    mutating func reset(to minute: Minute) { self.minute = minute }

    // MARK: On disk

    private static let title = "dattss forward 1"

    /// Lines of text, which end with how many there are.
    var text: String {
        var lines = [Self.title, "minute \(minute.index)"]
        for (user, totals) in users {
            for (key, total) in totals {
                lines.append("\(key.kind.symbol) \(user) \(key.path) \(total.count) \(total.sum) \(total.minute.index)")
            }
        }
        return (lines + ["end \(count)", ""]).joined(separator: "\n")
    }

    /// nil for what is not a whole file.
    init?(text: String) {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { Substring($0) }
        guard lines.count >= 3, lines[0] == Self.title, lines[1].hasPrefix("minute "), let index = Int64(lines[1].dropFirst(7)),
            lines.last == "end \(lines.count - 3)"
        else { return nil }
        minute = Minute(index)
        for line in lines.dropFirst(2).dropLast() {
            let parts = line.utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
            guard parts.count == 6, let kind = Kind.allCases.first(where: { $0.symbol == parts[0] }), let user = UserID(parts[1]),
                Name.isValidPath(parts[2].utf8), let count = Int64(parts[3]), let sum = Double(parts[4]),
                let minute = Int64(parts[5])
            else { return nil }
            set(Total(count: count, sum: sum, minute: Minute(minute)), of: StatisticKey(kind, String(parts[2])), user)
        }
    }
}
