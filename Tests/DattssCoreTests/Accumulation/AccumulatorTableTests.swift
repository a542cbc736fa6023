import DattssCore
import DattssTestSupport
import Testing

@Suite struct AccumulatorTableTests {
    /// In periods of five seconds.
    private static let idlePeriodsMax = AccumulatorTable.idleSecondsMax / 5

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
        #expect(!add("c:x|s", to: &table))
        #expect(!add("c:1|ms", to: &table))
        #expect(!add("c:1|g", to: &table))
        #expect(!add("c:1|c", to: &table))
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
        for _ in 0..<Self.idlePeriodsMax {
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

    @Test("a statistic falls silent, is forgotten, and comes back, while others go on, as often as you like")
    func lifeOfIdle() {
        // Goal: the table lives through every horizon and past it. A forgotten number was once asked for its place.
        var table = AccumulatorTable(capacity: 3)
        for life in 1...3 {
            #expect(add(Double(life), "silent", to: &table))
            #expect(flush(&table).map(\.key.path).contains("silent"))
            for flushes in 0..<2 * Self.idlePeriodsMax {
                #expect(add(1, "busy", to: &table))
                #expect(flush(&table) == [Partial(StatisticKey(.counter, "busy"), naiveAggregate([1]))])
                table.forgetIdle()
                #expect(table.count == (flushes < Self.idlePeriodsMax ? 2 : 1))
            }
        }
        for _ in 0..<2 * Self.idlePeriodsMax { table.forgetIdle() }
        #expect(table.count == 0)
        #expect(add(1, "busy", to: &table))
        #expect(flush(&table) == [Partial(StatisticKey(.counter, "busy"), naiveAggregate([1]))])
    }

    @Test("the partials of every period come in the order in which the statistics first came")
    func order() {
        // Goal: whoever takes them in goes through memory in order, in whichever order samples come.
        var table = AccumulatorTable()
        for name in ["c", "a", "b"] { #expect(add(1, name, to: &table)) }
        #expect(flush(&table).map(\.key.path) == ["c", "a", "b"])
        for name in ["b", "d", "c"] { #expect(add(1, name, to: &table)) }
        #expect(flush(&table).map(\.key.path) == ["c", "b", "d"])
    }

    @Test("the room of forgotten statistics is used again, never twice")
    func roomIsReused() {
        // Goal: free positions are not given to two statistics, however often they come and go.
        var table = AccumulatorTable(capacity: 3)
        for round in 0..<4 {
            for name in ["a", "b", "c"] { #expect(add(Double(round), "\(name)\(round)", to: &table)) }
            #expect(flush(&table).map(\.key.path).sorted() == ["a\(round)", "b\(round)", "c\(round)"])
            for _ in 0...Self.idlePeriodsMax { table.forgetIdle() }
            #expect(table.count == 0)
        }
    }

    @Test(
        "a gauge is set by a plain value and moved by a signed one",
        arguments: [
            ("g:7:+3:-2|g", [7, 10, 8]), ("g:-3|g", [-3]), ("g:+3:+3|g", [3, 6]), ("g:5:=-5:+1|g", [5, -5, -4]),
        ] as [(String, [Double])])
    func gauges(line: String, expected: [Double]) {
        // Goal: a sign is a delta only where a value is known.
        var table = AccumulatorTable()
        #expect(add(line, to: &table))
        #expect(flush(&table) == [Partial(StatisticKey(.gauge, "g"), naiveAggregate(expected))])
    }

    @Test("a delta builds on the value of an earlier period")
    func gaugeOverPeriods() {
        // Goal: the last value survives a flush, and comes from DaTtSs samples too.
        var table = AccumulatorTable()
        _ = table.add(SampleValue(value: 10, kind: .gauge), to: "g")
        _ = table.flush()
        _ = add("g:-4|g", to: &table)
        #expect(flush(&table).map(\.aggregate.last) == [6])
    }

    @Test("deltas build on the value that the period is told, whatever was known when they came")
    func resolvedDeltas() {
        // Goal: a base that was forgotten, or that changed another way, is put under the deltas, and under nothing else.
        typealias Case = (known: String?, lines: [String], base: Double?, expected: [Double])
        let cases: [Case] = [
            (nil, ["g:-2|g"], 5, [3]), (nil, ["g:-2|g"], nil, [-2]), (nil, ["g:+3:-1|g"], 10, [13, 12]),
            ("g:7|g", ["g:-2|g"], 5, [3]), ("g:7|g", ["g:-2|g"], 7, [5]),
            (nil, ["g:+1|g", "g:4|g", "g:+1|g"], 100, [101, 4, 5]), ("g:7|g", ["g:+1|g", "g:4|g"], 100, [101, 4]),
            (nil, ["g:4|g", "g:+1|g"], 100, [4, 5]), (nil, ["g:=-4:+1|g"], 100, [-4, -3]),
            (nil, Array(repeating: "g:+1|g", count: 64), 1000, (1...64).map { 1000 + Double($0) }),
        ]
        for (known, lines, base, expected) in cases {
            var table = AccumulatorTable()
            if let known { #expect(add(known, to: &table)) }
            _ = flush(&table)
            for line in lines { #expect(add(line, to: &table)) }
            var period = table.takePeriod()
            #expect(
                period.relativeKeys == (lines[0].hasPrefix("g:+") || lines[0].hasPrefix("g:-") ? [StatisticKey(.gauge, "g")] : []))
            period.resolve { _ in base }
            #expect(period.partials() == [Partial(StatisticKey(.gauge, "g"), naiveAggregate(expected))], "\(lines) on \(base ?? 0)")
            // Once more changes nothing.
            period.resolve { _ in base }
            #expect(period.partials().map(\.aggregate.last) == [expected[expected.count - 1]])
        }
    }

    @Test(
        "of more deltas than are kept, all but the percentiles is exact, and these are within the deltas' error", arguments: seeds)
    func manyResolvedDeltas(seed: UInt64) throws {
        // Goal: a shift goes through buckets, too, on either side of a value that was set.
        var generator = SeededGenerator(seed: seed)
        for setsAt in [nil, 30, 100, 250] as [Int?] {
            var table = AccumulatorTable()
            var (value, values) = (40.0, [Double]())
            for number in 0..<300 {
                let step = Double(Int.random(in: 1...9, using: &generator)) * (generator.oneIn(2) ? 1 : -1)
                let isSet = number == setsAt
                value = isSet ? step.magnitude : value + step
                values.append(value)
                #expect(add(isSet ? "g:\(step.magnitude)|g" : "g:\(step < 0 ? "" : "+")\(step)|g", to: &table))
            }
            var period = table.takePeriod()
            period.resolve { _ in 40 }
            let partial = try #require(period.partials().first?.aggregate)
            var naive = naiveAggregate(values)
            let error = 0.011 * (values.map { abs($0 - 40) }.max() ?? 0) + 0.011 * (values.map(abs).max() ?? 0)
            #expect(abs(partial.bottom - naive.bottom) <= error && abs(partial.top - naive.top) <= error, "seed \(seed)")
            (naive.bottom, naive.top) = (partial.bottom, partial.top)
            #expect(partial == naive, "seed \(seed)")
        }
    }

    @Test("a gauge's delta saturates")
    func gaugeSaturates() {
        // Goal: deltas never reach infinity.
        var table = AccumulatorTable()
        let most = "+\(Double.greatestFiniteMagnitude)"
        _ = add("g:\(most):\(most)|g", to: &table)
        #expect(flush(&table).map(\.aggregate.last) == [.greatestFiniteMagnitude])
    }

    @Test("a set counts its distinct values of the period")
    func sets() {
        // Goal: a set is a gauge of how many different values came, from none at each period.
        var table = AccumulatorTable()
        for line in ["s:a|s", "s:b|s", "s:b|s", "s:a:b|s", "s:a:b|s"] { _ = add(line, to: &table) }
        #expect(flush(&table) == [Partial(StatisticKey(.gauge, "s"), naiveAggregate([3]))])
        _ = add("s:a|s", to: &table)
        #expect(flush(&table).map(\.aggregate.last) == [1])
        #expect(flush(&table).isEmpty)
    }

    @Test("a set that is full refuses new values and knows the old ones")
    func fullSet() {
        // Goal: memory is bounded.
        var table = AccumulatorTable()
        for number in 0..<AccumulatorTable.distinctValuesMax { #expect(add("s:\(number)|s", to: &table)) }
        #expect(!add("s:new|s", to: &table))
        #expect(add("s:0|s", to: &table))
        #expect(flush(&table).map(\.aggregate.last) == [Double(AccumulatorTable.distinctValuesMax)])
    }

    @Test("a set of long values is full when they take four mebibytes")
    func longMembers() {
        // Goal: memory is bounded, whatever the values are.
        var table = AccumulatorTable()
        let long = String(repeating: "x", count: 60_000)
        let fitting = AccumulatorTable.distinctBytesMax / (long.utf8.count + 5)
        for number in 0..<fitting { #expect(add("s:\(long)\(10_000 + number)|s", to: &table)) }
        #expect(!add("s:\(long)\(10_000 + fitting)|s", to: &table))
        #expect(add("s:\(long)10000|s", to: &table))
        #expect(flush(&table).map(\.aggregate.last) == [Double(fitting)])
    }

    @Test("a rate scales a counter's sum and a timer's count")
    func rates() {
        // Goal: the two meanings of `|@0.1`.
        var table = AccumulatorTable()
        _ = add("c:2:3|c|@0.1", to: &table)
        _ = add("t:2:3|ms|@0.1", to: &table)
        let partials = table.flush().map(\.aggregate)
        #expect(partials.map(\.sum) == [50, 50])
        #expect(partials.map(\.count) == [20, 20])
        #expect(partials.map(\.max) == [3, 3])
        #expect(partials[1] == naiveAggregate(Array(repeating: 2, count: 10) + Array(repeating: 3, count: 10), hasSketch: true))
    }

    @Test(
        "samples of a rate whose inverse is not whole count as many as they stand for, over periods too",
        arguments: [0.7, 0.3, 0.9, 0.6, 0.99, 0.15, 2.0 / 3, 0.07, 0.011, 1.0 / 3])
    func fractionalRates(rate: Double) {
        // Goal: the count is never off by one, and each sample's part is unbiased, also where values follow a pattern.
        for type in ["ms", "c"] {
            var table = AccumulatorTable()
            var (count, sum) = (Int64(0), 0.0)
            let samples = 7000
            for number in 1...samples {
                #expect(add("x:\(number % 2 == 0 ? 100 : 200)|\(type)|@\(rate)", to: &table))
                if number % 7 == 0 {
                    for partial in flush(&table) {
                        count += partial.aggregate.count
                        sum += partial.aggregate.sum
                        #expect(partial.aggregate.sketch?.count ?? partial.aggregate.count == partial.aggregate.count)
                    }
                    #expect(abs(Double(count) - Double(number) / rate) < 1 + 1e-6, "\(number) samples")
                }
            }
            // 150 is the mean; the draws leave less than 4 standard errors of one in two units.
            let expected = 150 * Double(samples) / rate
            let tolerance = type == "c" ? 1e-9 * expected : 4 * 50 * Double(samples).squareRoot()
            #expect(abs(sum - expected) <= tolerance, "\(type) at \(rate): \(sum), expected \(expected)")
        }
    }

    @Test("seventy samples at a rate of 0.7 are a hundred, in every way of lines")
    func seventyAreAHundred() {
        // Goal: what fills whole units is exact.
        for lines in [Array(repeating: "x:100|ms|@0.7", count: 70), Array(repeating: "x:100:100|ms|@0.7", count: 35)] {
            var table = AccumulatorTable()
            for line in lines { #expect(add(line, to: &table)) }
            #expect(flush(&table).map(\.aggregate) == [naiveAggregate(Array(repeating: 100, count: 100), hasSketch: true)])
        }
    }

    @Test("the percentiles of several rates are weighted by them")
    func weightedPercentiles() throws {
        // Goal: of 1,000 fast samples at 0.9 and 1,000 slow ones at 0.07, the slow are 93 of 100.
        var table = AccumulatorTable()
        for _ in 0..<1000 { #expect(add("x:10|ms|@0.9", to: &table) && add("x:1000|ms|@0.07", to: &table)) }
        let sketch = try #require(flush(&table).first?.aggregate.sketch)
        #expect(sketch.count == Int64((1000 / 0.9 + 1000 / 0.07).rounded()))
        #expect(sketch.quantile(0.05) < 11 && sketch.quantile(0.0715) < 11 && sketch.quantile(0.0730) > 900)
    }

    @Test("a path that is not valid is refused when it is new, and nothing is remembered of it")
    func badPath() {
        // Goal: a line's path is checked once, by whoever sees it first.
        var table = AccumulatorTable(capacity: 0)
        let path = Array("a b".utf8)
        #expect(throws: DatagramError.badPath) {
            try path.withUnsafeBufferPointer { bytes in try table.add(SampleValue(value: 1, kind: .counter), to: bytes) }
        }
        #expect(table.count == 0 && table.isEmpty)
    }

    @Test("usual lines among others add what each line by itself adds, and refuse what it refuses", arguments: seeds)
    func usualLines(seed: UInt64) {
        // Goal: the short way of usual lines is not seen in any partial, nor in any count.
        var generator = SeededGenerator(seed: seed)
        var (fast, plain) = (AccumulatorTable(capacity: 40), AccumulatorTable(capacity: 40))
        for _ in 0..<60 {
            for _ in 0..<20 {
                let datagram = generator.datagram()
                let counts = [addAll(datagram, to: &fast, usual: true), addAll(datagram, to: &plain, usual: false)]
                #expect(counts[0] == counts[1], "seed \(seed): \(String(decoding: datagram, as: UTF8.self))")
            }
            #expect(flush(&fast) == flush(&plain), "seed \(seed)")
        }
    }

    @Test("many samples of few statistics are what each by itself makes of them, between deltas, sets and rates", arguments: seeds)
    func manyUsualLines(seed: UInt64) {
        // Goal: samples that wait to be added up together are never seen to wait: kept ones, buckets, bases and last values.
        var generator = SeededGenerator(seed: seed)
        var (fast, plain) = (AccumulatorTable(capacity: 40), AccumulatorTable(capacity: 40))
        for _ in 0..<8 {
            for _ in 0..<Int.random(in: 1...120, using: &generator) {
                let datagram = generator.busyDatagram()
                let counts = [addAll(datagram, to: &fast, usual: true), addAll(datagram, to: &plain, usual: false)]
                #expect(counts[0] == counts[1], "seed \(seed): \(String(decoding: datagram, as: UTF8.self))")
            }
            var (fastPeriod, plainPeriod) = (fast.takePeriod(), plain.takePeriod())
            #expect(fastPeriod.relativeKeys == plainPeriod.relativeKeys, "seed \(seed)")
            if generator.oneIn(2) {
                fastPeriod.resolve { _ in 1000 }
                plainPeriod.resolve { _ in 1000 }
            }
            #expect(fastPeriod.partials() == plainPeriod.partials(), "seed \(seed)")
        }
    }

    @Test("several lines of a statistic in the first datagram of a period are one partial")
    func linesThatBegin() {
        // Goal: lines that are looked up together do not each begin their statistic's period.
        var table = AccumulatorTable()
        for _ in 0..<3 {
            #expect(addAll(Array("a:1|c\nb:5|ms\na:2|c\na:4|c\nb:7|ms\na:8|c".utf8), to: &table, usual: true) == [nil: 6])
            let partials = flush(&table)
            #expect(partials.map(\.key.path) == ["a", "b"])
            #expect(partials.map(\.aggregate.sum) == [15, 12] && partials.map(\.aggregate.count) == [4, 2])
        }
    }

    @Test("a number of a usual line is what the reader of all numbers makes of it, whatever its digits are", arguments: seeds)
    func usualNumbers(seed: UInt64) {
        // Goal: digits that are read at once, with a point among them, are the same double to the last bit.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 1...9, using: &generator)).map { _ in generator.element(of: Array("00123456789..".utf8))
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let datagram = Array("n:\(text)|ms\nfiller:1|c".utf8)
            var table = AccumulatorTable()
            let count = datagram.withUnsafeBufferPointer { table.addUsualLines(of: $0, from: 0).count }
            let expected = try? SampleValue("\(text)ms").value
            #expect((count > 0) == (expected != nil), "\(text)")
            if let expected { #expect(flush(&table).first?.aggregate.last == expected, "\(text)") }
        }
    }

    @Test("a datagram in which nothing is a line is looked through only once", arguments: ["a\n", "a|\n", "\n"])
    func noColons(line: String) {
        // Goal: a line without a colon ends the search for one within a path's length: not at the end of the datagram.
        var table = AccumulatorTable()
        let datagram = Array(String(repeating: line, count: 20_000).utf8)
        #expect(addAll(datagram, to: &table, usual: true)[nil] == nil)
        #expect(table.isEmpty)
    }

    /// Adds each line of a datagram, and counts them by why they were refused.
    private func addAll(_ datagram: [UInt8], to table: inout AccumulatorTable, usual: Bool) -> [DatagramError?: Int] {
        var counts: [DatagramError?: Int] = [:]
        datagram.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                if usual {
                    let (count, end) = table.addUsualLines(of: bytes, from: start)
                    if count > 0 { counts[nil, default: 0] += count }
                    start = end
                    if start >= bytes.count { break }
                }
                let (line, next) = DatagramLine.line(of: bytes, at: start)
                start = next
                if line.isEmpty { continue }
                do throws(DatagramError) {
                    guard case .statsd(let line) = try DatagramLine.parse(line) else { continue }
                    try line.withPath { (path) throws(DatagramError) in
                        for part in sequence(first: line, next: \.next) { try table.add(part, to: path) }
                    }
                    counts[nil, default: 0] += 1
                } catch {
                    counts[error, default: 0] += 1
                }
            }
        }
        return counts
    }

    /// Adds a statsd line under its own path.
    private func add(_ line: String, to table: inout AccumulatorTable) -> Bool {
        Array(line.utf8).withUnsafeBufferPointer { bytes in
            guard case .statsd(let line)? = try? DatagramLine.parse(bytes) else { return false }
            return line.withPath { path in (try? table.add(line, to: path)) != nil }
        }
    }

    private func flush(_ table: inout AccumulatorTable) -> [Partial] { table.flush() }

    private func add(_ value: Double, _ path: String, to table: inout AccumulatorTable) -> Bool {
        table.add(SampleValue(value: value, kind: .counter), to: path)
    }
}

extension SeededGenerator {
    /// Usual lines of a few statistics, of which each gets many samples, and now and then another line of one of them.
    fileprivate mutating func busyDatagram() -> [UInt8] {
        let lines = (0..<Int.random(in: 1...30, using: &self)).map { _ in
            let (name, type) = (element(of: ["a", "b.c", "a.long.name.of.a.statistic"]), element(of: ["c", "ms", "g"]))
            if oneIn(60) {
                return "\(name):\(element(of: ["+2|g", "-3.5|g", "0|\(type)", "x|s", "5|ms|@0.5", "7:8|\(type)", "1e300|c"]))"
            }
            let whole = Int.random(in: 0...(oneIn(3) ? 9_999_999 : 40), using: &self)
            return oneIn(2) ? "\(name):\(whole)|\(type)" : "\(name):\(whole).\(Int.random(in: 0...999, using: &self))|\(type)"
        }
        return Array(lines.joined(separator: "\n").utf8)
    }

    /// A few lines, most of them usual, some with a byte changed.
    fileprivate mutating func datagram() -> [UInt8] {
        let values = [
            "1", "0", "12", "12345678", "1234567", "123456789012345678", "007", "1.5", "+2", "-3", "1e3", "x", "1:2", "", ".5",
            "5.",
            " 7", "7 ", "1e", "0x1", "00", "-.5", "1::2", "1|c:2",
        ]
        let types = [
            "c", "ms", "g", "h", "d", "s", "m", "x", "", "c|@0.5", "ms|#a:b", "c\r", "c ", "g\0", " ms", "c:3|g", "c|@.5:1|ms",
            "c|0.5",
            "c|#a b/,a:b",
        ]
        let lines = (0..<Int.random(in: 0...24, using: &self)).map { _ in
            let name =
                String(repeating: "n", count: Int.random(in: 0...18, using: &self))
                + element(of: ["", "a", "b.c", "_", "/", " é", "_sc|x"])
            let value = oneIn(2) ? element(of: ["5", "77", "123"]) : element(of: values)
            return "\(name):\(value)|\(oneIn(2) ? element(of: ["c", "ms", "g"]) : element(of: types))"
        }
        var bytes = Array(lines.joined(separator: "\n").utf8)
        for _ in 0..<Int.random(in: 0...2, using: &self) where !bytes.isEmpty {
            bytes[Int.random(in: bytes.indices, using: &self)] = element(of: Array("|:\n\0_.9cgms#@+- é/,\t".utf8))
        }
        return bytes
    }
}
