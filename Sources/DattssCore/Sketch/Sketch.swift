/// A mergeable histogram from which any percentile can be read within 1.09 %: a DDSketch (Masson, Rim & Lee, VLDB
/// 2019) with γ = 2^(1/32).
///
/// Its buckets are those of an OpenTelemetry exponential histogram of scale 5: bucket `i` holds the magnitudes in
/// (γ^i, γ^(i+1)]. A Prometheus native histogram of schema 5 numbers the same bucket `i + 1`.
///
///     negative store         zero    positive store
///     … -γ^2 ≤ v < -γ^1 …     0      … γ^1 < v ≤ γ^2 …
///
/// Merging adds integers, so it is order-free and bit-identical on replay. A store keeps its 512 highest buckets;
/// what lies below is folded into the lowest one kept, and ``collapsedCount`` says how much that was.
public struct Sketch: Sendable, Hashable {
    /// How many samples are 0.
    public package(set) var zeroCount: Int64
    /// The samples above 0.
    public package(set) var positive: BucketStore
    /// Buckets of the magnitudes of negative samples.
    public package(set) var negative: BucketStore

    /// A sketch of no samples.
    public init() {
        zeroCount = 0
        positive = BucketStore()
        negative = BucketStore()
    }

    package init(zeroCount: Int64, positive: BucketStore, negative: BucketStore) {
        self.zeroCount = zeroCount
        self.positive = positive
        self.negative = negative
    }

    /// The sketch of equal samples.
    init(of value: Double, count: Int64) {
        self.init()
        add(value, weight: count)
    }

    /// How many samples it holds.
    public var count: Int64 { zeroCount.saturatingAdd(positive.count).saturatingAdd(negative.count) }

    /// How many samples were folded into a bucket above their own, because a store was full.
    public var collapsedCount: Int64 { positive.collapsedCount.saturatingAdd(negative.collapsedCount) }

    /// Adds `weight` samples of a finite value.
    public mutating func add(_ value: Double, weight: Int64 = 1) {
        if value > 0 {
            positive.add(weight, at: SketchIndex.of(magnitude: value))
        } else if value < 0 {
            negative.add(weight, at: SketchIndex.of(magnitude: -value))
        } else {
            zeroCount = zeroCount.saturatingAdd(weight)
        }
    }

    /// Adds all samples of another sketch. The order of merges makes no difference.
    public mutating func merge(_ other: Sketch) {
        zeroCount = zeroCount.saturatingAdd(other.zeroCount)
        positive.merge(other.positive)
        negative.merge(other.negative)
    }

    /// The value at a quantile by nearest rank, within the sketch's relative error.
    /// - Parameter count: ``count``, when the caller has it at hand.
    public func quantile(_ quantile: Double, count: Int64? = nil) -> Double {
        var remaining = nearestRank(quantile, of: count ?? self.count)
        for (index, weight) in negative.descending {
            remaining -= weight
            if remaining <= 0 { return -SketchIndex.representative(of: index) }
        }
        remaining -= zeroCount
        if remaining <= 0 { return 0 }
        for (index, weight) in positive.ascending {
            remaining -= weight
            if remaining <= 0 { return SketchIndex.representative(of: index) }
        }
        return positive.indices.last.map { SketchIndex.representative(of: $0) } ?? 0
    }
}

extension Int64 {
    /// Addition that stays at the largest value instead of overflowing: counts come from outside.
    @inlinable
    public func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
