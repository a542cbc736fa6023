import DattssCore
import DattssLog
import Testing

@testable import DattssBench

/// Goal: what `dattss-bench log` measures is what it says; how fast it is does not matter here.
@Suite struct LogBenchTests {
    @Test("a sample day is the same minute by minute and statistic by statistic, and repeats itself under other names")
    func sampleDay() throws {
        let day = SampleDay(SampleStatistics(seed: 3, statistics: 10, withSketches: true), day: 1, count: 20)
        var byMinute: [StatisticKey: [HistorySlice.Point]] = [:]
        var last = Minute(0)
        day.forEachBlock(withSketches: true) { block in
            #expect(block.minute > last)
            last = block.minute
            let aggregates = block.users[0].aggregates
            #expect(zip(aggregates, aggregates.dropFirst()).allSatisfy { $0.key < $1.key })
            for partial in aggregates {
                byMinute[partial.key, default: []].append(HistorySlice.Point(minute: block.minute, aggregate: partial.aggregate))
            }
        }
        var bySeries: [StatisticKey: [HistorySlice.Point]] = [:]
        day.forEachSeries { bySeries[$0] = $1 }
        #expect(byMinute == bySeries && bySeries.count == 20)
        #expect(day.count == bySeries.values.reduce(0) { $0 + $1.count })
        #expect(day.sketchCount == bySeries.values.reduce(0) { $0 + $1.count { $0.aggregate.sketch != nil } })
        let rows = day.csv(byStatistic: true).split(separator: UInt8(ascii: "\n"))
        #expect(Set(rows) == Set(day.csv(byStatistic: false).split(separator: UInt8(ascii: "\n"))) && rows.count == day.count + 1)
    }

    @Test("sizes, replay and the round trip are measured on the same data, which survives exactly")
    func figures() async throws {
        try await BenchFolder.withTemporary { temporary in
            var sizes = SizeBench(SampleStatistics(seed: 2, statistics: 10, withSketches: true), days: 1, in: temporary)
            try sizes.writeMinutes()
            for folder in [sizes.plain, sizes.sketched] {
                let history = try folder.history()
                let sealer = Sealer(
                    fileSystem: folder.fileSystem, directory: folder.directory, history: history, policy: .never)
                for day in history.unsealedDays { _ = try sealer.seal(day: day) }
            }
            #expect(sizes.aggregates > 5000)
            let figures = try sizes.figures()
            #expect(figures.allSatisfy { !$0.value.isEmpty })
            #expect(try ReplayBench.minutes(sizes.plain).value.isEmpty == false)
            let trip = try RoundTripBench.figures(of: sizes.sketched, in: temporary)
            #expect(trip[0].value == "exact" && trip[0].name.contains("\(sizes.aggregates) "))
        }
    }
}
