import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: an export says exactly what the log holds of a user, in forms that other programs read.
@Suite struct AggregateExportTests {
    private let range = midnight.advanced(by: -100)..<midnight.advanced(by: 3000)

    /// Two days of blocks, some minutes with several; `expected` in the order of writing.
    private func log(
        seed: UInt64, aggregate: (inout RandomValues) -> Aggregate
    ) throws -> (history: History, expected: [AggregateLine]) {
        var values = RandomValues(seed: seed)
        let fileSystem = SimulatedFileSystem()
        let history = try recover(fileSystem).report.history
        let lane = MinuteLane(fileSystem: fileSystem, directory: data, history: history)
        let keys = (0..<6).map { _ in values.key() }
        var expected: [AggregateLine] = []
        for minute in [0, 1, 1, 2, 5, 1439, 1440, 1441, 1441, 1441] as [Int64] {
            let present = Set(keys.filter { _ in values.random.oneIn(2) }).sorted()
            let partials = present.map { Partial($0, aggregate(&values)) }
            let other = UserMinute(
                user: UserID("other")!, aggregates: [Partial(StatisticKey(.gauge, "not.ours"), Aggregate(sample: 1))])
            try lane.append(
                MinuteBlock(
                    minute: midnight.advanced(by: minute), through: nil,
                    users: [UserMinute(user: local, aggregates: partials), other]))
            expected += partials.map {
                AggregateLine(minute: midnight.advanced(by: minute), key: $0.key, aggregate: $0.aggregate)
            }
        }
        return (history, expected)
    }

    private func csv(_ history: History, withSketches: Bool = true, _ minutes: Range<Minute>) throws -> [String] {
        var text: [UInt8] = []
        let count = try AggregateExport(of: local, minutes: minutes, from: history)
            .writeCSV(withSketches: withSketches) { text += $0 }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.count == count + 1)
        return lines
    }

    private func rows(_ lines: [String]) throws -> [AggregateLine] {
        var reader = AggregateLineReader()
        return try lines.compactMap { line in
            try Array(line.utf8).withUnsafeBufferPointer { bytes throws(AggregateLineProblem) in try reader.read(bytes) }
        }
    }

    private func sorted(_ rows: [AggregateLine]) -> [AggregateLine] {
        rows.enumerated().sorted { a, b in
            (a.element.key, a.element.minute, a.offset) < (b.element.key, b.element.minute, b.offset)
        }.map(\.element)
    }

    @Test("what is exported as CSV is read back, in the order of writing within a minute", arguments: 1...10 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        let (history, expected) = try log(seed: seed) { $0.finiteAggregate() }
        let found = try rows(try csv(history, range))
        #expect(sorted(found) == sorted(expected), "seed \(seed)")
        #expect(sorted(found).map { bits($0.aggregate) } == sorted(expected).map { bits($0.aggregate) }, "seed \(seed)")
    }

    @Test("only the minutes that were asked for are exported, and sketches only when asked for")
    func part() throws {
        let (history, expected) = try log(seed: 3) { $0.finiteAggregate() }
        let some = midnight.advanced(by: 1)..<midnight.advanced(by: 1440)
        let found = try rows(try csv(history, withSketches: false, some))
        let bare = expected.filter { some.contains($0.minute) }.map { row in
            var bare = row
            bare.aggregate.sketch = nil
            return bare
        }
        #expect(sorted(found) == sorted(bare) && !found.isEmpty)
    }

    @Test("the columns pct, emp and apx are there only when something needs them")
    func extraColumns() throws {
        let plain = try log(seed: 4) { Aggregate(sample: Double($0.int(0...9))) }
        #expect(try csv(plain.history, withSketches: false, range)[0].hasSuffix(",lst"))
        #expect(try csv(plain.history, range)[0].hasSuffix(",lst,sketch"))
        let emphasised = try log(seed: 4) { values in
            var aggregate = Aggregate(sample: 1)
            aggregate.isEmphasised = values.random.oneIn(3)
            return aggregate
        }
        #expect(try csv(emphasised.history, withSketches: false, range)[0].hasSuffix(",lst,pct,emp,apx"))
    }

    @Test(
        "OpenMetrics text keeps to the specification: families apart, series apart, times ascending",
        arguments: 1...5 as ClosedRange<UInt64>)
    func openMetrics(seed: UInt64) throws {
        let (history, expected) = try log(seed: seed) { Aggregate(sample: $0.number()) }
        var bytes: [UInt8] = []
        let count = try AggregateExport(of: local, minutes: range, from: history).writeOpenMetrics { bytes += $0 }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasSuffix("\n# EOF\n"))
        let minutesOfSeries = Set(expected.map { "\($0.key.kind.symbol) \($0.key.path) \($0.minute.index)" })
        #expect(count == 8 * minutesOfSeries.count)

        var families: [String] = []
        var series: [Substring] = []
        var lastTime = 0
        for line in text.split(separator: "\n").dropLast() {
            if let name = line.wholeMatch(of: /# TYPE (\w+) gauge/)?.1 {
                families.append(String(name))
            } else if line.hasPrefix("#") {
                #expect(line.wholeMatch(of: /# HELP (\w+) .+/)?.1 == families.last.map { $0[...] })
            } else {
                // ABNF of OpenMetrics 1.0: metricname labels SP realnumber SP timestamp
                let sample = try #require(
                    line.wholeMatch(
                        of: /((\w+)\{type="(c|ms|g)",path="[A-Za-z0-9_.:!-]+"\}) (-?\d+(\.\d+)?(e[+-]?\d+)?) (\d+)/), "\(line)")
                #expect(String(sample.2) == families.last)
                let time = try #require(Int(sample.7))
                if series.last == sample.1 {
                    #expect(time > lastTime)
                } else {
                    #expect(!series.contains(sample.1))
                    series.append(sample.1)
                }
                lastTime = time
            }
        }
        #expect(families == ["sum", "cnt", "max", "min", "top", "bot", "fst", "lst"].map { "dattss_" + $0 })
    }

    @Test("several aggregates of a minute are merged into one value of OpenMetrics")
    func merged() throws {
        let fileSystem = SimulatedFileSystem()
        let history = try recover(fileSystem).report.history
        let lane = MinuteLane(fileSystem: fileSystem, directory: data, history: history)
        for _ in 0..<2 { try lane.append(block(5, through: nil)) }
        var bytes: [UInt8] = []
        try AggregateExport(of: local, minutes: range, from: history).writeOpenMetrics { bytes += $0 }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.contains("dattss_sum{type=\"g\",path=\"s10000\"} 10 1795305900"))
        #expect(lines.contains("dattss_cnt{type=\"g\",path=\"s10000\"} 2 1795305900"))
        #expect(lines.count == 8 * 3 + 1)
    }
}
