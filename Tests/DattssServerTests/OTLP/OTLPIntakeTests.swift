import DattssCore
import DattssTestSupport
import Foundation
import Testing

@testable import DattssServer

/// What only time brings, and limits.
@Suite struct OTLPIntakeTests {
    private static let hits = StatisticKey(.counter, "a")

    private static func limits(series: Int) -> Limits {
        var limits = Limits()
        limits.liveStatisticsPerUser = series
        return limits
    }

    @Test("at the limit only a series that was silent for long makes room, the one that was heard of longest ago first")
    func room() {
        // Goal: whoever still sends is never forgotten, and newcomers are told.
        var ledger = OTLPLedger()
        ledger.limits = Self.limits(series: 3)
        let plan = ledger.take(
            OTLPExport.of(
                OTLPExport.sum("a", (1, 2, 1)), OTLPExport.sum("b", (1, 2, 1)), OTLPExport.sum("c", (1, 2, 1)),
                OTLPExport.sum("d", (1, 2, 1))))
        #expect(plan.partials.count == 3 && plan.rejectedPoints == 1)
        ledger.now = ledger.now.advanced(byMilliseconds: ledger.limits.idleSeconds * 1000 - 1)
        #expect(ledger.take(OTLPExport.of(OTLPExport.sum("d", (1, 3, 1)))).rejectedPoints == 1)
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (1, 4, 2))))
        ledger.now = ledger.now.advanced(byMilliseconds: 1)
        // b and c are idle now, a is not.
        let later = ledger.take(
            OTLPExport.of(OTLPExport.sum("d", (1, 5, 9)), OTLPExport.sum("e", (1, 5, 9)), OTLPExport.sum("f", (1, 5, 9))))
        #expect(later.rejectedPoints == 1)
        #expect(ledger.intake.size.series == 3)
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (1, 6, 5))))
        #expect(ledger.sums[Self.hits] == 5)
    }

    @Test("a series that was forgotten counts from where it returns, and one that began later from its start")
    func returning() {
        // Goal: nothing is counted a second time because it was forgotten.
        var ledger = OTLPLedger()
        ledger.limits = Self.limits(series: 1)
        let start = ledger.now.nanoseconds
        func nanoseconds(_ seconds: UInt64) -> UInt64 { start + seconds * 1_000_000_000 }
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, nanoseconds(1), 100))))
        let day = UInt64(ledger.limits.idleSeconds)
        for turn in 1...20 as ClosedRange<UInt64> {
            // Another one takes its place, is silent, and gives it back.
            ledger.now = ledger.now.advanced(byMilliseconds: ledger.limits.idleSeconds * 1000)
            let other = nanoseconds(turn * 2 * day - day)
            ledger.take(OTLPExport.of(OTLPExport.sum("b", (other - 10, other, 1))))
            ledger.now = ledger.now.advanced(byMilliseconds: ledger.limits.idleSeconds * 1000)
            let back = nanoseconds(turn * 2 * day)
            ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, back, Double(100 + 10 * turn)))))
            ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, back + 1, Double(101 + 10 * turn)))))
        }
        #expect(ledger.sums[Self.hits] == 120)
        // Every run of b is another one.
        #expect(ledger.sums[StatisticKey(.counter, "b")] == 20)
        #expect(ledger.intake.size.series == 1)
    }

    @Test("users who are silent leave, and return without being counted twice; so do those who are deleted")
    func users() throws {
        // Goal: neither memory nor a total is kept for ever, past the horizon and back.
        var ledger = OTLPLedger()
        let day = ledger.limits.idleSeconds * 1000
        let others = (0..<500).compactMap { UserID("u\($0)") }
        let start = ledger.now.nanoseconds
        for user in others { ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, start + 1, 1))), of: user) }
        #expect(ledger.intake.size.users == 500)
        ledger.now = ledger.now.advanced(byMilliseconds: day - 1)
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, start + 1, 1))))
        #expect(ledger.intake.size.users == 501)
        // The next look comes within the hour.
        ledger.now = ledger.now.advanced(byMilliseconds: day / 24)
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, start + 2, 2))))
        #expect(ledger.intake.size.users == 1 && ledger.intake.size.series == 1)
        let before = ledger.sums[Self.hits]
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, start + 3, 7))), of: others[0])
        #expect(ledger.sums[Self.hits] == before)
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, start + 4, 8))), of: others[0])
        #expect(ledger.sums[Self.hits] == (before ?? 0) + 1)
        // Under a name that was deleted comes somebody else.
        ledger.intake.forget(others[0])
        #expect(ledger.intake.size.users == 1)
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (ledger.now.nanoseconds, ledger.now.nanoseconds + 5, 3))), of: others[0])
        #expect(ledger.sums[Self.hits] == (before ?? 0) + 4)
    }

    @Test("a clock that jumps a year ahead, or behind, and back forgets nothing and counts nothing twice", arguments: [1, -1])
    func jumpingClock(direction: Int64) {
        // Goal: idle is what was silent while time passed, wherever the clock was set to meanwhile.
        var ledger = OTLPLedger()
        let start = ledger.now.nanoseconds
        for (total, wrongBy) in [10, 11, 12, 13, 14].enumerated().map({ ($1, [0, 1, 1, 0, 0][$0] as Int64) }) {
            ledger.wrongBy = wrongBy * direction * 365 * 86_400_000
            ledger.now = ledger.now.advanced(byMilliseconds: 5000)
            let time = start + UInt64(total)
            ledger.take(OTLPExport.of(OTLPExport.sum("a", (start, time, Double(total)))), of: .local)
        }
        #expect(ledger.sums[Self.hits] == 14)
        #expect(ledger.intake.size.users == 1 && ledger.intake.size.series == 1)
    }

    @Test("a new series at the limit costs no more when there are many")
    func constantTime() throws {
        // Goal: a sender of new series does not stop anybody: 20 times as many cost 20 times as much, not 400 times.
        func seconds(_ series: Int) -> Double {
            let intake = OTLPIntake(startedAt: Timestamp(seconds: 0))
            let limits = Self.limits(series: series)
            var now = Timestamp(seconds: 1_795_330_000)
            func export(_ range: Range<Int>) -> OTLPMetrics {
                var metric = OTLPExport.sum("a", temporality: .cumulative)
                metric.sum.points = range.map { number in
                    .init(head: .init(attributes: [.init(key: "k", value: .int(Int64(number)))], start: 1, time: 2), value: 1)
                }
                return OTLPExport.of(metric)
            }
            let (full, more) = (export(0..<series), export(series..<2 * series))
            _ = intake.plan(full, of: .local, at: Moment(now), limits: limits)
            let before = ProcessorTime.seconds()
            // First each is refused, then each takes the place of one that is idle.
            _ = intake.plan(more, of: .local, at: Moment(now), limits: limits)
            now = now.advanced(byMilliseconds: limits.idleSeconds * 1000 - 1)
            _ = intake.plan(full, of: .local, at: Moment(now.advanced(byMilliseconds: -1000)), limits: limits)
            _ = intake.plan(more, of: .local, at: Moment(now.advanced(byMilliseconds: 1)), limits: limits)
            return ProcessorTime.seconds() - before
        }
        _ = seconds(200)
        let (few, many) = (seconds(500), seconds(10_000))
        #expect(many < 20 * few * 8, "\(few) s and \(many) s")
    }

    @Test("buckets are remembered up to a bound, and make room only when they are idle")
    func weight() {
        // Goal: histograms of many buckets do not fill the memory, however few they are.
        let limits = Limits()
        var (ledger, table) = (OTLPLedger(), OTLPSeriesTable(knownSince: 0, weightMax: 100))
        let keys = OTLPPoints(
            OTLPExport.of(OTLPExport.sum("a", (1, 2, 1)), OTLPExport.sum("b", (1, 2, 1)), OTLPExport.sum("c", (1, 2, 1)))
        ).points.map(\.name.series)
        func series(buckets: Int) -> OTLPSeries {
            let point = OTLPMetrics.HistogramPoint(
                count: UInt64(buckets), bucketCounts: [UInt64](repeating: 1, count: buckets),
                explicitBounds: (1..<buckets).map { Double($0) })
            var series = OTLPSeries()
            if let histogram = OTLPHistogram(point) {
                _ = series.takeTotal(.histogram(histogram), start: 1, time: 2, knownSince: 0)
            }
            return series
        }
        func set(_ place: Int, buckets: Int) -> Bool {
            table.set(keys[place], series(buckets: buckets), at: ledger.moment, limits: limits)
        }
        #expect(set(0, buckets: 20))
        #expect(set(1, buckets: 20))
        #expect(!set(2, buckets: 20))
        #expect(!set(0, buckets: 40))
        #expect(table.count == 2)
        ledger.now = ledger.now.advanced(byMilliseconds: limits.idleSeconds * 1000)
        #expect(set(2, buckets: 20))
        #expect(table.count == 2 && table[keys[0]] == nil && table[keys[1]] != nil)
        // It grows only at the cost of others.
        #expect(set(2, buckets: 45))
        #expect(table.count == 1)
        #expect(!set(2, buckets: 60))
        table.remove(keys[2])
        #expect(set(0, buckets: 45))
    }

    @Test("two exports at once, one of which is refused, leave what the other one counted")
    func cancelled() {
        // Goal: taking back is by series, and only what nobody has changed since.
        var ledger = OTLPLedger()
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (1, 2, 1)), OTLPExport.sum("b", (1, 2, 1))))
        let refused = ledger.intake.plan(
            OTLPExport.of(OTLPExport.sum("a", (1, 3, 5)), OTLPExport.sum("b", (1, 3, 5)), OTLPExport.sum("c", (1, 3, 5))),
            of: .local, at: ledger.moment, limits: ledger.limits)
        ledger.take(OTLPExport.of(OTLPExport.sum("b", (1, 4, 8))))
        ledger.intake.cancel(refused, of: .local)
        #expect(ledger.intake.size.series == 2)
        ledger.take(OTLPExport.of(OTLPExport.sum("a", (1, 3, 5)), OTLPExport.sum("c", (1, 3, 5))))
        #expect(ledger.sums[Self.hits] == 5)
        #expect(ledger.sums[StatisticKey(.counter, "c")] == 5)
        #expect(ledger.sums[StatisticKey(.counter, "b")] == 4)
    }
}
