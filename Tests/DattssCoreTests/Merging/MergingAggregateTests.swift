import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct MergingAggregateTests {
    @Test("a minute of zero, five and three has minimum zero")
    func zeroIsAValue() {
        // Goal: absence is absence and 0 is a value, unlike in the original.
        let merged = merge([0, 5, 3].map(Aggregate.init(sample:)))
        #expect(merged.min == 0)
        #expect(merged.max == 5)
        #expect(merged.first == 0)
        #expect(merged.last == 3)
        #expect(merged.sum == 8)
        #expect(merged.count == 3)
    }

    @Test("a part that only seems to be of equal samples tells none of them")
    func hiddenZeros() {
        // Goal: neither the merge nor the open minute takes "sum 5 cnt 2 min 5 max 5" for twice 5, with a sketch and without one.
        let odd = Aggregate(sum: 5, count: 2, max: 5, min: 5, first: 5, last: 5, bottom: 5, top: 5)
        for other in [odd, Aggregate(sample: 5), naiveAggregate([5, 5, 5], hasSketch: true)] {
            for parts in [[odd, other], [other, odd]] {
                let merged = merge(parts)
                #expect(merged.packedSketch == nil && merged.percentiles == nil && merged.isApproximate)
                var memory = MinuteMemory()
                var entry = MinuteEntry(StatisticID(index: 0), parts[0], expecting: .init(), in: &memory)
                entry.merge(parts[1], expecting: .init(), in: &memory)
                #expect(entry.merged(in: memory) == merged)
                #expect(entry.forPercentiles(in: memory).percentiles == nil)
            }
        }
    }

    @Test("slow windows that are few do not move the 90th percentile", arguments: [true, false])
    func designExample(hasSketch: Bool) {
        // Goal: the example of the design, for which the original answers 10,000 ms.
        let quick = Array(repeating: 10.0, count: 100)
        let slow = Array(repeating: 10.0, count: 90) + Array(repeating: 10_000, count: 10)
        let parts = (Array(repeating: quick, count: 10) + [slow, slow]).map { naiveAggregate($0, hasSketch: hasSketch) }
        let merged = merge(parts)
        #expect(isWithinSketchError(merged.top, of: 10))
        #expect(merged.max == 10_000)
        #expect(merged.isApproximate == !hasSketch)
        #expect((merged.sketch != nil) == hasSketch)
    }

    @Test("what is exact is exact and what is read from sketches is within their error", arguments: seeds)
    func randomPartsWithSketches(seed: UInt64) {
        // Goal: merging parts equals aggregating all samples at once.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            let parts = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                generator.samples(Int.random(in: 1...50, using: &generator)) { Double(Int.random(in: -1000...10_000, using: &$0)) }
            }
            let all = naiveAggregate(parts.flatMap { $0 }, fraction: 0.25, hasSketch: true)
            let merged = merge(parts.map { naiveAggregate($0, fraction: 0.25, hasSketch: true) })
            expectExactPartsEqual(merged, all, "seed \(seed)")
            #expect(merged.sketch == all.sketch, "seed \(seed)")
            #expect(!merged.isApproximate)
            #expect(isWithinSketchError(merged.bottom, of: all.bottom), "seed \(seed)")
            #expect(isWithinSketchError(merged.top, of: all.top), "seed \(seed)")
        }
    }

    @Test("without sketches the percentiles are the weighted nearest rank over the parts", arguments: seeds)
    func randomPartsWithoutSketches(seed: UInt64) {
        // Goal: each part stands with its percentile for all its samples, and the answer is marked.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            let parts = (0..<Int.random(in: 2...60, using: &generator)).map { _ in
                naiveAggregate(
                    generator.samples(Int.random(in: 1...30, using: &generator)) { Double(Int.random(in: 0...50, using: &$0)) })
            }
            let merged = merge(parts)
            let bottoms = parts.flatMap { Array(repeating: $0.bottom, count: Int($0.count)) }
            let tops = parts.flatMap { Array(repeating: $0.top, count: Int($0.count)) }
            #expect(merged.bottom == quantile(0.1, of: bottoms), "seed \(seed)")
            #expect(merged.top == quantile(0.9, of: tops), "seed \(seed)")
            #expect(merged.isApproximate == parts.contains { $0.min != $0.max })
            #expect(merged.sketch == nil)
        }
    }

    @Test("merging is associative for all that is exact", arguments: seeds)
    func associative(seed: UInt64) {
        // Goal: (a + b) + c is a + (b + c), sketch and all.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let parts = (0..<3).map { _ in
                naiveAggregate(
                    generator.samples(Int.random(in: 1...9, using: &generator)) { Double(Int.random(in: -9...9, using: &$0)) },
                    hasSketch: true)
            }
            let left = merge([merge([parts[0], parts[1]]), parts[2]])
            let right = merge([parts[0], merge([parts[1], parts[2]])])
            #expect(left == right, "seed \(seed)")
        }
    }

    /// A part of a merge, by what it gives away of its samples.
    enum Part {
        case sketched, equal, equalAndSketched, hidden, marked

        var aggregate: Aggregate {
            switch self {
            case .sketched: return naiveAggregate([1, 50, 99], hasSketch: true)
            case .equal: return naiveAggregate([7, 7])
            case .equalAndSketched: return naiveAggregate([8, 8], hasSketch: true)
            case .hidden: return naiveAggregate([2, 60])
            case .marked:
                var marked = naiveAggregate([3, 4])
                marked.isApproximate = true
                return marked
            }
        }
    }

    @Test(
        "percentiles are approximate unless they come from sketches or from equal samples",
        arguments: [
            ([.sketched, .sketched], false), ([.sketched, .equalAndSketched], false), ([.equal, .equal], false),
            ([.equal, .equalAndSketched], false), ([.hidden, .sketched], true), ([.sketched, .hidden], true),
            ([.hidden, .hidden], true), ([.hidden, .equal], true), ([.equal, .sketched], false), ([.sketched, .equal], false),
            ([.marked, .equal], true), ([.hidden], false), ([.marked], true),
        ] as [([Part], Bool)])
    func approximate(parts: [Part], isApproximate: Bool) {
        // Goal: the flag exactly as the type documents it; a single part is only marked when it was.
        #expect(merge(parts.map(\.aggregate)).isApproximate == isApproximate)
    }

    @Test("parts of equal samples are exact until neighbours are joined")
    func joinedParts() {
        // Goal: gauges of single samples give true percentiles, and more of them than are kept give marked ones.
        let samples = (1...WeightedParts.capacity + 1).map(Double.init)
        let exact = merge(samples.dropLast().map(Aggregate.init(sample:)))
        #expect(!exact.isApproximate)
        #expect(exact.top == quantile(0.9, of: samples.dropLast()))
        #expect(merge(samples.map(Aggregate.init(sample:))).isApproximate)
    }

    @Test("parts of equal samples take no sketch away, whenever they come", arguments: seeds)
    func equalBesideSketched(seed: UInt64) {
        // Goal: a sample that somebody sends by hand does not cost a minute its percentiles.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let parts = (0..<6).map { _ in
                let value = Double(Int.random(in: -3...9, using: &generator))
                return Bool.random(using: &generator)
                    ? Array(repeating: value, count: Int.random(in: 1...3, using: &generator)) : [value, value + 1, value * 2]
            }
            let all = merge(parts.map { naiveAggregate($0, hasSketch: true) })
            let some = merge(parts.map { naiveAggregate($0, hasSketch: Set($0).count > 1) })
            let hasSketch = parts.contains { Set($0).count > 1 }
            #expect(some.sketch == (hasSketch ? all.sketch : nil), "seed \(seed)")
            #expect(!some.isApproximate)
        }
    }

    @Test("one part is what it was", arguments: [Part.sketched, .equal, .hidden, .marked])
    func singlePart(part: Part) {
        // Goal: exact percentiles of one partial are not replaced by a sketch's.
        #expect(MergingAggregate(part.aggregate).merged == part.aggregate)
    }

    @Test("emphasis of any part emphasises the whole", arguments: [0, 1, 2])
    func emphasis(position: Int) {
        // Goal: a `!` is not lost among others.
        var parts = Array(repeating: Aggregate(sample: 1), count: 3)
        #expect(!merge(parts).isEmphasised)
        parts[position].isEmphasised = true
        #expect(merge(parts).isEmphasised)
    }

    @Test("sums and counts saturate")
    func saturation() {
        // Goal: finite parts stay finite together.
        var part = Aggregate(sample: Double.greatestFiniteMagnitude)
        part.count = .max
        let merged = merge([part, part])
        #expect(merged.sum == Double.greatestFiniteMagnitude)
        #expect(merged.count == .max)
    }

    private func merge(_ parts: [Aggregate]) -> Aggregate {
        var merging = MergingAggregate(parts[0])
        for part in parts.dropFirst() { merging.merge(part) }
        return merging.merged
    }

    private func expectExactPartsEqual(_ a: Aggregate, _ b: Aggregate, _ comment: Comment) {
        #expect(a.sum == b.sum, comment)
        #expect(a.count == b.count, comment)
        #expect(a.max == b.max, comment)
        #expect(a.min == b.min, comment)
        #expect(a.first == b.first, comment)
        #expect(a.last == b.last, comment)
    }
}

@Suite struct WeightedPartsTests {
    @Test("parts never take more than their capacity, and keep their weight", arguments: seeds)
    func capacity(seed: UInt64) {
        // Goal: memory is bounded whatever comes, and no sample is lost for the ranks.
        var generator = SeededGenerator(seed: seed)
        var parts = WeightedParts()
        parts.add(Aggregate(sample: 0))
        var total: Int64 = 1
        for _ in 0..<2000 {
            var part = Aggregate(sample: generator.finiteDouble())
            part.count = Int64.random(in: 1...9, using: &generator)
            parts.add(part)
            total += part.count
            #expect(parts.count <= WeightedParts.capacity, "seed \(seed)")
            #expect((0..<parts.count).reduce(0) { $0 + parts.entry($1).count } == total, "seed \(seed)")
        }
    }

    @Test("equal parts share an entry")
    func equalParts() {
        // Goal: a counter of ones stays small.
        var parts = WeightedParts()
        parts.add(Aggregate(sample: 1))
        for _ in 0..<1000 { parts.add(Aggregate(sample: 1)) }
        #expect(parts.count == 1)
        parts.add(Aggregate(sample: 2))
        #expect(parts.count == 2)
    }

    @Test("single samples and others give the same percentiles, whichever came first")
    func mixed() {
        // Goal: how single samples are kept changes nothing of what is read.
        var heavy = Aggregate(sample: 4)
        heavy.count = 3
        let singles = [9.0, 1, 5, 7].map { Aggregate(sample: $0) }
        for parts in [singles + [heavy], [heavy] + singles, singles[..<2] + [heavy] + singles[2...]] {
            var weighted = WeightedParts()
            for part in parts { weighted.add(part) }
            #expect(weighted.count == 5)
            // 1 4 4 4 5 7 9
            #expect(weighted.bottom(0.1) == 1 && weighted.bottom(0.5) == 4 && weighted.top(0.4) == 5 && weighted.top(0.1) == 9)
        }
        // 1 5 5 7 9: a value that comes again stands for two samples.
        var again = WeightedParts()
        for part in singles + [Aggregate(sample: 5)] { again.add(part) }
        #expect(again.count == 4)
        #expect(again.bottom(0.6) == 5 && again.top(0.2) == 7)
    }

    enum Order: CaseIterable {
        case rising, falling, shuffled
    }

    @Test("joined parts still give percentiles near the true ones", arguments: Order.allCases)
    func joined(order: Order) {
        // Goal: joining neighbours moves an estimate by neighbours, whatever the order they come in: a gauge that
        // rises all day has a bottom.
        var generator = SeededGenerator(seed: 1)
        var values = (0..<1440).map(Double.init)
        if order == .falling { values.reverse() }
        if order == .shuffled { values.shuffle(using: &generator) }
        var parts = WeightedParts()
        parts.add(Aggregate(sample: values[0]))
        #expect(!parts.isJoined)
        for value in values.dropFirst() { parts.add(Aggregate(sample: value)) }
        #expect(parts.isJoined)
        #expect((parts.top(0.1) - 0.9 * 1440).magnitude < 0.05 * 1440)
        #expect((parts.bottom(0.1) - 0.1 * 1440).magnitude < 0.05 * 1440)
    }
}
