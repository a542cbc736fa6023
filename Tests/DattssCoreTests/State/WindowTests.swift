import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct WindowTests {
    @Test("the window holds what a list of all values holds of its twelve slots", arguments: seeds)
    func randomSchedules(seed: UInt64) {
        // Goal: gaps, jumps and late values against a list that is filtered by time; with slots of single samples only, with
        // a few others among them, and with many; with compact numbers only, and with some that are not.
        var generator = SeededGenerator(seed: seed)
        for turn in 0..<20 {
            let othersOneIn = [Int.max, 50, 2][turn % 3]
            let unit = [1, 0.25, 1e9, 0x1p-40][turn % 4]
            var arena = WordArena()
            var window = Window(of: .timer)
            var values: [(slot: Int64, aggregate: Aggregate)] = []
            var now = Int64.random(in: -200_000...200_000, using: &generator)
            for _ in 0..<200 {
                now += step(&generator)
                let late = generator.oneIn(5) ? Int64.random(in: 0...55_000, using: &generator) : 0
                let time = Timestamp(milliseconds: now - late)
                var aggregate = Aggregate(
                    sample: Double(Int.random(in: -50...50, using: &generator)) * (generator.oneIn(9) ? unit : 1))
                if generator.oneIn(othersOneIn) {
                    aggregate.count = Int64.random(in: 1...4, using: &generator)
                    aggregate.max += Double(Int.random(in: 0...3, using: &generator))
                    aggregate.min -= Double(Int.random(in: 0...3, using: &generator))
                }
                window.add(aggregate, at: time, in: &arena)
                values.append((Window.slotNumber(at: time), aggregate))

                if generator.oneIn(3) { now += step(&generator) }
                let slot = Window.slotNumber(at: Timestamp(milliseconds: now))
                let inside = values.filter { $0.slot > slot - Window.slotCount }.map(\.aggregate)
                let totals = window.totals(at: Timestamp(milliseconds: now), in: arena)
                #expect(totals.sum == inside.map(\.sum).reduce(0, +), "seed \(seed)")
                #expect(totals.count == inside.map(\.count).reduce(0, +), "seed \(seed)")
                #expect(totals.max == inside.map(\.max).max() ?? -.infinity, "seed \(seed)")
                #expect(totals.min == inside.map(\.min).min() ?? .infinity, "seed \(seed)")
            }
        }
    }

    @Test("of a counter's window only the sum is known")
    func counter() {
        // Goal: what a counter's status needs, and nothing that would cost memory.
        var arena = WordArena()
        var window = Window(of: .counter)
        window.add(naiveAggregate([10, 50]), at: .noon, in: &arena)
        window.add(naiveAggregate([3]), at: Timestamp.noon.advanced(byMilliseconds: 7000), in: &arena)
        let totals = window.totals(at: Timestamp.noon.advanced(byMilliseconds: 8000), in: arena)
        #expect(totals.sum == 63 && totals.count == 0)
    }

    @Test("an empty window has no average but that of a counter, which is zero")
    func empty() {
        // Goal: absence is not 0, but a counter that counts nothing has a rate.
        let totals = Window(of: .gauge).totals(at: .noon, in: WordArena())
        #expect(totals.average(of: .counter) == 0)
        #expect(totals.average(of: .timer) == nil)
        #expect(totals.average(of: .gauge) == nil)
        #expect(totals.count == 0)
    }

    @Test("a counter's average is per second, a timer's and a gauge's per sample")
    func averages() {
        // Goal: the two definitions of the design.
        var arena = WordArena()
        var window = Window(of: .timer)
        window.add(naiveAggregate([10, 50]), at: .noon, in: &arena)
        let totals = window.totals(at: .noon, in: arena)
        #expect(totals.average(of: .counter) == 1)
        #expect(totals.average(of: .timer) == 30)
        #expect(totals.average(of: .gauge) == 30)
    }

    @Test(
        "a value is seen for 55 to 60 seconds",
        arguments: [
            (0, 59_999, true), (0, 60_000, false), (4_999, 59_999, true), (4_999, 60_000, false),
        ] as [(Int64, Int64, Bool)])
    func age(at sent: Int64, seen: Int64, isThere: Bool) {
        // Goal: both ends of the window.
        var arena = WordArena()
        var window = Window(of: .timer)
        window.add(Aggregate(sample: 1), at: Timestamp.noon.advanced(byMilliseconds: sent), in: &arena)
        #expect((window.totals(at: Timestamp.noon.advanced(byMilliseconds: seen), in: arena).count == 1) == isThere)
    }

    @Test("what came in a time that never was is forgotten when the clock is right again")
    func clockSetBack() {
        // Goal: a clock that was ahead leaves no rate that stands still until it is caught up with.
        var arena = WordArena()
        var window = Window(of: .counter)
        for minutesAhead in [600, 45, 2] as [Int64] {
            let ahead = Timestamp.noon.advanced(byMilliseconds: minutesAhead * 60_000)
            window.add(Aggregate(sample: 7), at: ahead, in: &arena)
            #expect(window.totals(at: ahead, in: arena).sum == 7)
            window.add(Aggregate(sample: 1), at: .noon, in: &arena)
            #expect(window.totals(at: .noon, in: arena).sum == 1)
            #expect(window.totals(at: Timestamp.noon.advanced(byMilliseconds: 61_000), in: arena).sum == 0)
            #expect(window.totals(at: ahead, in: arena).sum == 0)
        }
    }

    @Test("sums saturate")
    func saturation() {
        // Goal: slots and totals stay finite.
        var arena = WordArena()
        var window = Window(of: .timer)
        for second in 0..<12 {
            for _ in 0..<2 {
                window.add(
                    Aggregate(sample: .greatestFiniteMagnitude), at: Timestamp.noon.advanced(byMilliseconds: Int64(second) * 5000),
                    in: &arena)
            }
        }
        #expect(window.totals(at: Timestamp.noon.advanced(byMilliseconds: 55_000), in: arena).sum == .greatestFiniteMagnitude)
    }

    private func step(_ generator: inout SeededGenerator) -> Int64 {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: Int64.random(in: 0...10_000_000, using: &generator)
        case 1, 2: Int64.random(in: 5000...70_000, using: &generator)
        default: Int64.random(in: 0...3000, using: &generator)
        }
    }
}
