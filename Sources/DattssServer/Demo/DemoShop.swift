import DattssCore

/// A made-up shop: what it sells by day, by night and at the weekend, on three machines, and what happens on a Wednesday
/// afternoon when its payment provider has a bad hour.
///
/// Everything follows from the seed and the time, so history and live traffic fit together, and a test sees the same each
/// time.
struct DemoShop: Sendable {
    let seed: UInt64

    /// A statistic, and what it is like when the shop is as busy as it gets.
    private struct Statistic {
        var key: StatisticKey
        var form: Form

        init(_ kind: Kind, _ path: String, _ form: Form) {
            key = StatisticKey(kind, path)
            self.form = form
        }
    }

    private enum Form {
        /// So many a minute, of 1 each.
        case count(Double)
        /// More of them while payments fail.
        case failures(Double)
        /// What so many orders a minute bring in.
        case revenue(perMinute: Double, order: Double)
        /// So many a minute, around a median in milliseconds.
        case duration(Double, median: Double, suffers: Bool = false)
        /// A level, from idle to busy.
        case level(idle: Double, busy: Double)
    }

    private static let statistics: [Statistic] = {
        var all = [
            Statistic(.counter, "shop.visits", .count(220)), Statistic(.counter, "shop.searches", .count(90)),
            Statistic(.counter, "shop.carts", .count(30)), Statistic(.counter, "shop.orders", .count(12)),
            Statistic(.counter, "shop.orders.failed", .failures(0.3)), Statistic(.counter, "shop.mails", .count(15)),
            Statistic(.gauge, "shop.revenue", .revenue(perMinute: 12, order: 48)),
            Statistic(.gauge, "shop.visitors", .level(idle: 20, busy: 640)),
            Statistic(.timer, "checkout.total", .duration(12, median: 420, suffers: true)),
            Statistic(.timer, "checkout.payment", .duration(12, median: 260, suffers: true)),
            Statistic(.timer, "checkout.stock", .duration(12, median: 18)),
            Statistic(.timer, "page.home", .duration(120, median: 35)),
            Statistic(.timer, "page.product", .duration(180, median: 52)),
            Statistic(.timer, "page.search", .duration(90, median: 95)),
            Statistic(.timer, "db.query", .duration(600, median: 3.5)),
        ]
        for host in hosts {
            all += [
                Statistic(.gauge, "host.\(host).cpu", .level(idle: 4, busy: 62)),
                Statistic(.gauge, "host.\(host).memory", .level(idle: 41, busy: 58)),
                Statistic(.counter, "host.\(host).requests", .count(400)),
            ]
        }
        return all.sorted { $0.key < $1.key }
    }()

    private static let hosts = ["web1", "web2", "db1"]
    static let processes = ["checkout", "mailer", "web1", "web2"]

    static let favourites = [
        StatisticKey(.counter, "shop.orders"), StatisticKey(.gauge, "shop.revenue"),
        StatisticKey(.timer, "checkout.payment"), StatisticKey(.counter, "shop.orders.failed"),
        StatisticKey(.gauge, "shop.visitors"),
    ]

    /// What the shop sends in a part of a minute; sorted by key.
    /// - Parameters:
    ///   - part: which of `parts` equal parts of the minute.
    func partials(in minute: Minute, part: Int = 0, of parts: Int = 1) -> [Partial] {
        let share = 1 / Double(parts)
        let hour = Self.hour(minute)
        return Self.statistics.enumerated().compactMap { index, statistic in
            var random = DemoRandom(seed: seed, minute, part: parts == 1 ? -1 : part, index)
            return Self.aggregate(statistic, hour, share, &random).map { Partial(statistic.key, $0) }
        }
    }

    private static func aggregate(
        _ statistic: Statistic, _ hour: Hour, _ share: Double, _ random: inout DemoRandom
    ) -> Aggregate? {
        var accumulator = SampleAccumulator()
        let add = { (value: Double, weight: Int64) in if weight > 0 { accumulator.add(value, weight: weight) } }
        switch statistic.form {
        case .count(let rate):
            let orders = statistic.key.path.hasPrefix("shop.orders") && hour.isIncident ? 0.4 : 1
            add(1, random.count(rate * hour.busyness * orders * share))
        case .failures(let rate):
            add(1, random.count(rate * hour.busyness * (hour.isIncident ? 22 : 1) * share))
        case .revenue(let rate, let order):
            let orders = rate * hour.busyness * (hour.isIncident ? 0.4 : 1)
            add((orders * order * random.around(1, spread: 0.18) * 100).rounded() / 100, 1)
        case .duration(let rate, let median, let suffers):
            let slowed = median * (1 + 0.35 * hour.busyness) * (suffers && hour.isIncident ? 7 : 1)
            // A few values stand for all: the shape is what is looked at.
            let (count, draws) = (random.count(rate * hour.busyness * share), Int64(8))
            for draw in 0..<min(count, draws) {
                let weight = count / draws + (draw < count % draws ? 1 : 0)
                add((slowed * random.around(1, spread: 0.4) * 100).rounded() / 100, max(1, weight))
            }
        case .level(let idle, let busy):
            add(((idle + (busy - idle) * hour.busyness) * random.around(1, spread: 0.06) * 10).rounded() / 10, 1)
        }
        return accumulator.partial(of: statistic.key.kind)
    }

    // MARK: Time

    private struct Hour {
        /// From about 0.08 at night to 1.2 on a Saturday evening.
        var busyness: Double
        var isIncident: Bool
    }

    private static func hour(_ minute: Minute) -> Hour {
        let ofDay = Double(minute.index - minute.day * Minute.perDay) / 60
        let weekday = CalendarDate(dayNumber: minute.day).weekday
        let lunch = bump(ofDay, at: 12.5, width: 3.2), evening = bump(ofDay, at: 20, width: 2.6)
        let weekend = weekday == 5 ? 1.25 : weekday == 6 ? 1.15 : 1
        let isIncident = weekday == 2 && (845..<890).contains(minute.index - minute.day * Minute.perDay)
        return Hour(busyness: (0.08 + 0.62 * lunch + 0.88 * evening) * weekend, isIncident: isIncident)
    }

    /// A bell over the hours of a day, which goes on beyond midnight.
    private static func bump(_ hour: Double, at center: Double, width: Double) -> Double {
        [-24, 0, 24].reduce(0) { sum, day in
            let distance = (hour - center + day) / width
            return sum + DemoRandom.exponential(-distance * distance / 2)
        }
    }
}
