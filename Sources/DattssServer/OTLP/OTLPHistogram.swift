import DattssCore
import Foundation

/// A histogram of either kind: counts by bucket, and where these are.
struct OTLPHistogram: Sendable, Hashable {
    var count: UInt64
    var sum: Double?
    var min: Double?
    var max: Double?
    var layout: Layout
    /// Not when it is the small difference of two large ones.
    private(set) var isSumPrecise = true

    enum Layout: Sendable, Hashable {
        /// Bucket i reaches from bounds[i - 1], without it, up to bounds[i]; the first and the last one are open. There may be
        /// none at all.
        case explicit(bounds: [Double], counts: [UInt64])
        /// By index, of 2^scale buckets a doubling. What is as near to 0 as the threshold is counted as 0.
        case exponential(scale: Int32, zeroCount: UInt64, zeroThreshold: Double, positive: Buckets, negative: Buckets)
    }

    /// The first and the last one are not empty.
    struct Buckets: Sendable, Hashable {
        var offset: Int32
        var counts: [UInt64]
    }

    static let bucketsMax = 1024
    static let scaleRange: ClosedRange<Int32> = -10...20

    /// How many numbers are to be remembered of it, beside the few that every series has.
    var bucketCount: Int {
        switch layout {
        case .explicit(_, let counts): 2 * counts.count
        case .exponential(_, _, _, let positive, let negative): positive.counts.count + negative.counts.count
        }
    }

    init?(_ point: OTLPMetrics.HistogramPoint) {
        let (counts, bounds) = (point.bucketCounts, point.explicitBounds)
        guard counts.count <= Self.bucketsMax, counts.isEmpty ? bounds.isEmpty : counts.count == bounds.count + 1,
            bounds.allSatisfy(\.isFinite), zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }),
            counts.isEmpty || Self.sum(counts) == point.count
        else { return nil }
        (count, sum, min, max) = (point.count, point.sum, point.min, point.max)
        layout = .explicit(bounds: bounds, counts: counts)
        guard isSound else { return nil }
    }

    init?(_ point: OTLPMetrics.ExponentialPoint) {
        guard Self.scaleRange ~= point.scale, point.zeroThreshold.isFinite, point.zeroThreshold >= 0,
            let positive = Buckets(point.positive), let negative = Buckets(point.negative),
            Self.sum([point.zeroCount] + positive.counts + negative.counts) == point.count
        else { return nil }
        (count, sum, min, max) = (point.count, point.sum, point.min, point.max)
        layout = .exponential(
            scale: point.scale, zeroCount: point.zeroCount, zeroThreshold: point.zeroThreshold, positive: positive,
            negative: negative)
        guard isSound else { return nil }
    }

    private var isSound: Bool {
        if let min, let max, min > max { return false }
        return count <= UInt64(Aggregate.countMax) && [sum, min, max].allSatisfy { $0?.isFinite ?? true }
    }

    /// nil when it is too large.
    private static func sum(_ counts: [UInt64]) -> UInt64? {
        var total: UInt64 = 0
        for count in counts {
            let (sum, overflow) = total.addingReportingOverflow(count)
            if overflow { return nil }
            total = sum
        }
        return total
    }

    // MARK: Differences

    /// What came since `earlier`; nil when this is no continuation of that, but another beginning.
    func since(_ earlier: OTLPHistogram) -> OTLPHistogram? {
        guard count >= earlier.count else { return nil }
        var new = self
        new.count -= earlier.count
        new.sum = sum.flatMap { sum in earlier.sum.map { sum - $0 } }
        new.isSumPrecise = new.sum.map { abs($0) > abs(sum ?? 0) * 1e-7 } ?? true
        // They are of all that ever came.
        (new.min, new.max) = (nil, nil)
        switch (layout, earlier.layout) {
        case (.explicit(let bounds, let counts), .explicit(let earlierBounds, let earlierCounts)):
            guard bounds == earlierBounds, counts.count == earlierCounts.count,
                zip(counts, earlierCounts).allSatisfy({ $0 >= $1 })
            else { return nil }
            new.layout = .explicit(bounds: bounds, counts: zip(counts, earlierCounts).map { $0 - $1 })
        case (
            .exponential(let scale, let zeros, let threshold, let positive, let negative),
            .exponential(let earlierScale, var earlierZeros, let earlierThreshold, var earlierPositive, var earlierNegative)
        ):
            guard earlierScale >= scale, threshold >= earlierThreshold else { return nil }
            if threshold > earlierThreshold {
                earlierZeros += earlierPositive.removeAll(upTo: threshold, scale: earlierScale)
                earlierZeros += earlierNegative.removeAll(upTo: threshold, scale: earlierScale)
            }
            guard zeros >= earlierZeros,
                let positive = positive.since(earlierPositive, shift: earlierScale - scale),
                let negative = negative.since(earlierNegative, shift: earlierScale - scale)
            else { return nil }
            new.layout = .exponential(
                scale: scale, zeroCount: zeros - earlierZeros, zeroThreshold: threshold, positive: positive, negative: negative)
        default: return nil
        }
        return new
    }
}

extension OTLPHistogram.Buckets {
    /// - Returns: nil for too many, or for indices beyond 32 bits.
    init?(_ buckets: OTLPMetrics.Buckets) {
        guard buckets.counts.count <= OTLPHistogram.bucketsMax,
            !buckets.offset.addingReportingOverflow(Int32(buckets.counts.count)).overflow
        else { return nil }
        self.init(offset: buckets.offset, counts: buckets.counts)
        trim()
    }

    private mutating func trim() {
        let first = counts.firstIndex { $0 > 0 } ?? counts.endIndex
        counts.removeFirst(first)
        offset = counts.isEmpty ? 0 : offset + Int32(first)
        while counts.last == 0 { counts.removeLast() }
    }

    /// A coarser scale has put `2^shift` neighbours together.
    fileprivate func since(_ earlier: OTLPHistogram.Buckets, shift: Int32) -> OTLPHistogram.Buckets? {
        var new = self
        for (place, count) in earlier.counts.enumerated() where count > 0 {
            // In 64 bits, because the difference of two indices may need 33.
            let index = Int64((earlier.offset + Int32(place)) >> shift) - Int64(offset)
            guard 0..<Int64(counts.count) ~= index, new.counts[Int(index)] >= count else { return nil }
            new.counts[Int(index)] -= count
        }
        new.trim()
        return new
    }

    /// Takes out the buckets that lie below a threshold (the data model's "Zero Count and Zero Threshold").
    /// - Returns: how many samples they had.
    fileprivate mutating func removeAll(upTo threshold: Double, scale: Int32) -> UInt64 {
        var removed: UInt64 = 0
        for place in counts.indices {
            // A threshold is put at a bucket's bound by a computation of its own.
            guard Self.bound(offset + Int32(place) + 1, scale: scale) <= threshold * (1 + 1e-9) else { break }
            removed += counts[place]
            counts[place] = 0
        }
        trim()
        return removed
    }

    /// The lower bound of a bucket's magnitudes, base^index; 0 or infinite where that is beyond a double's range.
    static func bound(_ index: Int32, scale: Int32) -> Double { exp2(Double(index) * exp2(-Double(scale))) }
}
