internal import DattssCore

/// What rows of a minute block have in common: their flags, and how the numbers that are stored become integers.
///
///      15  14 13       12 … 8  7 … 0
///     ┌───┬───────────┬───────┬───────┐
///     │ 0 │ quantiles │ scale │ flags │
///     └───┴───────────┴───────┴───────┘
///
/// - flags: the ``AggregateFlags``. A row of equal samples whose sum is no product has the layout of all numbers.
/// - scale: the numbers as integers, see ``NumberScale``.
/// - quantiles: what `bottom` and `top` are, see ``Quantiles``.
///
/// A statistic keeps its shape for hours. So the shape is not said in every block, but once with the name: an id of a
/// segment stands for a name *and* a shape, and a statistic that changes its shape has several ids.
struct RowShape: Sendable, Hashable {
    let rawValue: UInt16

    enum Quantiles: UInt16 {
        /// Samples, on the scale of the others.
        case samples
        /// Those of the row's sketch: not stored.
        case ofSketch
        /// Values that stand for buckets of a sketch which is not in the row any more, see ``BucketPlace``.
        case ofBuckets
    }

    private static let scaleShift: UInt16 = 8
    private static let quantilesShift: UInt16 = 13

    /// - Returns: nil for bits that no writer writes.
    init?(rawValue: UInt16) {
        self.rawValue = rawValue
        guard rawValue >> 15 == 0, flags.kind != nil, layout != .equal,
            let scale = NumberScale(code: rawValue >> Self.scaleShift & 31),
            let quantiles = Quantiles(rawValue: rawValue >> Self.quantilesShift & 3), layout != .ones || scale.isInteger,
            quantiles == .samples || (layout == .all && hasSketch == (quantiles == .ofSketch))
        else { return nil }
    }

    private init(_ flags: AggregateFlags, _ scale: NumberScale, _ quantiles: Quantiles = .samples) {
        rawValue = UInt16(flags.rawValue) | scale.code << Self.scaleShift | quantiles.rawValue << Self.quantilesShift
    }

    /// The shape of an aggregate that has the smallest exponent.
    init(_ kind: Kind, _ aggregate: Aggregate) {
        var flags = AggregateFlags(kind, aggregate, hasSketch: aggregate.packedSketch != nil)
        switch flags.layout {
        case .ones: self.init(flags, .integers)
        case .product: self.init(flags, .fitting([aggregate.max], sum: nil))
        case .all, .equal:
            flags.layout = .all
            let (quantiles, scale) = Self.quantiles(of: aggregate)
            self.init(flags, scale, quantiles)
        }
    }

    private static func quantiles(of aggregate: Aggregate) -> (Quantiles, NumberScale) {
        let scale = NumberScale.fitting(RowNumbers.samples(of: aggregate), sum: aggregate.sum)
        let extremes = { NumberScale.fitting(RowNumbers.extremes(of: aggregate), sum: aggregate.sum) }
        if let sketch = aggregate.packedSketch {
            let outline = SketchOutline(sketch, fraction: aggregate.fraction)
            let (bottom, top) = outline.quantiles(aggregate.min, aggregate.max)
            let isOfSketch =
                bottom.bitPattern == aggregate.bottom.bitPattern && top.bitPattern == aggregate.top.bitPattern
            return isOfSketch ? (.ofSketch, extremes()) : (.samples, scale)
        }
        guard scale.decimals == nil, BucketPlace.fits(aggregate.bottom, aggregate), BucketPlace.fits(aggregate.top, aggregate)
        else { return (.samples, scale) }
        return (.ofBuckets, extremes())
    }

    var flags: AggregateFlags { AggregateFlags(rawValue: UInt8(truncatingIfNeeded: rawValue)) }
    var kind: Kind { flags.kind ?? .counter }
    var layout: AggregateFlags.Layout { flags.layout }
    var scale: NumberScale { NumberScale(code: rawValue >> Self.scaleShift & 31) ?? .orderedBits }
    var quantiles: Quantiles { Quantiles(rawValue: rawValue >> Self.quantilesShift & 3) ?? .samples }
    var hasSketch: Bool { flags.contains(.sketch) }
    var hasFraction: Bool { flags.contains(.fraction) }

    /// Whether a row of shape `other` can be written in this one: it is the same but for fewer decimals.
    func covers(_ other: RowShape) -> Bool {
        let (mine, others) = (scale, other.scale)
        guard mine.decimals != nil, others.decimals != nil, mine.code >= others.code else { return self == other }
        return rawValue & ~(31 << Self.scaleShift) == other.rawValue & ~(31 << Self.scaleShift)
    }
}
