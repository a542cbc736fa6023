internal import DattssCore

/// The numbers of a row as integers of its scale.
struct RowNumbers {
    var count: Int64 = 1
    var sum: Int64 = 0
    /// How far the sum is from its decimal, in units in the last place.
    var ulps: Int64 = 0
    var max: Int64 = 0
    var min: Int64 = 0
    var first: Int64 = 0
    var last: Int64 = 0
    /// A ``BucketPlace`` where the shape says ``RowShape/Quantiles/ofBuckets``; so is `top`.
    var bottom: Int64 = 0
    var top: Int64 = 0

    init() {}

    /// - Returns: nil when the shape's scale does not fit.
    init?(_ aggregate: Aggregate, _ shape: RowShape) {
        let scale = shape.scale
        count = aggregate.count
        if shape.layout == .ones { return }
        guard let max = scale.integer(aggregate.max) else { return nil }
        self.max = max
        if shape.layout == .product { return }
        guard let sum = scale.sum(aggregate.sum), let min = scale.integer(aggregate.min),
            let first = scale.integer(aggregate.first), let last = scale.integer(aggregate.last)
        else { return nil }
        (self.sum, ulps, self.min, self.first, self.last) = (sum.integer, sum.ulps, min, first, last)
        switch shape.quantiles {
        case .ofSketch: return
        case .ofBuckets: (bottom, top) = (BucketPlace.of(aggregate.bottom), BucketPlace.of(aggregate.top))
        case .samples:
            guard let bottom = scale.integer(aggregate.bottom), let top = scale.integer(aggregate.top) else { return nil }
            (self.bottom, self.top) = (bottom, top)
        }
    }

    /// Fills in a blank aggregate, but for its fraction, its sketch and what is read out of it.
    @inline(__always)
    func fill(_ row: inout Aggregate, _ shape: RowShape, _ scale: NumberScale) {
        row.count = count
        row.isEmphasised = shape.flags.contains(.emphasised)
        row.isApproximate = shape.flags.contains(.approximate)
        switch shape.layout {
        case .ones: fill(&row, equal: 1)
        case .product: fill(&row, equal: scale.value(max))
        case .all, .equal:
            // Asked once, not for each number.
            if scale.isInteger {
                fill(&row, sum: Double(sum)) { Double($0) }
            } else if let decimals = scale.decimals {
                fill(&row, sum: decimals.join(sum, ulps: ulps)) { decimals.join($0) }
            } else {
                fill(&row, sum: OrderedBits.double(sum)) { OrderedBits.double($0) }
            }
            if shape.quantiles == .ofBuckets {
                row.bottom = BucketPlace.value(bottom, row.min, row.max)
                row.top = BucketPlace.value(top, row.min, row.max)
            }
        }
    }

    @inline(__always)
    private func fill(_ row: inout Aggregate, equal value: Double) {
        row.sum = EqualSamples.sum(value, count)
        row.max = value
        row.min = value
        row.first = value
        row.last = value
        row.bottom = value
        row.top = value
    }

    @inline(__always)
    private func fill(_ row: inout Aggregate, sum: Double, _ value: (Int64) -> Double) {
        row.sum = sum
        row.max = value(max)
        row.min = value(min)
        row.first = value(first)
        row.last = value(last)
        row.bottom = value(bottom)
        row.top = value(top)
    }

    /// The numbers that are samples, or were made of some.
    static func samples(of aggregate: Aggregate) -> [Double] {
        extremes(of: aggregate) + [aggregate.bottom, aggregate.top]
    }

    static func extremes(of aggregate: Aggregate) -> [Double] {
        [aggregate.max, aggregate.min, aggregate.first, aggregate.last]
    }
}

/// What a sketch tells of the other numbers of its row.
struct SketchOutline {
    let count: Int64
    let sum: Double
    let min: Double
    let max: Double
    let bottom: Double
    let top: Double

    init(_ sketch: PackedSketch, fraction: Double) {
        let count = sketch.count
        self.count = count
        // A reader of damaged bytes may find any number here.
        let fraction = fraction >= 0 && fraction <= 1 ? fraction : 0
        bottom = sketch.quantile(fraction, count: count)
        top = sketch.quantile(1 - fraction, count: count)
        (sum, min, max) = sketch.withStores { zeroCount, positive, negative in
            var sum = 0.0
            positive.forEach { index, weight in sum += SketchIndex.representative(of: index) * Double(weight) }
            negative.forEach { index, weight in sum -= SketchIndex.representative(of: index) * Double(weight) }
            let zero = zeroCount > 0 ? 0.0 : nil
            return (
                sum, Self.end(negative.bounds?.last, -1) ?? zero ?? Self.end(positive.bounds?.first, 1) ?? 0,
                Self.end(positive.bounds?.last, 1) ?? zero ?? Self.end(negative.bounds?.first, -1) ?? 0
            )
        }
    }

    /// `bottom` and `top` of an aggregate that was merged out of sketches.
    @inline(__always)
    func quantiles(_ min: Double, _ max: Double) -> (bottom: Double, top: Double) {
        (bottom.clamped(min, max), top.clamped(min, max))
    }

    private static func end(_ index: Int32?, _ sign: Double) -> Double? {
        index.map { sign * SketchIndex.representative(of: $0) }
    }
}

/// A quantile that was read from a sketch, as an integer: 0 for 0, else the index of its bucket, shifted so that it is
/// positive, with the sign of the value.
///
/// The partials of counters and gauges leave their sketch behind, and bring its quantiles: numbers of many digits, of which
/// there are few. They are kept within `min` and `max`, which their bucket may reach beyond.
enum BucketPlace {
    private static let shift: Int64 = 1 << 16

    static func of(_ value: Double) -> Int64 {
        guard value != 0, value.isFinite else { return 0 }
        let place = shift + Int64(SketchIndex.of(magnitude: value.magnitude))
        return value < 0 ? -place : place
    }

    /// 0 for a place that no writer writes.
    static func value(_ place: Int64, _ min: Double, _ max: Double) -> Double {
        guard let index = Int32(exactly: Int64(clamping: place.magnitude) - shift), SketchIndex.range.contains(index) else {
            return (0.0).clamped(min, max)
        }
        let value = SketchIndex.representative(of: index)
        return (place < 0 ? -value : value).clamped(min, max)
    }

    /// Whether nothing is lost.
    static func fits(_ quantile: Double, _ aggregate: Aggregate) -> Bool {
        value(of(quantile), aggregate.min, aggregate.max).bitPattern == quantile.bitPattern
    }
}
