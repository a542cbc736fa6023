public import DattssCore

/// The samples of many aggregates together: the buckets of their sketches, added up. Unlike a ``Sketch``'s its counts may be
/// fractions, because an hour may have to be shared out among its minutes, and it has no bound that folds buckets away.
public struct Distribution: Sendable {
    /// How many samples.
    public private(set) var count = 0.0
    /// Their sum.
    public private(set) var sum = 0.0
    private var min = Double.infinity
    private var max = -Double.infinity
    private var zeroCount = 0.0
    private var positive = Buckets()
    private var negative = Buckets()
    /// Whether some samples are known by a few numbers only, because whoever sent them gave no sketch, or lie below the lowest bucket
    /// that a sketch kept.
    public private(set) var isApproximate = false

    /// Makes a distribution without samples.
    public init() {}

    /// How much memory it takes, roughly.
    var byteCount: Int { 128 + 8 * (positive.counts.count + negative.counts.count) }

    /// Adds the samples of an aggregate.
    /// - Parameter share: the share of them that counts, above 0 and at most 1.
    public mutating func add(_ aggregate: Aggregate, share: Double = 1) {
        let weight = Double(aggregate.count) * share
        count += weight
        sum += aggregate.sum * share
        min = Swift.min(min, aggregate.min)
        max = Swift.max(max, aggregate.max)
        if let sketch = aggregate.packedSketch {
            add(sketch, share)
        } else if aggregate.min == aggregate.max {
            add(aggregate.min, weight)
        } else {
            // What is known is where the lower and the upper part end.
            isApproximate = true
            let outside = weight * aggregate.fraction
            add(aggregate.bottom, outside)
            add(aggregate.top, outside)
            if weight - 2 * outside > 0 { add(aggregate.mean, weight - 2 * outside) }
        }
    }

    /// Adds the samples of another.
    public mutating func add(_ other: Distribution) {
        count += other.count
        sum += other.sum
        min = Swift.min(min, other.min)
        max = Swift.max(max, other.max)
        zeroCount += other.zeroCount
        positive.add(other.positive)
        negative.add(other.negative)
        isApproximate = isApproximate || other.isApproximate
    }

    /// The value at a quantile by nearest rank, within the relative error of a sketch (1.09 %): see ``Sketch/quantile(_:count:)``. −∞
    /// and +∞ for quantiles below 0 and above 1, as Prometheus has them; no number where there is no sample.
    public func quantile(_ quantile: Double) -> Double {
        if count <= 0 || quantile.isNaN { return .nan }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        // A little less, because a product that should be a whole number may come out as a little more.
        var remaining = Swift.max(quantile * count * (1 - 1e-12), .leastNonzeroMagnitude)
        if let index = negative.descend(&remaining) { return clamped(-SketchIndex.representative(of: index)) }
        remaining -= zeroCount
        if remaining <= 0 { return clamped(0) }
        if let index = positive.ascend(&remaining) { return clamped(SketchIndex.representative(of: index)) }
        return max
    }

    /// Which part of the samples is above one value and at most another, within the width of a bucket.
    public func fraction(above lower: Double, through upper: Double) -> Double {
        if count <= 0 || lower.isNaN || upper.isNaN { return .nan }
        return lower >= upper ? 0 : (countThrough(upper) - countThrough(lower)) / count
    }

    /// How many samples are at most a value; of the bucket in which it lies, all.
    func countThrough(_ value: Double) -> Double {
        if value >= max { return count }
        if value < min { return 0 }
        if value < 0 { return negative.total(from: SketchIndex.of(magnitude: -value)) }
        let below = negative.total + zeroCount
        return value == 0 ? below : below + positive.total(through: SketchIndex.of(magnitude: value))
    }

    private func clamped(_ value: Double) -> Double { value.clamped(min, max) }

    private mutating func add(_ value: Double, _ weight: Double) {
        if value > 0 {
            positive.add(weight, at: SketchIndex.of(magnitude: value))
        } else if value < 0 {
            negative.add(weight, at: SketchIndex.of(magnitude: -value))
        } else {
            zeroCount += weight
        }
    }

    private mutating func add(_ sketch: PackedSketch, _ share: Double) {
        // Taken out, because two stores are added to in one call.
        var (positive, negative) = (Buckets(), Buckets())
        swap(&self.positive, &positive)
        swap(&self.negative, &negative)
        let (zeroes, isFolded) = sketch.withStores { zeroCount, positives, negatives in
            positive.add(positives, share)
            negative.add(negatives, share)
            return (zeroCount, positives.collapsedCount > 0 || negatives.collapsedCount > 0)
        }
        swap(&self.positive, &positive)
        swap(&self.negative, &negative)
        zeroCount += Double(zeroes) * share
        isApproximate = isApproximate || isFolded
    }
}

/// Counts of neighbouring buckets of one sign, with holes.
private struct Buckets: Sendable {
    private var base: Int32 = 0
    private(set) var counts: [Double] = []

    var total: Double { counts.reduce(0, +) }

    mutating func add(_ weight: Double, at index: Int32) {
        reserve(index...index)
        counts[Int(index - base)] += weight
    }

    mutating func add(_ store: PackedStore, _ share: Double) {
        guard let bounds = store.bounds else { return }
        reserve(bounds.first...bounds.last)
        let base = base
        counts.withUnsafeMutableBufferPointer { counts in
            store.forEach { index, count in counts[Int(index &- base)] += Double(count) * share }
        }
    }

    mutating func add(_ other: Buckets) {
        if other.counts.isEmpty { return }
        if counts.isEmpty {
            self = other
            return
        }
        reserve(other.base...(other.base + Int32(other.counts.count) - 1))
        let offset = Int(other.base - base)
        for position in other.counts.indices { counts[offset + position] += other.counts[position] }
    }

    /// From the lowest up: where so many samples have been passed.
    func ascend(_ remaining: inout Double) -> Int32? {
        for position in counts.indices where counts[position] > 0 {
            remaining -= counts[position]
            if remaining <= 0 { return base + Int32(position) }
        }
        return nil
    }

    /// From the highest down.
    func descend(_ remaining: inout Double) -> Int32? {
        for position in counts.indices.reversed() where counts[position] > 0 {
            remaining -= counts[position]
            if remaining <= 0 { return base + Int32(position) }
        }
        return nil
    }

    func total(through index: Int32) -> Double { counts.prefix(Swift.max(0, Int(index) - Int(base) + 1)).reduce(0, +) }
    func total(from index: Int32) -> Double { counts.dropFirst(Swift.max(0, Int(index) - Int(base))).reduce(0, +) }

    /// Makes room for buckets. There are at most as many as doubles have, 67,137.
    private mutating func reserve(_ range: ClosedRange<Int32>) {
        if counts.isEmpty {
            base = range.lowerBound
            counts = [Double](repeating: 0, count: range.count)
            return
        }
        if range.lowerBound < base {
            counts.insert(contentsOf: repeatElement(0, count: Int(base - range.lowerBound)), at: 0)
            base = range.lowerBound
        }
        let missing = Int(range.upperBound - base) + 1 - counts.count
        if missing > 0 { counts.append(contentsOf: repeatElement(0, count: missing)) }
    }
}
