import DattssCore
import Testing

@testable import DattssServer

@Suite struct OTLPSeriesTests {
    private typealias Step = (start: UInt64, time: UInt64, value: Double)

    private struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var steps: [(start: UInt64, time: UInt64, value: Double)]
        var sum: Double
        var late = 0
        var repeated = 0
    }

    private static let cases = [
        Case(
            testDescription: "a late point of a total says nothing new",
            steps: [(1, 10, 100), (1, 12, 120), (1, 11, 110), (1, 13, 130)], sum: 130, late: 1),
        Case(
            testDescription: "the same without a start, where the first point is only a base",
            steps: [(0, 10, 100), (0, 12, 120), (0, 11, 110), (0, 13, 130)], sum: 30, late: 1),
        Case(
            testDescription: "a point that comes twice counts once", steps: [(1, 5, 7), (1, 5, 7), (1, 6, 9)], sum: 9, repeated: 1),
        Case(testDescription: "a new start is a reset, which counts whole", steps: [(1, 5, 7), (6, 9, 4), (6, 10, 5)], sum: 12),
        Case(
            testDescription: "a total that fell at a later time is a reset, with and without a start",
            steps: [(0, 5, 7), (0, 6, 2), (0, 7, 3), (9, 15, 7), (9, 16, 2)], sum: 3 + 9),
        Case(
            testDescription: "the last export of a process that comes after the first one of the next counts its difference",
            steps: [(1, 10, 100), (20, 30, 5), (1, 19, 104), (20, 40, 6)], sum: 110),
        Case(
            testDescription: "two writers of one series count what each has",
            steps: [(1, 10, 100), (2, 11, 50), (1, 12, 101), (2, 13, 52), (1, 14, 103), (2, 15, 53)], sum: 156),
        Case(
            testDescription: "a run that begins at its first point counts from there: nobody knows its beginning",
            steps: [(10, 10, 1000), (10, 20, 1007)], sum: 7),
        Case(
            testDescription: "of more runs than are remembered the oldest is not counted a second time",
            steps: [(1, 10, 1), (2, 10, 1), (3, 10, 1), (4, 10, 1), (5, 10, 1), (1, 11, 2), (5, 12, 3)], sum: 7, late: 1),
        Case(testDescription: "totals without a time are taken as they come", steps: [(3, 0, 5), (3, 0, 5), (3, 0, 8)], sum: 8),
        Case(
            testDescription: "a time of the far future does not make all that follows late",
            steps: [(1, 1 << 63, 5), (1, 10, 8), (1, 11, 9)], sum: 9),
    ]

    @Test("totals count by their differences", arguments: cases)
    private func totals(_ one: Case) {
        // Goal: late, repeated and overlapping points, and resets, each export by itself.
        var ledger = OTLPLedger()
        for step in one.steps { ledger.take(OTLPExport.of(OTLPExport.sum("hits", step))) }
        #expect(ledger.sums[StatisticKey(.counter, "hits")] == one.sum)
        #expect((ledger.late, ledger.repeated) == (one.late, one.repeated))
    }

    @Test("within one export points count in the order of their times")
    func withinOneExport() {
        // Goal: late points are also those of one request.
        var ledger = OTLPLedger()
        ledger.take(OTLPExport.of(OTLPExport.sum("hits", (1, 10, 100), (1, 12, 120), (1, 11, 110), (1, 13, 130))))
        #expect(ledger.sums == [StatisticKey(.counter, "hits"): 130])
        // All of them later than nothing, so that none is late; the next export's are.
        #expect(ledger.late == 0)
        ledger.take(OTLPExport.of(OTLPExport.sum("hits", (1, 11, 110), (1, 14, 131), (1, 12, 120))))
        #expect(ledger.sums == [StatisticKey(.counter, "hits"): 131])
        #expect(ledger.late == 2)
    }

    @Test("late histograms of both kinds say nothing new", arguments: [0, 1] as [UInt64])
    func lateHistograms(start: UInt64) {
        // Goal: the rule of sums is that of histograms, with and without a start.
        var ledger = OTLPLedger()
        for (time, count) in [(10, 100), (12, 120), (11, 110), (13, 130)] as [(UInt64, UInt64)] {
            ledger.take(
                OTLPExport.of(
                    OTLPExport.histogram(
                        "wait", start: start, time: time, bounds: [10], counts: [count, count], sum: Double(10 * count)),
                    OTLPExport.exponential(
                        "exp", start: start, time: time, scale: 5, counts: [count, 1], sum: Double(10 * count))))
        }
        let base = start == 0 ? 1 : 0
        #expect(ledger.counts[StatisticKey(.timer, "wait")] == Int64(260 - 200 * base))
        #expect(ledger.counts[StatisticKey(.timer, "exp")] == Int64(131 - 101 * base))
        #expect(ledger.sums[StatisticKey(.timer, "wait")] == Double(1300 - 1000 * base))
        #expect(ledger.late == 2)
    }

    @Test("deltas that come again, also after others, count once")
    func repeatedDeltas() {
        // Goal: A, B, A is A and B.
        var ledger = OTLPLedger()
        for (start, time, value) in [(1, 2, 5), (2, 3, 7), (1, 2, 5), (2, 3, 7), (3, 4, 1)] as [(UInt64, UInt64, Double)] {
            ledger.take(OTLPExport.of(OTLPExport.sum("hits", (start, time, value), temporality: .delta)))
        }
        #expect(ledger.sums == [StatisticKey(.counter, "hits"): 13])
        #expect(ledger.repeated == 2)
        // As many as are remembered, and not one more.
        for time in 10..<UInt64(10 + OTLPSeries.deltasMax) {
            ledger.take(OTLPExport.of(OTLPExport.sum("hits", (time, time + 1, 1), temporality: .delta)))
        }
        #expect(ledger.sums == [StatisticKey(.counter, "hits"): 13 + Double(OTLPSeries.deltasMax)])
        ledger.take(OTLPExport.of(OTLPExport.sum("hits", (10, 11, 1), temporality: .delta)))
        #expect(ledger.repeated == 3)
        ledger.take(OTLPExport.of(OTLPExport.sum("hits", (3, 4, 1), temporality: .delta)))
        #expect(ledger.repeated == 3)
    }

    @Test("a gauge's last value is that of the latest time, whatever the order in an export or of exports")
    func gauges() {
        // Goal: the newest point is the one with the latest time.
        var ledger = OTLPLedger()
        ledger.take(OTLPExport.of(OTLPExport.gauge("load", (20, 2), (30, 3), (10, 1))))
        #expect(ledger.lasts == [StatisticKey(.gauge, "load"): 3])
        #expect(ledger.counts == [StatisticKey(.gauge, "load"): 3])
        ledger.take(OTLPExport.of(OTLPExport.gauge("load", (25, 9))))
        #expect(ledger.lasts == [StatisticKey(.gauge, "load"): 3])
        #expect(ledger.late == 1)
        ledger.take(OTLPExport.of(OTLPExport.gauge("load", (31, 4))))
        ledger.take(OTLPExport.of(OTLPExport.gauge("load", (0, 5))))
        #expect(ledger.lasts == [StatisticKey(.gauge, "load"): 5])
    }

    @Test("a cumulative histogram counts what is new, also when its scale or its threshold has become coarser")
    func histogramDifferences() throws {
        func histogram(_ scale: Int32, _ counts: [UInt64], zeros: UInt64 = 0, threshold: Double = 0) -> OTLPHistogram? {
            OTLPHistogram(
                OTLPMetrics.ExponentialPoint(
                    count: counts.reduce(zeros, +), sum: Double(counts.reduce(zeros, +)), scale: scale, zeroCount: zeros,
                    zeroThreshold: threshold, positive: .init(offset: 0, counts: counts)))
        }
        let fine = try #require(histogram(6, [1, 2, 3, 4]))
        let coarse = try #require(histogram(5, [5, 9]))
        let new = try #require(coarse.since(fine))
        #expect(new.count == 4)
        #expect(
            new.layout
                == .exponential(
                    scale: 5, zeroCount: 0, zeroThreshold: 0, positive: .init(offset: 0, counts: [2, 2]),
                    negative: .init(offset: 0, counts: [])))
        // What is not a continuation is another beginning.
        #expect(fine.since(coarse) == nil)
        let other = try #require(histogram(6, [0, 9, 9, 9]))
        #expect(other.since(fine) == nil)
        // At scale 0 the bucket 0 reaches up to 2.
        let narrow = try #require(histogram(0, [3, 4]))
        let thresholded = try #require(histogram(0, [0, 5], zeros: 4, threshold: 2))
        let wide = try #require(thresholded.since(narrow))
        #expect(wide.count == 2)
        #expect(
            wide.layout
                == .exponential(
                    scale: 0, zeroCount: 1, zeroThreshold: 2, positive: .init(offset: 1, counts: [1]),
                    negative: .init(offset: 0, counts: [])))
    }
}
