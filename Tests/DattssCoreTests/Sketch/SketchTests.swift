import DattssCore
import DattssTestSupport
import Testing

@Suite struct SketchTests {
    enum Shape: CaseIterable {
        case lognormal, negative, zeros, mixed, constant

        func sample(_ generator: inout SeededGenerator) -> Double {
            switch self {
            case .lognormal: powerOfTwo(generator.normal() * 3 + 5)
            case .negative: -powerOfTwo(generator.normal() * 3)
            case .zeros: 0
            case .mixed:
                generator.oneIn(4)
                    ? 0 : generator.oneIn(2) ? -powerOfTwo(generator.normal() * 4) : powerOfTwo(generator.normal() * 4)
            case .constant: 42
            }
        }

        /// 2^x for x of any size, by its whole part and a line for the rest: lognormal enough.
        private func powerOfTwo(_ x: Double) -> Double {
            let whole = x.rounded(.down)
            return Double(sign: .plus, exponent: Int(whole), significand: 1 + (x - whole))
        }
    }

    @Test("quantiles are those of the sorted samples within the error", arguments: Shape.allCases, seeds)
    func quantiles(shape: Shape, seed: UInt64) {
        // Goal: any quantile of any distribution, signs and zeros included.
        var generator = SeededGenerator(seed: seed)
        for count in [1, 2, 10, 1000] {
            let samples = generator.samples(count, shape.sample)
            var sketch = Sketch()
            for sample in samples { sketch.add(sample) }
            #expect(sketch.count == Int64(count))
            for q in [0, 0.01, 0.1, 0.25, 0.5, 0.9, 0.95, 0.99, 1] {
                let (estimate, exact) = (sketch.quantile(q), quantile(q, of: samples))
                #expect(isWithinSketchError(estimate, of: exact), "seed \(seed), \(count) samples, q \(q): \(estimate), \(exact)")
            }
        }
    }

    @Test("an empty sketch has quantile 0")
    func empty() {
        // Goal: no trap where nothing is.
        #expect(Sketch().quantile(0.5) == 0)
        #expect(Sketch().count == 0)
    }

    @Test("a weight counts as often as it says")
    func weights() {
        // Goal: adding with a weight is adding that often.
        var (weighted, repeated) = (Sketch(), Sketch())
        for (value, weight) in [(3.0, 5), (-2.0, 7), (0.0, 2), (3.0, 1)] {
            weighted.add(value, weight: Int64(weight))
            for _ in 0..<weight { repeated.add(value) }
        }
        #expect(weighted == repeated)
    }

    @Test("merging is order-free and bit-identical, full stores too", arguments: seeds, [1, 40])
    func mergeOrder(seed: UInt64, doublings: Int) {
        // Goal: whatever the split and the order, the same samples give the same sketch; with 40 times the spread of a
        // doubling a store needs more buckets than it has, and folds.
        var generator = SeededGenerator(seed: seed)
        let spread = Double(doublings)
        let samples = generator.samples(3000) { generator in
            let x = Double.random(in: -spread...spread, using: &generator)
            let magnitude = Double(sign: .plus, exponent: Int(x), significand: 1 + x.magnitude.truncatingRemainder(dividingBy: 1))
            return generator.oneIn(3) ? -magnitude : generator.oneIn(50) ? 0 : magnitude
        }
        let whole = sketch(of: samples)
        #expect(whole.collapsedCount > 0 || doublings < 16)
        for _ in 0..<6 {
            var parts: [Sketch] = []
            var rest = samples.shuffled(using: &generator)[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...1200, using: &generator))
                rest = rest.dropFirst(part.count)
                parts.append(sketch(of: Array(part)))
            }
            // Merged pairwise in any tree.
            while parts.count > 1 {
                parts.shuffle(using: &generator)
                let part = parts.removeLast()
                parts[0].merge(part)
            }
            #expect(parts[0] == whole, "seed \(seed)")
        }
    }

    @Test("a full store keeps the highest buckets and says how much it folded", arguments: seeds)
    func collapse(seed: UInt64) {
        // Goal: the store equals a naive model that keeps every bucket and folds once at the end.
        var generator = SeededGenerator(seed: seed)
        var sketch = Sketch()
        var naive: [Int32: Int64] = [:]
        for _ in 0..<4000 {
            let value = Double(
                sign: .plus, exponent: Int.random(in: -30...30, using: &generator),
                significand: .random(in: 1..<2, using: &generator))
            let weight = Int64.random(in: 1...5, using: &generator)
            sketch.add(value, weight: weight)
            naive[SketchIndex.of(magnitude: value), default: 0] += weight
        }
        let kept = naive.keys.sorted().suffix(BucketStore.capacity)
        let folded = naive.filter { $0.key < kept.first! }.values.reduce(0, +)
        #expect(folded > 0)
        #expect(sketch.collapsedCount == folded, "seed \(seed)")
        #expect(sketch.positive.indices == Array(kept))
        #expect(sketch.positive.counts.first == naive[kept.first!]! + folded)
        #expect(Array(sketch.positive.counts.dropFirst()) == kept.dropFirst().map { naive[$0]! })
        #expect(sketch.count == naive.values.reduce(0, +))
    }

    @Test("counts saturate instead of overflowing")
    func saturation() {
        // Goal: counts come from outside; no sum of them traps.
        var sketch = Sketch()
        for value in [1.0, 1, -1, 0] { sketch.add(value, weight: .max) }
        var other = sketch
        other.merge(sketch)
        #expect(other.count == .max)
        #expect(other.zeroCount == .max)
        #expect(other.quantile(0) == sketch.quantile(0))
        #expect(other.quantile(0) < 0)
    }

    private func sketch(of samples: [Double]) -> Sketch {
        var sketch = Sketch()
        for sample in samples { sketch.add(sample) }
        return sketch
    }
}

@Suite struct BucketStoreTests {
    @Test(
        "a store with a broken invariant is refused",
        arguments: [
            ([1, 1], [1, 1], 0), ([2, 1], [1, 1], 0), ([1], [0], 0), ([1], [-1], 0), ([1, 2], [1], 0), ([1], [5], 1),
            ([40_000], [1], 0), ([-34_370], [1], 0), ([], [], 1), ([1], [1], -1),
        ] as [([Int32], [Int64], Int64)])
    func broken(indices: [Int32], counts: [Int64], collapsed: Int64) {
        // Goal: every guard of the public initialiser, since its arrays come from senders and disks.
        #expect(BucketStore(indices: indices, counts: counts, collapsedCount: collapsed) == nil)
    }

    @Test(
        "a store with sound arrays is taken",
        arguments: [
            ([], [], 0), ([1], [1], 0), ([-34_369, 32_767], [1, .max], 0),
        ] as [([Int32], [Int64], Int64)])
    func sound(indices: [Int32], counts: [Int64], collapsed: Int64) throws {
        // Goal: the guards let everything else through.
        let store = try #require(BucketStore(indices: indices, counts: counts, collapsedCount: collapsed))
        #expect(store.indices == indices)
        #expect(store.counts == counts)
    }

    @Test("only a full store may have folded, and no more than its lowest bucket counts")
    func folded() {
        // Goal: the three rules of `collapsedCount`.
        let full = (0..<Int32(BucketStore.capacity)).map { $0 }
        let counts = Array(repeating: Int64(3), count: full.count)
        #expect(BucketStore(indices: full, counts: counts, collapsedCount: 2)?.collapsedCount == 2)
        #expect(BucketStore(indices: full, counts: counts, collapsedCount: 4) == nil)
        #expect(BucketStore(indices: full.dropLast(), counts: counts.dropLast(), collapsedCount: 2) == nil)
        #expect(BucketStore(indices: full + [600], counts: counts + [1]) == nil)
    }
}
