import DattssCore
import FoundationEssentials

/// Reads totals back, statistic by statistic: that the right samples were counted, and not only the right number of them.
///
/// Counters are compared by their running totals, all of them; of all kinds an even choice is compared by the sums and
/// counts of their minutes. Both are differences, so that earlier runs do not matter.
struct Witnesses {
    private let streams: [(stream: LoadStream, bundles: Bundles)]
    private let keys: [String]
    private let chosen: [Statistic]
    private let from: Int64

    private static let statisticsMax = 200_000
    private static let chosenMax = 200
    private static let problemsMax = 5

    struct Statistic: Hashable {
        /// The position of the user's key.
        var user: Int
        var key: StatisticKey
    }

    struct Totals: Equatable {
        /// In thousandths, of which all values that are sent have a whole number.
        var sum: Int64 = 0
        var count: Int64 = 0

        mutating func add(_ times: Int64, sum: Int64, samples: Int32) {
            self.sum += times * sum
            count += times * Int64(samples)
        }
    }

    struct Reading {
        /// Totals.
        var counters: [Statistic: Double] = [:]
        var series: [Statistic: (sum: Double, count: Int64)] = [:]
    }

    init(streams: [(stream: LoadStream, bundles: Bundles)], keys: [String]) {
        self.streams = streams.filter { $0.stream.transport != .query }
        self.keys = keys
        from = Int64(Date().timeIntervalSince1970) / 60 * 60
        chosen = Self.choose(self.streams)
    }

    private var statisticCount: Int { streams.reduce(0) { $0 + $1.stream.users * $1.stream.paths } }

    private static func choose(_ streams: [(stream: LoadStream, bundles: Bundles)]) -> [Statistic] {
        var chosen: Set<Statistic> = []
        for (stream, bundles) in streams {
            let count = stream.users * stream.paths
            let share = min(count, chosenMax / streams.count)
            for turn in 0..<share {
                // Every user and every path has its turn.
                let number = turn * count / share
                chosen.insert(
                    Statistic(
                        user: stream.firstUser - 1 + number / stream.paths,
                        key: bundles.statistics[(number + turn) % stream.paths]))
            }
        }
        return Array(chosen)
    }

    private var users: Set<Int> {
        Set(streams.flatMap { stream, _ in (stream.firstUser - 1)..<(stream.firstUser - 1 + stream.users) })
    }

    func read(_ server: ServerConversation) throws -> Reading {
        var reading = Reading()
        guard statisticCount <= Self.statisticsMax else { return reading }
        for user in users {
            for row in try server.decoded(StatusAnswer.self, "/api/v1/status", key: keys[user]).c {
                reading.counters[Statistic(user: user, key: StatisticKey(.counter, row.pth))] = row.sum ?? 0
            }
        }
        for statistic in chosen {
            let path = "/api/v1/series/\(statistic.key.kind.symbol)/\(statistic.key.path)?from=\(from)"
            let points = try server.decoded(SeriesAnswer.self, path, key: keys[statistic.user]).points
            reading.series[statistic] = points.reduce(into: (0, 0)) { totals, point in
                totals.sum += point.sum
                totals.count += Int64(point.cnt)
            }
        }
        return reading
    }

    private struct StatusAnswer: Decodable {
        var c: [Row]

        struct Row: Decodable {
            var pth: String
            var sum: Double?
        }
    }

    private struct SeriesAnswer: Decodable {
        var points: [Point]

        struct Point: Decodable {
            var sum: Double
            var cnt: Double
        }
    }

    /// - Parameter tallies: of every stream, in the order of the streams.
    func compare(
        since before: Reading, _ tallies: [Tally], _ account: LoadAccount, _ server: ServerConversation
    ) throws -> LoadAccount.ReadBack {
        var result = LoadAccount.ReadBack()
        result.omission = omission(account, tallies)
        guard result.omission == nil else { return result }
        let now = try read(server)
        let expected = expectation(tallies)
        for (statistic, totals) in expected where statistic.key.kind == .counter {
            let (earlier, later) = (before.counters[statistic] ?? 0, now.counters[statistic] ?? 0)
            if !Self.isSum(totals.sum, from: earlier, to: later) {
                result.add("total of \(statistic.key.path)", Double(totals.sum) / 1000, later - earlier)
            }
            result.counters += 1
        }
        for statistic in chosen {
            let totals = expected[statistic] ?? Totals()
            let (earlier, later) = (before.series[statistic] ?? (0, 0), now.series[statistic] ?? (0, 0))
            let count = later.count - earlier.count
            if count != totals.count { result.add("samples of \(statistic.key.path)", Double(totals.count), Double(count)) }
            if !Self.isSum(totals.sum, from: earlier.sum, to: later.sum) {
                result.add("sum of \(statistic.key.path)", Double(totals.sum) / 1000, later.sum - earlier.sum)
            }
            result.series += 1
        }
        if result.problems.count > Self.problemsMax {
            let more = result.problems.count - Self.problemsMax
            result.problems = result.problems.prefix(Self.problemsMax) + ["and \(more) more statistics differ"]
        }
        return result
    }

    /// Whether a sum grew by so many thousandths. Binary fractions of decimal numbers are rounded whenever they are added, far
    /// less than a thousandth in all: what is between two whole numbers of thousandths is the nearer one.
    static func isSum(_ thousandths: Int64, from earlier: Double, to later: Double) -> Bool {
        ((later - earlier) * 1000).rounded() == Double(thousandths)
    }

    private func omission(_ account: LoadAccount, _ tallies: [Tally]) -> String? {
        if streams.isEmpty { return "nothing was sent" }
        if statisticCount > Self.statisticsMax { return "more than \(Self.statisticsMax) statistics" }
        if tallies.contains(where: \.perSlot.isEmpty) { return "too many different requests" }
        if account.http.unanswered != .init() { return "requests without an answer" }
        let isWhole = account.lostSamples == 0 && account.refusedLines == 0 && account.refusedUDPPartials == 0
        if account.udp.sent != .init(), !isWhole { return "nobody knows which samples were in what was lost" }
        return nil
    }

    private func expectation(_ tallies: [Tally]) -> [Statistic: Totals] {
        var expected: [Statistic: Totals] = [:]
        for ((stream, bundles), tally) in zip(streams, tallies) {
            for (slot, times) in tally.perSlot.enumerated() where times > 0 {
                let bundle = bundles.bundle(ofSlot: slot)
                let user = stream.firstUser - 1 + bundles.user(ofSlot: slot)
                for item in 0..<bundles.size {
                    let key = bundles.statistic(item, ofBundle: bundle)
                    let position = bundle * bundles.size + item
                    expected[Statistic(user: user, key: key), default: Totals()].add(
                        Int64(times), sum: bundles.itemSums[position], samples: bundles.itemSamples[position])
                }
            }
        }
        return expected
    }
}

extension LoadAccount.ReadBack {
    fileprivate mutating func add(_ what: String, _ expected: Double, _ counted: Double) {
        problems.append("\(what): \(expected) expected, \(counted) counted")
    }
}
