import DattssCore

/// What is remembered of a series between two exports: enough to tell what is new in a cumulative one, and that a point
/// came twice.
struct OTLPSeries: Sendable, Hashable {
    var start: UInt64
    var time: UInt64
    var total: Total

    enum Total: Sendable, Hashable {
        /// Of a series of deltas nothing is kept.
        case none
        case number(Double)
        case histogram(OTLPHistogram)
    }
}

/// A histogram of either kind: counts by bucket, and where these are.
struct OTLPHistogram: Sendable, Hashable {
    var count: UInt64
    var sum: Double?
    var min: Double?
    var max: Double?
    var layout: Layout

    enum Layout: Sendable, Hashable {
        /// Bucket i reaches up to bounds[i], the last one on without an end.
        case explicit(bounds: [Double], counts: [UInt64])
        /// By index, of 2^scale buckets a doubling.
        case exponential(scale: Int32, zeroCount: UInt64, positive: [Int32: UInt64], negative: [Int32: UInt64])
    }

    static let bucketsMax = 1024
    static let scaleRange: ClosedRange<Int32> = -10...20

    init?(_ point: OTLPMetrics.HistogramPoint) {
        let counts = (point.bucketCounts ?? []).map(\.bits)
        let bounds = (point.explicitBounds ?? []).map(\.value)
        guard let count = point.count?.bits, count <= UInt64(Aggregate.countMax), counts.count <= Self.bucketsMax,
            counts.isEmpty ? bounds.isEmpty : counts.count == bounds.count + 1,
            bounds.allSatisfy(\.isFinite), zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }),
            counts.isEmpty || Self.sum(counts) == count
        else { return nil }
        self.count = count
        (sum, min, max) = (point.sum?.value, point.min?.value, point.max?.value)
        layout = .explicit(bounds: bounds, counts: counts)
        guard areNumbersFinite else { return nil }
    }

    init?(_ point: OTLPMetrics.ExponentialPoint) {
        let (scale, zeroCount) = (point.scale ?? 0, point.zeroCount?.bits ?? 0)
        guard let count = point.count?.bits, count <= UInt64(Aggregate.countMax), Self.scaleRange ~= scale,
            let positive = Self.buckets(point.positive), let negative = Self.buckets(point.negative),
            Self.sum([zeroCount] + positive.values + negative.values) == count
        else { return nil }
        self.count = count
        (sum, min, max) = (point.sum?.value, point.min?.value, point.max?.value)
        layout = .exponential(scale: scale, zeroCount: zeroCount, positive: positive, negative: negative)
        guard areNumbersFinite else { return nil }
    }

    private var areNumbersFinite: Bool { [sum, min, max].allSatisfy { $0?.isFinite ?? true } }

    private static func buckets(_ buckets: OTLPMetrics.Buckets?) -> [Int32: UInt64]? {
        let counts = buckets?.bucketCounts ?? []
        guard counts.count <= bucketsMax else { return nil }
        var result: [Int32: UInt64] = [:]
        for (place, count) in counts.enumerated() where count.bits > 0 {
            let (index, overflow) = (buckets?.offset ?? 0).addingReportingOverflow(Int32(place))
            if overflow { return nil }
            result[index] = count.bits
        }
        return result
    }

    /// nil when it is too large.
    private static func sum(_ counts: some Sequence<UInt64>) -> UInt64? {
        var total: UInt64 = 0
        for count in counts {
            let (sum, overflow) = total.addingReportingOverflow(count)
            if overflow { return nil }
            total = sum
        }
        return total
    }

    /// What came since `earlier`; nil when it is not a continuation of that.
    func since(_ earlier: OTLPHistogram) -> OTLPHistogram? {
        guard count >= earlier.count else { return nil }
        var new = self
        new.count -= earlier.count
        new.sum = sum.flatMap { sum in earlier.sum.map { sum - $0 } }
        // They are of all that ever came.
        (new.min, new.max) = (nil, nil)
        switch (layout, earlier.layout) {
        case (.explicit(let bounds, let counts), .explicit(let earlierBounds, let earlierCounts)):
            guard bounds == earlierBounds, zip(counts, earlierCounts).allSatisfy({ $0 >= $1 }) else { return nil }
            new.layout = .explicit(bounds: bounds, counts: zip(counts, earlierCounts).map { $0 - $1 })
        case (
            .exponential(let scale, let zeros, let positive, let negative),
            .exponential(let earlierScale, let earlierZeros, let earlierPositive, let earlierNegative)
        ):
            guard earlierScale >= scale, zeros >= earlierZeros,
                let positive = Self.difference(positive, earlierPositive, shift: earlierScale - scale),
                let negative = Self.difference(negative, earlierNegative, shift: earlierScale - scale)
            else { return nil }
            new.layout = .exponential(scale: scale, zeroCount: zeros - earlierZeros, positive: positive, negative: negative)
        default: return nil
        }
        return new
    }

    private static func difference(
        _ counts: [Int32: UInt64], _ earlier: [Int32: UInt64], shift: Int32
    ) -> [Int32: UInt64]? {
        var difference = counts
        for (index, count) in earlier {
            // A coarser scale has put neighbours together.
            guard let left = difference[index >> shift], left >= count else { return nil }
            difference[index >> shift] = left == count ? nil : left - count
        }
        return difference
    }
}
