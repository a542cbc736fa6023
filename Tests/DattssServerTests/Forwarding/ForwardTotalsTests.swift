import Testing

@testable import DattssCore
@testable import DattssServer

/// Goal: running totals that are the same bit for bit after a start, and never hold more than is known.
@Suite struct ForwardTotalsTests {
    private static let user = UserID("shop") ?? .local
    private static let hits = StatisticKey(.counter, "hits")

    private static func rows(_ sums: [String: Double]) -> [UserID: [StatisticKey: Aggregate]] {
        [user: Dictionary(uniqueKeysWithValues: sums.map { (StatisticKey(.counter, $0), Aggregate(sample: $1)) })]
    }

    @Test("totals that were written and read go on to the same bits") func text() throws {
        var totals = ForwardTotals(before: Minute(100))
        for minute in 0..<50 {
            _ = totals.advance(
                to: Minute(100 + Int64(minute)), Self.rows(["a": 0.1, "b": 1e-9 * Double(minute)]), silentMinutes: 60)
        }
        var read = try #require(ForwardTotals(text: totals.text))
        #expect(read == totals)
        let next = Self.rows(["a": 0.3])
        #expect(
            read.advance(to: Minute(150), next, silentMinutes: 60).statistics.map(\.total)
                == totals.advance(to: Minute(150), next, silentMinutes: 60).statistics.map(\.total))
    }

    @Test("a file that is cut, or another, is not taken for one", arguments: [0, 1, 20, 40, -1]) func cut(_ count: Int) {
        var totals = ForwardTotals(before: Minute(100))
        _ = totals.advance(to: Minute(100), Self.rows(["a": 1, "b": 2]), silentMinutes: 60)
        let text = totals.text
        #expect(ForwardTotals(text: count < 0 ? String(text.dropLast(3)) : String(text.prefix(count))) == nil)
        #expect(ForwardTotals(text: text.replacing("shop", with: "no user")) == nil)
    }

    @Test("a silent counter keeps its total for an hour, in minutes in which its user sent anything") func silence() {
        var totals = ForwardTotals(before: Minute(100))
        _ = totals.advance(to: Minute(100), Self.rows(["hits": 3]), silentMinutes: 60)
        #expect(totals.advance(to: Minute(101), [:], silentMinutes: 60).statistics.isEmpty)
        for (minute, isThere) in [(Int64(102), true), (160, true), (161, false)] {
            let found = totals.advance(to: Minute(minute), Self.rows(["other": 1]), silentMinutes: 60).statistics
            let silent = found.first { $0.key == Self.hits }
            #expect((silent?.total.sum == 3) == isThere && silent?.aggregate == nil)
        }
        let again = totals.advance(to: Minute(500), Self.rows(["hits": 2]), silentMinutes: 60).statistics
        #expect(again.first { $0.key == Self.hits }?.total.sum == 5)
    }

    @Test("nothing is left of a user who is gone, nor of what was silent for a month") func forgetting() {
        var totals = ForwardTotals(before: Minute(100))
        _ = totals.advance(to: Minute(100), Self.rows(["a": 1]), silentMinutes: 60)
        _ = totals.advance(to: Minute(101 + ForwardTotals.silentMinutesMax), Self.rows(["b": 1]), silentMinutes: 60)
        totals.removeAll { _ in true }
        #expect(totals.count == 1 && !totals.text.contains(" a "))
        totals.removeAll { $0 != Self.user }
        #expect(totals.count == 0 && totals.allUsers.isEmpty && !totals.text.contains("shop"))
    }
}
