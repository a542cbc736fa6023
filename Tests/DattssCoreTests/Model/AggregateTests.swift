import DattssCore
import DattssTestSupport
import Testing

@Suite struct AggregateTests {
    private static let sound = Aggregate(
        sum: 6, count: 3, max: 3, min: 1, first: 1, last: 2, bottom: 1, top: 3)

    @Test("a sound aggregate passes unchanged")
    func sound() throws {
        // Goal: the rules let good aggregates through, fractions at their limits too.
        var aggregate = Self.sound
        #expect(try aggregate.checked() == aggregate)
        for fraction in [0.5, Double.leastNonzeroMagnitude] {
            aggregate.fraction = fraction
            #expect(try aggregate.checked() == aggregate)
        }
        aggregate.count = Aggregate.countMax
        #expect(try aggregate.checked() == aggregate)
    }

    /// The numbers of an aggregate by their names on the wire.
    enum Field: String, CaseIterable {
        case sum, max, min, fst, lst, bot, top

        var keyPath: WritableKeyPath<Aggregate, Double> {
            switch self {
            case .sum: \.sum
            case .max: \.max
            case .min: \.min
            case .fst: \.first
            case .lst: \.last
            case .bot: \.bottom
            case .top: \.top
            }
        }
    }

    @Test("numbers have to be finite", arguments: Field.allCases, [Double.nan, .infinity, -.infinity])
    func notFinite(field: Field, value: Double) {
        // Goal: each of the seven numbers is checked, and named by its field on the wire.
        var aggregate = Self.sound
        aggregate[keyPath: field.keyPath] = value
        let error = #expect(throws: AggregateError.self) { try aggregate.checked() }
        #expect(error?.description == "\(field.rawValue) is not a finite number")
    }

    @Test("a count has to be from 1 to 2^53", arguments: [0, -1, .min, Aggregate.countMax + 1, .max])
    func badCount(count: Int64) {
        // Goal: no mean divides by nothing, and no count is beyond what a double holds exactly.
        var aggregate = Self.sound
        aggregate.count = count
        expectRefused(aggregate, naming: "cnt")
    }

    @Test("a fraction has to be more than 0 and at most a half", arguments: [0, -0.1, 0.500001, Double.nan, .infinity])
    func badFraction(fraction: Double) {
        // Goal: `bot` is below `top`.
        var aggregate = Self.sound
        aggregate.fraction = fraction
        expectRefused(aggregate, naming: "pct")
    }

    @Test("a min above the max is refused")
    func minAboveMax() {
        // Goal: what cannot be mended is not.
        var aggregate = Self.sound
        (aggregate.min, aggregate.max) = (4, 3)
        expectRefused(aggregate, naming: "min")
    }

    @Test("a sketch has to count what the aggregate counts", arguments: [[], [1, 2], [1, 2, 3, 4]])
    func badSketch(samples: [Double]) {
        // Goal: percentiles and count are of the same samples.
        var aggregate = Self.sound
        var sketch = Sketch()
        for sample in samples { sketch.add(sample) }
        aggregate.sketch = sketch
        expectRefused(aggregate, naming: "skt")
    }

    @Test("min and max are widened to cover what else is known", arguments: [Field.fst, .lst, .bot, .top])
    func widened(field: Field) throws {
        // Goal: the original's clients mistake 0 for absent; what they send is mended, not refused.
        var aggregate = Self.sound
        aggregate[keyPath: field.keyPath] = 0
        #expect(try aggregate.checked().min == 0)
        #expect(try aggregate.checked().max == 3)
        aggregate[keyPath: field.keyPath] = 9
        #expect(try aggregate.checked().max == 9)
        #expect(try aggregate.checked().min == 1)
    }

    private func expectRefused(_ aggregate: Aggregate, naming field: String) {
        let error = #expect(throws: AggregateError.self) { try aggregate.checked() }
        #expect(error?.field == field)
    }

    @Test("a quantile comes from the sketch, inside min and max, or from samples that are all equal")
    func quantiles() throws {
        // Goal: the three cases of `quantile`.
        #expect(Self.sound.quantile(0.5) == nil)
        #expect(Self.sound.percentiles == nil)
        #expect(Aggregate(sample: 7).quantile(0.99) == 7)
        let aggregate = naiveAggregate([100, 101], hasSketch: true)
        #expect(try #require(aggregate.quantile(0)) >= 100)
        #expect(try #require(aggregate.quantile(1)) <= 101)
        #expect(aggregate.percentiles != nil)
    }

    @Test("samples are told to be equal by their sum, too", arguments: [true, false])
    func equalSamples(isSound: Bool) {
        // Goal: of "0 5" the original's clients say that the smallest and the largest sample is 5; that makes no percentile.
        let aggregate = Aggregate(
            sum: isSound ? 10 : 5, count: 2, max: 5, min: 5, first: 5, last: 5, bottom: 5, top: 5)
        #expect(aggregate.isOfEqualSamples == isSound)
        #expect(aggregate.quantile(0.5) == (isSound ? 5 : nil))
        #expect((aggregate.percentiles != nil) == isSound)
    }

    @Test(
        "equal samples are equal however their sum was rounded, and however large it is",
        arguments: [(0.1, 1_000_000), (1e308, 10), (-1e308, 10), (0, 7), (5e-324, 3), (-2.5, 1)] as [(Double, Int64)])
    func roundedSums(value: Double, count: Int64) {
        var sum = 0.0
        for _ in 0..<count { sum = sum.saturatingAdd(value) }
        let aggregate = Aggregate(
            sum: sum, count: count, max: value, min: value, first: value, last: value, bottom: value, top: value)
        #expect(aggregate.isOfEqualSamples && aggregate.quantile(0.99) == value)
    }

    @Test("what samples are is what their sum allows", arguments: seeds)
    func mendedIsSound(seed: UInt64) throws {
        // Goal: true aggregates pass as they are, whatever the samples; and whatever the original's clients make of whole numbers
        // with zeros is mended to a range in which all samples lie, and marked whenever that was narrower.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let isWhole = generator.oneIn(2)
            let samples = generator.samples(Int.random(in: 1...40, using: &generator)) { generator in
                isWhole ? Double(Int.random(in: -3...3, using: &generator)) : Double.random(in: -9...9, using: &generator)
            }
            let sound = naiveAggregate(samples)
            #expect(try sound.checked().mended() == sound, "seed \(seed)")
            guard isWhole else { continue }
            let given = OriginalClient.aggregate(of: samples)
            let mended = try given.checked().mended()
            #expect(mended.sum == sound.sum && mended.count == sound.count, "seed \(seed)")
            #expect(!mended.isOfEqualSamples || sound.min == sound.max, "seed \(seed): \(samples)")
            if mended.isApproximate { #expect(mended.min <= sound.min && mended.max >= sound.max, "seed \(seed): \(samples)") }
        }
    }

    @Test("the mean is the sum over the count")
    func mean() {
        // Goal: not the count over the sum.
        #expect(Self.sound.mean == 2)
    }
}

@Suite struct NearestRankTests {
    @Test("of ten values the top is the 9th and the bottom the 1st")
    func ten() {
        // Goal: the original's off-by-one is gone.
        #expect(nearestRank(0.9, of: 10) == 9)
        #expect(nearestRank(1 - 0.1, of: 10) == 9)
        #expect(nearestRank(0.1, of: 10) == 1)
    }

    @Test("the rank is ⌈q·n⌉ in whole numbers", arguments: [1, 5, 10, 20, 25, 50, 75, 90, 95, 99, 100])
    func wholeNumbers(percent: Int64) {
        // Goal: binary rounding of the percentiles in use never moves a rank.
        let q = Double(percent) / 100
        for count in Int64(1)...20_000 where nearestRank(q, of: count) != max(1, (percent * count + 99) / 100) {
            Issue.record("\(percent) % of \(count): \(nearestRank(q, of: count))")
        }
    }

    @Test(
        "the rank stays between 1 and the count", arguments: [0, -1, 1, 1.5, 1e300] as [Double], [1, 2, 1 << 53, .max] as [Int64])
    func bounds(q: Double, count: Int64) {
        // Goal: no conversion traps and no index is out of bounds.
        #expect(nearestRank(q, of: count) == (q <= 0 ? 1 : count))
    }
}

/// What the original's clients make of samples, where 0 is taken for absent.
private enum OriginalClient {
    static func aggregate(of samples: [Double]) -> Aggregate {
        func known(_ value: Double?) -> Double? { value == 0 ? nil : value }
        var (max, min, first): (Double?, Double?, Double?)
        for sample in samples {
            max = Swift.max(known(max) ?? sample, sample)
            min = Swift.min(known(min) ?? sample, sample)
            first = known(first) ?? sample
        }
        let (sorted, count) = (samples.sorted(), samples.count)
        let bottom = Swift.min(Int((0.1 * Double(count)).rounded(.up)), count - 1)
        let top = Swift.min(Int((0.9 * Double(count) + 0.5).rounded(.down)), count - 1)
        return Aggregate(
            sum: samples.reduce(0, +), count: Int64(count), max: max!, min: min!, first: first!, last: samples[count - 1],
            bottom: sorted[bottom], top: sorted[top])
    }
}
