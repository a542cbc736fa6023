import DattssTestSupport
import Testing

@testable import DattssCore

/// Each table of the aggregation lives long, past every horizon and back, beside a dictionary.
@Suite struct TableLifeTests {
    // MARK: AccumulatorTable

    @Test("statistics come, fall silent, are forgotten and return: the table is a dictionary of periods", arguments: seeds)
    func accumulatorTable(seed: UInt64) {
        // Goal: past the idle horizon, at the capacity, with numbers that are used again and names that are compacted.
        var generator = SeededGenerator(seed: seed)
        var oracle = TableOracle(capacity: 40, idlePeriods: AccumulatorTable.idleSecondsMax / 60)
        var table = AccumulatorTable(capacity: 40, periodSeconds: 60)
        for period in 0..<4000 {
            // A few of many names at a time, so that most fall silent for long; now and then all are silent.
            let group = period / 97
            let isSilent = group % 7 == 6
            for _ in 0..<(isSilent ? 0 : Int.random(in: 0...6, using: &generator)) {
                let name =
                    "n\((group * 13 + Int.random(in: 0..<30, using: &generator)) % 150)"
                    + String(repeating: "x", count: group % 5)
                let key = StatisticKey(generator.element(of: Kind.allCases), name)
                let value = Double(Int.random(in: 1...9, using: &generator))
                let isAdded = table.add(SampleValue(value: value, kind: key.kind), to: key.path)
                #expect(isAdded == oracle.add(value, key), "seed \(seed), period \(period)")
            }
            let partials = Dictionary(uniqueKeysWithValues: table.flush().map { ($0.key, $0.aggregate) })
            #expect(partials.mapValues(\.sum) == oracle.flush(), "seed \(seed), period \(period)")
            table.forgetIdle()
            oracle.forgetIdle()
            #expect(table.count == oracle.count, "seed \(seed), period \(period)")
        }
    }

    private struct TableOracle {
        let capacity: Int
        let idlePeriods: Int
        private var silent: [StatisticKey: Int] = [:]
        private var sums: [StatisticKey: Double] = [:]

        init(capacity: Int, idlePeriods: Int) { (self.capacity, self.idlePeriods) = (capacity, idlePeriods) }

        var count: Int { silent.count }

        mutating func add(_ value: Double, _ key: StatisticKey) -> Bool {
            guard silent[key] != nil || silent.count < capacity else { return false }
            silent[key] = 0
            sums[key, default: 0] += value
            return true
        }

        mutating func flush() -> [StatisticKey: Double] {
            defer { sums = [:] }
            return sums
        }

        /// Called after the flush: everybody was silent in the period that has just begun.
        mutating func forgetIdle() {
            for (key, periods) in silent { silent[key] = periods + 1 > idlePeriods ? nil : periods + 1 }
        }
    }

    @Test("a gauge's deltas add up over silences past every horizon, as whoever resolves them says", arguments: seeds)
    func gaugeDeltas(seed: UInt64) {
        // Goal: what the table remembers, and that it forgets, is never seen in a value.
        var generator = SeededGenerator(seed: seed)
        var table = AccumulatorTable(capacity: 3, periodSeconds: 600)
        var values: [String: Double] = [:]
        for _ in 0..<2000 {
            var expected = values
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let name = generator.element(of: ["a", "b", "c"])
                let number = Int.random(in: 1...9, using: &generator)
                let sign = generator.element(of: ["+", "-", "=-", ""])
                let value = Double(sign.hasSuffix("-") ? -number : number)
                expected[name] = (["+", "-"].contains(sign) ? expected[name] ?? 0 : 0) + value
                add("\(name):\(sign)\(number)|g", to: &table)
            }
            var period = table.takePeriod()
            period.resolve { values[$0.path] }
            for partial in period.partials() { values[partial.key.path] = partial.aggregate.last }
            #expect(values == expected, "seed \(seed)")
            // Somebody else sets it, too.
            if generator.oneIn(5) { values["a"] = Double(Int.random(in: 0...100, using: &generator)) }
            for _ in 0..<Int.random(in: 0...9, using: &generator) { table.forgetIdle() }
        }
    }

    private func add(_ line: String, to table: inout AccumulatorTable) {
        Array(line.utf8).withUnsafeBufferPointer { bytes in
            guard case .statsd(let line)? = try? DatagramLine.parse(bytes) else { return }
            #expect(line.withPath { path in (try? table.add(line, to: path)) != nil })
        }
    }

    // MARK: NameIndex and SlotTable

    @Test("marks stay with their names through removals, re-use of numbers and compaction", arguments: seeds)
    func nameIndex(seed: UInt64) {
        // Goal: the memory stays that of the names that are there, and none ever gets another's mark.
        var generator = SeededGenerator(seed: seed)
        var index = NameIndex()
        var marks: [String: (number: Int, mark: UInt64)] = [:]
        for round in 0..<60 {
            for _ in 0..<300 {
                let name =
                    String(repeating: "n", count: Int.random(in: 0...20, using: &generator))
                    + "\(Int.random(in: 0..<400, using: &generator))"
                if let known = marks[name] {
                    #expect(number(of: name, in: index) == known.number && index[mark: known.number] == known.mark)
                    if generator.oneIn(round % 10 == 9 ? 1 : 3) {
                        index.remove(known.number)
                        marks[name] = nil
                        continue
                    }
                    marks[name]?.mark = generator.next()
                } else {
                    #expect(number(of: name, in: index) == nil)
                    marks[name] = (insert(name, into: &index), generator.next())
                }
                if let known = marks[name] { index[mark: known.number] = known.mark }
            }
            if round % 20 == 19 {
                index.removeAll()
                marks = [:]
            }
            #expect(index.count == marks.count && index.byteCount == marks.keys.reduce(0) { $0 + $1.utf8.count })
            for (name, known) in marks {
                #expect(number(of: name, in: index) == known.number && index[mark: known.number] == known.mark, "seed \(seed)")
            }
        }
    }

    private func number(of name: String, in index: NameIndex) -> Int? {
        Array(name.utf8).withUnsafeBufferPointer { index.number(of: $0) }
    }

    private func insert(_ name: String, into index: inout NameIndex) -> Int {
        Array(name.utf8).withUnsafeBufferPointer { index.insert($0) }
    }

    @Test("slots whose hashes meet are found until they are removed, and not after", arguments: seeds)
    func slotTable(seed: UInt64) {
        // Goal: closing a gap loses nobody, also where runs wrap round the table's end.
        var generator = SeededGenerator(seed: seed)
        var table = SlotTable()
        var hashes: [Int: UInt32] = [:]
        // Few hashes, high ones among them: long runs across the end.
        let pool = (0..<6 as Range<UInt32>).map { UInt32.max - $0 } + (0..<6).map { _ in UInt32(generator.next() & 0xFFF) }
        for step in 0..<30_000 {
            let number = Int.random(in: 0..<(step / 5000 % 2 == 0 ? 200 : 40), using: &generator)
            if let hash = hashes.removeValue(forKey: number) {
                table.remove(number, hash)
                #expect(table.find(hash) { $0 == number } == nil, "seed \(seed)")
            } else {
                let hash = generator.element(of: pool)
                table.insert(number, hash)
                hashes[number] = hash
            }
            #expect(table.count == hashes.count)
            if step % 100 == 0 {
                for (number, hash) in hashes { #expect(table.find(hash) { $0 == number } == number, "seed \(seed)") }
            }
        }
        table.removeAll()
        for (number, hash) in hashes { #expect(table.find(hash) { $0 == number } == nil) }
    }

    // MARK: Clients

    @Test("a table of clients forgets who was silent longest, and whoever returns begins anew", arguments: seeds)
    func clientTable(seed: UInt64) {
        // Goal: past the capacity, again and again, it is what a dictionary with times is.
        var generator = SeededGenerator(seed: seed)
        let capacity = 24
        var table = ClientTable(capacity: capacity)
        var oracle: [String: (numbers: Set<Int64>, seen: Int64)] = [:]
        var sequence: Int64 = 0
        for second in 0..<3000 {
            let client = "c\((second / 500 * 20 + Int.random(in: 0..<30, using: &generator)) % 90)"
            sequence += Int64.random(in: 1...20, using: &generator)
            table.insert(.init(client: client, sequence: sequence), at: Timestamp(seconds: Int64(second)))
            oracle[client, default: ([], 0)].numbers.insert(sequence)
            oracle[client]?.seen = Int64(second)
            if oracle.count > capacity {
                for (name, _) in oracle.sorted(by: { $0.value.seen < $1.value.seen }).prefix(capacity / 8) { oracle[name] = nil }
            }
            #expect(table.count == oracle.count, "seed \(seed)")
            let (known, window) = (oracle[client]?.numbers ?? [], table.window(of: client))
            let isRight = (0..<SequenceWindow.width).allSatisfy { back in
                window?.answer(to: sequence - back) == (known.contains(sequence - back) ? .seen : .new)
            }
            #expect(isRight, "seed \(seed), second \(second)")
            #expect(table.window(of: client)?.answer(to: sequence - SequenceWindow.width) == .tooOld)
        }
        for number in 0..<90 { #expect((table.window(of: "c\(number)") != nil) == (oracle["c\(number)"] != nil)) }
    }

    // MARK: Admission and UserState together

    @Test(
        "a user's statistics come, fall idle and return over months, with their totals as long as these are kept", arguments: seeds)
    func userState(seed: UInt64) throws {
        // Goal: past a day of idleness and weeks of silence; numbers are used again, and nobody inherits another's total.
        var generator = SeededGenerator(seed: seed)
        var limits = Limits()
        limits.liveStatisticsPerUser = 12
        var (admission, state) = (Admission(limits: limits), UserState(user: .test, limits: limits))
        var totals: [StatisticKey: (sum: Double, last: Double, seen: Timestamp)] = [:]
        var live: Set<StatisticKey> = []
        var time = Timestamp.noon
        for _ in 0..<1500 {
            time = time.advanced(byMilliseconds: Int64.random(in: 1...4 * 3_600_000, using: &generator))
            _ = state.close(through: time.minute.advanced(by: -1))
            let idleBefore = time.advanced(byMilliseconds: -86_400_000)
            let idle = admission.removeIdle(before: idleBefore)
            state.forget(idle)
            live = live.filter { (totals[$0]?.seen.seconds ?? 0) >= idleBefore.seconds }
            #expect(admission.liveCount == live.count, "seed \(seed)")

            let day = time.milliseconds / 86_400_000
            let keys = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                StatisticKey(
                    generator.element(of: [.counter, .gauge]), "s\((Int(day) / 3 + Int.random(in: 0..<9, using: &generator)) % 40)")
            }
            let batch = Batch(
                partials: keys.map { Partial($0, Aggregate(sample: Double(Int.random(in: 1...9, using: &generator)))) })
            let fitting = Batch(partials: admission.fitting(batch.partials, limits: limits))
            #expect(live.union(keys).count <= 12 ? fitting == batch : fitting.partials.count < batch.partials.count)
            guard case .admitted(let ids, _) = admission.admit(fitting, at: time, limits: limits) else {
                Issue.record("what fits was not admitted, seed \(seed)")
                return
            }
            state.apply(fitting, ids: ids, at: time)
            for partial in fitting.partials {
                let before = totals[partial.key]?.sum ?? 0
                totals[partial.key] = (before + partial.aggregate.sum, partial.aggregate.last, time)
                live.insert(partial.key)
            }
            let statuses = state.status(at: time)
            #expect(Set(statuses.map(\.key)) == live, "seed \(seed)")
            for status in statuses {
                #expect(status.sum == totals[status.key]?.sum && status.last == totals[status.key]?.last, "seed \(seed)")
            }
            // A dormant gauge's last value is there for a delta to build on.
            for (key, expected) in totals {
                #expect(state.lastValue(of: key, admission.id(of: key)) == expected.last, "seed \(seed)")
            }
        }
    }
}
