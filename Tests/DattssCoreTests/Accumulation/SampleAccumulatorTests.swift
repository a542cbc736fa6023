import DattssCore
import DattssTestSupport
import Testing

@Suite struct SampleAccumulatorTests {
    @Test("up to 64 samples everything is exact", arguments: seeds, Kind.allCases)
    func exact(seed: UInt64, kind: Kind) throws {
        // Goal: the partial equals the naive aggregate of the samples, in every field.
        var generator = SeededGenerator(seed: seed)
        for count in [1, 2, 9, 10, 11, 63, SampleAccumulator.exactSamplesMax] {
            let samples = generator.samples(count) { Double(Int.random(in: -500...500, using: &$0)) }
            let partial = try #require(accumulator(of: samples).partial(of: kind, fraction: 0.2))
            #expect(partial == naiveAggregate(samples, fraction: 0.2, hasSketch: kind == .timer), "seed \(seed), \(count) samples")
        }
    }

    @Test("beyond 64 samples the percentiles are within the sketch's error", arguments: seeds, Kind.allCases)
    func sketched(seed: UInt64, kind: Kind) throws {
        // Goal: the change-over loses no sample.
        var generator = SeededGenerator(seed: seed)
        for count in [65, 66, 1000] {
            let samples = generator.samples(count) { Double(Int.random(in: -500...500, using: &$0)) }
            let partial = try #require(accumulator(of: samples).partial(of: kind))
            var naive = naiveAggregate(samples, hasSketch: kind == .timer)
            #expect(isWithinSketchError(partial.bottom, of: naive.bottom), "seed \(seed), \(count) samples")
            #expect(isWithinSketchError(partial.top, of: naive.top), "seed \(seed), \(count) samples")
            (naive.bottom, naive.top) = (partial.bottom, partial.top)
            #expect(partial == naive, "seed \(seed), \(count) samples")
        }
    }

    @Test("many equal samples keep exact percentiles")
    func equalSamples() throws {
        // Goal: a counter of ones has top 1, not a bucket's representative.
        let partial = try #require(accumulator(of: Array(repeating: 3, count: 500)).partial(of: .counter))
        #expect(partial == naiveAggregate(Array(repeating: 3, count: 500)))
    }

    @Test("a weight is that many samples", arguments: [1, 7, 63, 64, 65, 1000] as [Int64])
    func weights(weight: Int64) throws {
        // Goal: a sampled timer counts as often as it stands for, on both sides of 64.
        var weighted = SampleAccumulator()
        weighted.add(5, weight: weight)
        weighted.add(2, weight: 1)
        var repeated = SampleAccumulator()
        for _ in 0..<weight { repeated.add(5) }
        repeated.add(2)
        #expect(weighted.partial(of: .timer) == repeated.partial(of: .timer))
    }

    @Test("a total replaces value times weight")
    func total() throws {
        // Goal: `2c` at a rate of 0.3 adds 6.67 to the sum and 3 to the count.
        var accumulator = SampleAccumulator()
        accumulator.add(2, weight: 3, total: 2 / 0.3)
        let partial = try #require(accumulator.partial(of: .counter))
        #expect(partial.sum == 2 / 0.3)
        #expect(partial.count == 3)
        #expect(partial.max == 2)
    }

    @Test("negative, zero and far apart samples are in the sketch like all others", arguments: seeds)
    func unusualSamples(seed: UInt64) throws {
        // Goal: whatever way a sample takes through the bucket counts, the sketch is the one of the samples.
        var generator = SeededGenerator(seed: seed)
        let kinds: [(inout SeededGenerator) -> Double] = [
            { Double(Int.random(in: -3...3, using: &$0)) }, { $0.finiteDouble() },
            { Double(sign: .plus, exponent: Int.random(in: -9...9, using: &$0), significand: 1.3) },
            { -Double.random(in: 0.5...2, using: &$0) },
        ]
        for value in kinds {
            for count in [65, 200, 3000] {
                let samples = generator.samples(count, value)
                let partial = try #require(accumulator(of: samples).partial(of: .timer))
                #expect(partial.sketch == sketch(of: samples), "seed \(seed), \(count) samples")
            }
        }
    }

    @Test("a bucket counts further than its array of small numbers can", arguments: [1 << 31, 1 << 32, 1 << 40] as [Int64])
    func largeWeights(weight: Int64) throws {
        // Goal: a weight never overflows a bucket.
        var accumulator = SampleAccumulator()
        var expected = Sketch()
        for _ in 0..<3 {
            accumulator.add(7, weight: weight)
            expected.add(7, weight: weight)
        }
        #expect(accumulator.partial(of: .timer)?.sketch == expected)
    }

    @Test("one emphasised sample emphasises the partial")
    func emphasis() {
        // Goal: a `!` is not lost among others.
        var accumulator = accumulator(of: [1, 2])
        #expect(accumulator.partial(of: .gauge)?.isEmphasised == false)
        accumulator.add(3, isEmphasised: true)
        accumulator.add(4)
        #expect(accumulator.partial(of: .gauge)?.isEmphasised == true)
    }

    @Test(
        "sums saturate and every partial passes its own check",
        arguments: [
            [(Double.greatestFiniteMagnitude, 1), (Double.greatestFiniteMagnitude, 1 << 53)],
            [(-Double.greatestFiniteMagnitude, 1 << 53), (1, 1 << 53), (1, 1 << 53)],
            [(0, 1 << 53), (1, 1)],
        ] as [[(Double, Int64)]], Kind.allCases)
    func extremes(samples: [(Double, Int64)], kind: Kind) throws {
        // Goal: whatever rates senders claim, what is handed on keeps the invariants of an aggregate.
        var accumulator = SampleAccumulator()
        for (value, weight) in samples { accumulator.add(value, weight: weight) }
        let partial = try #require(accumulator.partial(of: kind))
        #expect(partial.count == Aggregate.countMax)
        #expect(throws: Never.self) { try partial.checked() }
    }

    private func sketch(of samples: [Double]) -> Sketch {
        var sketch = Sketch()
        for sample in samples { sketch.add(sample) }
        return sketch
    }

    private func accumulator(of samples: [Double]) -> SampleAccumulator {
        var accumulator = SampleAccumulator()
        for sample in samples { accumulator.add(sample) }
        return accumulator
    }
}
