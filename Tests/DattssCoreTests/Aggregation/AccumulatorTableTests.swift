import DattssCore
import DattssTestSupport
import Testing

@Suite struct AccumulatorTableTests {
    @Test("a flush hands out each statistic of the period once, and then nothing", arguments: seeds)
    func flush(seed: UInt64) {
        // Goal: the partials of each period equal the naive aggregates of the samples of that period.
        var generator = SeededGenerator(seed: seed)
        var table = AccumulatorTable()
        for _ in 0..<20 {
            var samples: [StatisticKey: [Double]] = [:]
            for _ in 0..<Int.random(in: 0...60, using: &generator) {
                let key = StatisticKey(generator.element(of: Kind.allCases), generator.element(of: ["a", "b", "c.d"]))
                let value = Double(Int.random(in: -9...9, using: &generator))
                let added = table.add(SampleValue(value: value, kind: key.kind), to: key.path)
                #expect(added)
                samples[key, default: []].append(value)
            }
            #expect(table.isEmpty == samples.isEmpty)
            let partials = table.flush()
            #expect(partials.count == samples.count, "seed \(seed)")
            for partial in partials {
                #expect(
                    partial.aggregate == naiveAggregate(samples[partial.key] ?? [.nan], hasSketch: partial.key.kind == .timer),
                    "seed \(seed)")
            }
            #expect(flush(&table).isEmpty)
            table.forgetIdle()
        }
    }

    @Test("no more statistics than the capacity are taken in, and known ones still are")
    func capacity() {
        // Goal: memory is bounded, and a full table still counts what it knows.
        var table = AccumulatorTable(capacity: 2)
        #expect(add(1, "a", to: &table))
        #expect(add(1, "b", to: &table))
        #expect(!add(1, "c", to: &table))
        #expect(!add(.set(["x"]), scale: 1, to: "c", in: &table))
        #expect(!add(.timer([1]), scale: 1, to: "c", in: &table))
        #expect(!add(.gauge([.init(value: 1)]), scale: 1, to: "c", in: &table))
        #expect(!add(.counter([1]), scale: 1, to: "c", in: &table))
        #expect(add(1, "a", to: &table))
        #expect(table.count == 2)
        #expect(flush(&table).map(\.aggregate.count) == [2, 1])
    }

    @Test("a statistic that was silent for the longest allowed time stays, one period more and it makes room")
    func idle() {
        // Goal: room comes back, but not early; and what comes after is clean.
        var table = AccumulatorTable(capacity: 2)
        _ = add(5, "old", to: &table)
        _ = table.flush()
        for _ in 0..<AccumulatorTable.idleFlushesMax {
            _ = add(1, "busy", to: &table)
            _ = table.flush()
            table.forgetIdle()
        }
        #expect(table.count == 2)
        _ = table.flush()
        table.forgetIdle()
        #expect(table.count == 1)
        #expect(add(1, "new", to: &table))
        #expect(!add(1, "newer", to: &table))
        #expect(flush(&table) == [Partial(StatisticKey(.counter, "new"), naiveAggregate([1]))])
    }

    @Test("the room of forgotten statistics is used again, never twice")
    func roomIsReused() {
        // Goal: free positions are not given to two statistics, however often they come and go.
        var table = AccumulatorTable(capacity: 3)
        for round in 0..<4 {
            for name in ["a", "b", "c"] { #expect(add(Double(round), "\(name)\(round)", to: &table)) }
            #expect(flush(&table).map(\.key.path) == ["a\(round)", "b\(round)", "c\(round)"])
            for _ in 0...AccumulatorTable.idleFlushesMax { table.forgetIdle() }
            #expect(table.count == 0)
        }
    }

    @Test(
        "a gauge is set by a plain value and moved by a signed one",
        arguments: [
            ([(7, false), (3, true), (-2, true)], [7, 10, 8]),
            ([(-3, true)], [-3]),
            ([(3, true), (3, true)], [3, 6]),
            ([(5, false), (-5, false), (1, true)], [5, -5, -4]),
        ] as [([(Double, Bool)], [Double])])
    func gauges(values: [(Double, Bool)], expected: [Double]) {
        // Goal: a sign is a delta only where a value is known.
        var table = AccumulatorTable()
        let samples = values.map { DatagramLine.GaugeSample(value: $0.0, isSigned: $0.1) }
        #expect(add(.gauge(samples), scale: 1, to: "g", in: &table))
        #expect(flush(&table) == [Partial(StatisticKey(.gauge, "g"), naiveAggregate(expected))])
    }

    @Test("a delta builds on the value of an earlier period")
    func gaugeOverPeriods() {
        // Goal: the last value survives a flush, and comes from DaTtSs samples too.
        var table = AccumulatorTable()
        _ = table.add(SampleValue(value: 10, kind: .gauge), to: "g")
        _ = table.flush()
        _ = table.add(.gauge([.init(value: -4, isSigned: true)]), scale: 1, to: "g")
        #expect(flush(&table).map(\.aggregate.last) == [6])
    }

    @Test("a gauge's delta saturates")
    func gaugeSaturates() {
        // Goal: deltas never reach infinity.
        var table = AccumulatorTable()
        let most = DatagramLine.GaugeSample(value: .greatestFiniteMagnitude, isSigned: true)
        _ = table.add(.gauge([most, most]), scale: 1, to: "g")
        #expect(flush(&table).map(\.aggregate.last) == [.greatestFiniteMagnitude])
    }

    @Test("a set counts its distinct values of the period")
    func sets() {
        // Goal: a set is a gauge of how many different values came, from none at each period.
        var table = AccumulatorTable()
        for values in [["a", "b"], ["b"], ["c", "a"]] { _ = table.add(.set(values), scale: 1, to: "s") }
        #expect(flush(&table) == [Partial(StatisticKey(.gauge, "s"), naiveAggregate([3]))])
        _ = table.add(.set(["a"]), scale: 1, to: "s")
        #expect(flush(&table).map(\.aggregate.last) == [1])
        #expect(flush(&table).isEmpty)
    }

    @Test("a set that is full refuses new values and knows the old ones")
    func fullSet() {
        // Goal: memory is bounded.
        var table = AccumulatorTable()
        #expect(add(.set((0..<AccumulatorTable.distinctValuesMax).map(String.init)), scale: 1, to: "s", in: &table))
        #expect(!add(.set(["new"]), scale: 1, to: "s", in: &table))
        #expect(add(.set(["0", "1"]), scale: 1, to: "s", in: &table))
        #expect(flush(&table).map(\.aggregate.last) == [Double(AccumulatorTable.distinctValuesMax)])
    }

    @Test("a rate scales a counter's sum and a timer's count")
    func rates() {
        // Goal: the two meanings of `|@0.1`.
        var table = AccumulatorTable()
        _ = table.add(.counter([2, 3]), scale: 10, to: "c")
        _ = table.add(.timer([2, 3]), scale: 10, to: "t")
        let partials = table.flush().map(\.aggregate)
        #expect(partials.map(\.sum) == [50, 50])
        #expect(partials.map(\.count) == [20, 20])
        #expect(partials.map(\.max) == [3, 3])
        #expect(partials[1] == naiveAggregate(Array(repeating: 2, count: 10) + Array(repeating: 3, count: 10), hasSketch: true))
    }

    private func add(
        _ samples: DatagramLine.Samples, scale: Double, to path: String, in table: inout AccumulatorTable
    ) -> Bool {
        table.add(samples, scale: scale, to: path)
    }

    private func flush(_ table: inout AccumulatorTable) -> [Partial] { table.flush() }

    private func add(_ value: Double, _ path: String, to table: inout AccumulatorTable) -> Bool {
        table.add(SampleValue(value: value, kind: .counter), to: path)
    }
}
