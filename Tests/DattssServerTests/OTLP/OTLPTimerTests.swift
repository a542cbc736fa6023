import DattssCore
import DattssTestSupport
import Testing

@testable import DattssServer

@Suite struct OTLPTimerTests {
    private static func explicit(
        _ bounds: [Double], _ counts: [UInt64], sum: Double?, min: Double? = nil, max: Double? = nil, count: UInt64? = nil,
        unit: String = "ms"
    ) throws -> Aggregate {
        let histogram = OTLPHistogram(
            OTLPMetrics.HistogramPoint(
                count: count ?? counts.reduce(0, +), sum: sum, min: min, max: max, bucketCounts: counts, explicitBounds: bounds))
        let sound = try #require(histogram)
        return try #require(OTLPTimer.aggregate(of: sound, unit: unit))
    }

    private struct Case: Sendable {
        var bounds: [Double]
        var counts: [UInt64]
        var sum: Double?
        var min: Double?
        var max: Double?
        var count: UInt64?
        var isExact: Bool
    }

    private static let cases = [
        Case(bounds: [10], counts: [0, 3], sum: 3000, isExact: false),
        Case(bounds: [10_000], counts: [0, 4], sum: 50_000, isExact: false),
        Case(bounds: [10], counts: [3, 0], sum: -30, isExact: false),
        Case(bounds: [-10], counts: [3, 0], sum: -300, isExact: false),
        Case(bounds: [10], counts: [3, 0], sum: 15, isExact: false),
        Case(bounds: [10], counts: [0, 3], sum: nil, isExact: false),
        Case(bounds: [10, 20], counts: [5, 5, 1], sum: 25, isExact: false),
        Case(bounds: [], counts: [4], sum: 100, isExact: false),
        // Without buckets only the mean is known.
        Case(bounds: [], counts: [], sum: 100, count: 4, isExact: false),
        Case(bounds: [], counts: [], sum: nil, count: 4, isExact: false),
        Case(bounds: [], counts: [], sum: 100, min: 25, max: 25, count: 4, isExact: true),
        Case(bounds: [], counts: [], sum: 25, count: 1, isExact: true),
        // A single sample is its sum, when its bucket agrees.
        Case(bounds: [5, 10], counts: [0, 1, 0], sum: 7, isExact: true),
        Case(bounds: [5, 10], counts: [0, 1, 0], sum: 70, isExact: false),
        Case(bounds: [10], counts: [0, 1], sum: 70, isExact: true),
        Case(bounds: [5, 10], counts: [0, 3, 0], sum: 21, min: 7, max: 7, isExact: true),
        Case(bounds: [5, 10], counts: [0, 3, 0], sum: 900, min: 7, max: 7, isExact: false),
        Case(bounds: [5, 10], counts: [0, 3, 0], sum: 6, min: 2, max: 2, isExact: false),
        Case(bounds: [5, 10], counts: [0, 3, 0], sum: 22, isExact: false),
        // Both bounds are in one bucket of a sketch, which reaches from 2^(32/32) = 2 to 2^(33/32) = 2.0438.
        Case(bounds: [2.01, 2.04], counts: [0, 3, 0], sum: 6.06, isExact: true),
        Case(bounds: [2.01, 2.05], counts: [0, 3, 0], sum: 6.06, isExact: false),
        Case(bounds: [2.01, 2.04], counts: [0, 3, 0], sum: 7.2, isExact: false),
    ]

    @Test("the mean is never outside min and max, and what is not known is marked", arguments: cases)
    private func marks(_ one: Case) throws {
        // Goal: percentiles are exact, or within 1.09 %, or marked.
        let aggregate = try Self.explicit(
            one.bounds, one.counts, sum: one.sum, min: one.min, max: one.max, count: one.count)
        #expect(aggregate.isApproximate == !one.isExact)
        #expect(aggregate.min <= aggregate.mean && aggregate.mean <= aggregate.max)
        if let sum = one.sum { #expect(aggregate.sum == sum) }
        if one.isExact {
            let p50 = try #require(aggregate.quantile(0.5))
            #expect(abs(p50 / aggregate.mean - 1) <= SketchIndex.relativeError)
        }
    }

    @Test("an open bucket reaches as far as the sum asks for")
    func openBucket() throws {
        // Goal: bounds [10], counts [0, 3], sum 3000 is no maximum of 10.
        let aggregate = try Self.explicit([10], [0, 3], sum: 3000)
        #expect(aggregate.min > 10 && aggregate.min < 1000)
        // No sample can be more than what the sum leaves when the others are at their bound.
        #expect(aggregate.max > 1000 && aggregate.max <= 3000 - 2 * 10)
        let p50 = try #require(aggregate.quantile(0.5))
        #expect(abs(p50 / 1000 - 1) < 0.011)
    }

    @Test("any samples in any buckets are answered truly, or marked", arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func random(seed: UInt64) throws {
        // Goal: what is not marked is within 1.09 % of every percentile of the samples themselves, and min and max enclose the mean.
        var generator = SeededGenerator(seed: seed)
        var exactCount = 0
        for _ in 0..<400 {
            let base = Double.random(in: 0.01...1000, using: &generator)
            let isEqual = Int.random(in: 0..<4, using: &generator) == 0
            let width = generator.element(of: [0.0, 0.005, 0.5, 100])
            let samples = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                isEqual ? base : base * (1 + width * Double.random(in: 0...1, using: &generator))
            }
            let hasRange = Bool.random(using: &generator)
            let scale = Int32.random(in: 3...7, using: &generator)
            let histogram =
                Bool.random(using: &generator)
                ? explicit(samples, near: base, hasRange, &generator) : exponential(samples, scale, hasRange)
            let unit = generator.element(of: ["ms", "s"])
            let sound = try #require(histogram)
            let aggregate = try #require(OTLPTimer.aggregate(of: sound, unit: unit))
            let slack = 1e-9 * aggregate.max
            #expect(aggregate.min <= aggregate.mean + slack && aggregate.mean <= aggregate.max + slack, "seed \(seed)")
            if aggregate.isApproximate { continue }
            exactCount += 1
            let sorted = samples.sorted().map { $0 * OTLPTimer.factor(ofUnit: unit) }
            for quantile in [0.01, 0.1, 0.5, 0.9, 0.99] {
                let true_ = sorted[Int(nearestRank(quantile, of: Int64(sorted.count))) - 1]
                let answer = try #require(aggregate.quantile(quantile))
                #expect(abs(answer / true_ - 1) <= SketchIndex.relativeError + 1e-9, "seed \(seed): \(quantile) of \(samples)")
            }
        }
        #expect(exactCount > 50, "seed \(seed)")
    }

    private func explicit(
        _ samples: [Double], near base: Double, _ hasRange: Bool, _ generator: inout SeededGenerator
    ) -> OTLPHistogram? {
        let factors = [0.1, 0.5, 0.99, 0.999, 1.001, 1.01, 1.5, 10].filter { _ in Bool.random(using: &generator) }
        let bounds = factors.map { $0 * base }
        var counts = [UInt64](repeating: 0, count: bounds.count + 1)
        for sample in samples { counts[bounds.firstIndex { sample <= $0 } ?? bounds.count] += 1 }
        return OTLPHistogram(
            OTLPMetrics.HistogramPoint(
                count: UInt64(samples.count), sum: samples.reduce(0, +), min: hasRange ? samples.min() : nil,
                max: hasRange ? samples.max() : nil, bucketCounts: counts, explicitBounds: bounds))
    }

    private func exponential(_ samples: [Double], _ scale: Int32, _ hasRange: Bool) -> OTLPHistogram? {
        let indices = samples.map { sample in
            // By the sketch's own index where the scale is its own, else by bounds.
            scale == 5
                ? SketchIndex.of(magnitude: sample)
                : (-20_000...20_000).lowerBound { OTLPHistogram.Buckets.bound($0 + 1, scale: scale) >= sample }
        }
        guard let first = indices.min(), let last = indices.max(), last - first < 1024 else { return nil }
        var counts = [UInt64](repeating: 0, count: Int(last - first) + 1)
        for index in indices { counts[Int(index - first)] += 1 }
        return OTLPHistogram(
            OTLPMetrics.ExponentialPoint(
                count: UInt64(samples.count), sum: samples.reduce(0, +), min: hasRange ? samples.min() : nil,
                max: hasRange ? samples.max() : nil, scale: scale, positive: .init(offset: first, counts: counts)))
    }
}

extension ClosedRange<Int32> {
    /// The first for which something holds that holds for all after it.
    fileprivate func lowerBound(_ holds: (Int32) -> Bool) -> Int32 {
        var (low, high) = (lowerBound, upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
