import DattssCore
import Foundation

/// Turns an OTLP histogram into what a timer's partial says.
///
/// Exact within the sketch's relative error is a histogram of which every bucket lies within one of the sketch's: exponential
/// buckets of scale 5 are those of a ``Sketch``, finer ones fall into them whole, and what a least and a largest value that are
/// equal leave of a bucket, or the sum of a single sample, is one point. In everything else (coarser buckets, explicit bounds,
/// another unit, a threshold of zero) samples are spread evenly over their bucket, and the aggregate is marked approximate.
///
/// Sum and count are known, so that what is not known keeps to them: an open bucket reaches as far as the sum asks for, and the
/// mean lies between `min` and `max` always.
struct OTLPTimer {
    private let histogram: OTLPHistogram
    /// Milliseconds of the metric's unit.
    private let factor: Double
    private let sum: Double?
    /// All samples lie between these, where it is said.
    private let least: Double?
    private let largest: Double?
    private var sketch = Sketch()
    private var isApproximate = false
    /// Where samples were put.
    private var (low, high) = (Double.infinity, -Double.infinity)
    /// What the bounds of their buckets allow.
    private var (lowest, highest) = (Double.infinity, -Double.infinity)
    private let placesMax: UInt64

    private static let scale: Int32 = 5
    /// How far a sum may be off that its sender rounded at every sample.
    private static let tolerance = 1e-9

    /// How many milliseconds a unit of UCUM has; 1 for what is no time.
    static func factor(ofUnit unit: String) -> Double {
        switch unit {
        case "s": 1000
        case "us": 1e-3
        case "ns": 1e-6
        case "min": 60_000
        case "h": 3_600_000
        default: 1
        }
    }

    /// - Returns: nil for a histogram without samples, or with values beyond a double's range.
    static func aggregate(of histogram: OTLPHistogram, unit: String) -> Aggregate? {
        guard histogram.count > 0 else { return nil }
        var timer = OTLPTimer(histogram, factor: factor(ofUnit: unit))
        return timer.aggregate()
    }

    private init(_ histogram: OTLPHistogram, factor: Double) {
        (self.histogram, self.factor) = (histogram, factor)
        sum = histogram.sum.map { $0 * factor }
        // A single sample is its sum.
        let single = histogram.count == 1 && histogram.isSumPrecise ? sum : nil
        (least, largest) = (histogram.min.map { $0 * factor } ?? single, histogram.max.map { $0 * factor } ?? single)
        // Into so many places the samples of a bucket are put, so that many buckets cost no more than a few.
        placesMax = UInt64((1024 / Swift.max(1, histogram.bucketCount)).clamped(1, 16))
    }

    private mutating func aggregate() -> Aggregate? {
        switch histogram.layout {
        case .explicit(let bounds, let counts): addExplicit(bounds.map { $0 * factor }, counts)
        case .exponential(let scale, let zeroCount, let zeroThreshold, let positive, let negative):
            for (place, count) in negative.counts.enumerated().reversed() where count > 0 {
                addExponential(negative.offset + Int32(place), count, scale, sign: -1)
            }
            if zeroCount > 0 { add(zeroCount, between: -zeroThreshold * factor, zeroThreshold * factor) { _ in 0 } }
            for (place, count) in positive.counts.enumerated() where count > 0 {
                addExponential(positive.offset + Int32(place), count, scale, sign: 1)
            }
        }
        let count = Int64(histogram.count)
        let mean = sum.map { $0 / Double(count) }
        let hasSketch = sketch.count == count
        if !hasSketch { (lowest, highest) = (-.infinity, .infinity) }
        // Without buckets the mean is all that is known of the range.
        var min = least ?? (hasSketch ? low : mean ?? 0)
        var max = Swift.max(min, largest ?? (hasSketch ? high : mean ?? 0))
        isApproximate = isApproximate || sketch.collapsedCount > 0 || (!hasSketch && !(least != nil && least == largest))
        if hasSketch, Self.isElsewhere(least, low) || Self.isElsewhere(largest, high) { isApproximate = true }
        if let mean {
            let slack = Self.tolerance * Swift.max(abs(mean), Swift.max(abs(min), abs(max)))
            if mean < Swift.max(least ?? lowest, lowest) - slack || mean > Swift.min(largest ?? highest, highest) + slack {
                isApproximate = true
            }
            if mean < min - slack || (least == nil && mean < min) { min = mean }
            if mean > max + slack || (largest == nil && mean > max) { max = mean }
        }
        let middle = (mean ?? (hasSketch ? sketch.quantile(0.5) : min)).clamped(min, max)
        let fraction = Aggregate.defaultFraction
        let aggregate = Aggregate(
            sum: sum ?? middle * Double(count), count: count, max: max, min: min, first: middle, last: middle,
            bottom: hasSketch ? sketch.quantile(fraction).clamped(min, max) : middle,
            top: hasSketch ? sketch.quantile(1 - fraction).clamped(min, max) : middle,
            isApproximate: isApproximate, sketch: hasSketch ? sketch : nil)
        return try? aggregate.checked()
    }

    // MARK: Buckets

    private mutating func addExplicit(_ bounds: [Double], _ counts: [UInt64]) {
        let lastPlace = counts.count - 1
        for (place, count) in counts.enumerated() where count > 0 {
            // What is measured is seldom negative.
            let lower = place > 0 ? bounds[place - 1] : Swift.min(0, bounds.first ?? 0)
            let upper = place < lastPlace ? bounds[place] : end(of: lower, bounds, counts)
            spread(count, lower, upper)
            if place == 0 { (lowest, isApproximate) = (-.infinity, isApproximate || least == nil) }
            if place == lastPlace { (highest, isApproximate) = (.infinity, isApproximate || largest == nil) }
        }
    }

    /// How far the last bucket reaches, which has no end, when its samples lie evenly around the mean that the sum leaves them.
    private func end(of lower: Double, _ bounds: [Double], _ counts: [UInt64]) -> Double {
        if let largest { return Swift.max(lower, largest) }
        guard let sum, let last = counts.last else { return lower }
        var rest = sum
        for (place, count) in counts.dropLast().enumerated() {
            rest -= Double(count) * (place > 0 ? (bounds[place - 1] + bounds[place]) / 2 : bounds[0] / 2)
        }
        return Swift.max(lower, lower + 2 * (rest / Double(last) - lower))
    }

    private mutating func spread(_ count: UInt64, _ lower: Double, _ upper: Double) {
        // That contradicts itself.
        if (least ?? upper) > upper || (largest ?? lower) < lower { isApproximate = true }
        let start = Swift.max(lower, least ?? lower)
        let end = Swift.max(start, Swift.min(upper, largest ?? upper))
        add(count, between: start, end) { start + (end - start) * $0 }
    }

    private mutating func addExponential(_ index: Int32, _ count: UInt64, _ scale: Int32, sign: Double) {
        if scale >= Self.scale, factor == 1 {
            let range = SketchIndex.range
            let place = (index >> (scale - Self.scale)).clamped(range.lowerBound, range.upperBound)
            let value = sign * Self.finite(SketchIndex.representative(of: place))
            note(sign * SketchIndex.lowerBound(of: place), sign * Self.finite(SketchIndex.lowerBound(of: place + 1)))
            return put(value, count)
        }
        let bound = { [factor] (share: Double) in
            let magnitude = exp2((Double(index) + share) * exp2(-Double(scale))) * factor
            return sign * Swift.max(Double.leastNonzeroMagnitude, Self.finite(magnitude))
        }
        add(count, between: bound(0), bound(1), bound)
    }

    // MARK: Samples

    /// Samples between two values, evenly by `value`; it is told once where they are all the same to a sketch.
    private mutating func add(_ count: UInt64, between one: Double, _ other: Double, _ value: (Double) -> Double) {
        note(one, other)
        let (lower, upper) = (Swift.min(one, other), Swift.max(one, other))
        // (A zero is always the positive one.)
        if lower == upper { return put(lower == 0 ? 0 : lower, count) }
        if !Self.isOneBucket(lower, upper) { isApproximate = true }
        let places = Swift.min(count, placesMax)
        for place in 0..<places {
            let share = count * (place + 1) / places - count * place / places
            put(value((Double(place) + 0.5) / Double(places)), share)
        }
    }

    private mutating func put(_ value: Double, _ count: UInt64) {
        let value = Self.finite(value)
        sketch.add(value, weight: Int64(clamping: count))
        (low, high) = (Swift.min(low, value), Swift.max(high, value))
    }

    private mutating func note(_ one: Double, _ other: Double) {
        (lowest, highest) = (Swift.min(lowest, one, other), Swift.max(highest, one, other))
    }

    /// Whether what is more than `lower` and at most `upper` is all in one bucket of a sketch.
    private static func isOneBucket(_ lower: Double, _ upper: Double) -> Bool {
        guard lower.isFinite, upper.isFinite else { return false }
        if lower >= 0 { return SketchIndex.of(magnitude: lower.nextUp) == SketchIndex.of(magnitude: upper) }
        // At 0 it ends in a bucket of its own.
        guard upper < 0 else { return false }
        return SketchIndex.of(magnitude: -upper) == SketchIndex.of(magnitude: (-lower).nextDown)
    }

    /// Whether the least or the largest value cannot be in the bucket in which it is.
    private static func isElsewhere(_ value: Double?, _ representative: Double) -> Bool {
        value.map { abs($0 - representative) > 2 * SketchIndex.relativeError * abs($0) + .leastNormalMagnitude } ?? false
    }

    private static func finite(_ value: Double) -> Double {
        value.clamped(-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude)
    }
}
