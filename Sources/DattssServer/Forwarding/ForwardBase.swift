import DattssCore
import DattssPipeline
import DattssQuery

/// What counters had counted before anything was forwarded: so that a total that is forwarded is the one that is answered here.
struct ForwardBase: Sendable {
    let queries: Queries
    let users: @Sendable () throws -> [UserID]

    /// Silent counters of a user beyond these begin at zero.
    private static let silentMax = 100_000

    /// - Parameter minute: the last one that is not forwarded.
    func fill(_ totals: inout ForwardTotals, after minute: Minute, isWanted: @Sendable (UserID) -> Bool) async throws {
        for user in try users() where isWanted(user) {
            let silent = await queries.silent(of: user, atMost: Self.silentMax).statistics
            for statistic in silent where statistic.key.kind == .counter {
                totals.set(.init(sum: statistic.totals.sum, minute: statistic.totals.seen.minute), of: statistic.key, user)
            }
            for (key, total) in try await live(of: user, after: minute) { totals.set(total, of: key, user) }
        }
    }

    private func live(of user: UserID, after minute: Minute) async throws -> [(StatisticKey, ForwardTotals.Total)] {
        let statuses = await queries.status(of: user).statistics.filter { $0.key.kind == .counter }
        let reader = TotalsReader(statuses.map(\.key))
        _ = try await queries.survey(
            SurveyRequest(
                user: user, prefix: "", minutes: minute.advanced(by: 1)..<Minute(.max), withSketches: false, withTotals: true),
            into: reader.reader)
        return zip(statuses, reader.totals).compactMap { status, total in
            // One that began in the minute that is open has none before it.
            total.map { (status.key, ForwardTotals.Total(sum: $0, minute: min(status.seen.minute, minute))) }
        }
    }

    /// Takes what was counted since from what was counted until now.
    private final class TotalsReader {
        private let keys: [StatisticKey]
        private let slots: [StatisticKey: Int]
        private var since: [Double]
        private var sums: [Double?]

        init(_ keys: [StatisticKey]) {
            self.keys = keys
            slots = Dictionary(uniqueKeysWithValues: zip(keys, keys.indices))
            (since, sums) = (keys.map { _ in 0 }, keys.map { _ in nil })
        }

        var totals: [Double?] { zip(sums, since).map { sum, since in sum.map { $0 - since } } }

        var reader: SurveyReader {
            SurveyReader(
                slot: { self.slots[$0] ?? -1 },
                add: { slot, point, _ in
                    self.since[slot] += point.aggregate.sum
                    return true
                }, restart: { self.since = self.keys.map { _ in 0 } },
                keys: { self.keys.enumerated().map { (slot: $0.offset, key: $0.element) } },
                setTotal: { self.sums[$0] = $1 })
        }
    }
}
