internal import DattssCore

/// Which numbers of a row of a minute block are stored, and as what. The others follow from them.
///
///      15  14         13          12       11 10       9        8 … 4   3 2      1 0
///     ┌───┬──────────┬───────────┬────────┬───────────┬────────┬───────┬────────┬──────┐
///     │ 0 │emphasised│approximate│fraction│ quantiles │ sketch │ scale │ layout │ kind │
///     └───┴──────────┴───────────┴────────┴───────────┴────────┴───────┴────────┴──────┘
///
/// - layout: 0 all numbers; 1 equal: `max` stands for `min first last bottom top`, and `sum` is `max · count`; 2 ones: equal
///   with a `max` of 1, so that only the count is stored. This is a counter of `1c` lines.
/// - scale: the numbers as integers, see ``RowScale``.
/// - quantiles: what `bottom` and `top` are, see ``Quantiles``.
/// - fraction: it is not the default, and stored.
///
/// "Equal" always means bit by bit, so that what is read is what was written.
///
/// A statistic keeps its shape for hours. So the shape is not said in every block, but once with the name: an id of a
/// segment stands for a name *and* a shape, and a statistic that changes its shape has several ids.
struct RowShape: Sendable, Hashable {
    let rawValue: UInt16

    enum Layout: UInt16 {
        case all, equal, ones
    }

    enum Quantiles: UInt16 {
        /// Samples, on the scale of the others.
        case samples
        /// Those of the row's sketch: not stored.
        case ofSketch
        /// Values that stand for buckets of a sketch which is not in the row any more, see ``BucketPlace``.
        case ofBuckets
    }

    private static let sketchFlag: UInt16 = 1 << 9
    private static let quantilesShift: UInt16 = 10
    private static let fractionFlag: UInt16 = 1 << 12
    private static let approximateFlag: UInt16 = 1 << 13
    private static let emphasisedFlag: UInt16 = 1 << 14
    private static let knownBits: UInt16 = 1 << 15 - 1

    /// - Returns: nil for bits that no writer writes.
    init?(rawValue: UInt16) {
        self.rawValue = rawValue
        guard rawValue & ~Self.knownBits == 0, Kind(rawValue: UInt8(rawValue & 3)) != nil,
            let layout = Layout(rawValue: rawValue >> 2 & 3), let scale = RowScale(code: rawValue >> 4 & 31),
            let quantiles = Quantiles(rawValue: rawValue >> Self.quantilesShift & 3),
            layout != .ones || scale.code == 0,
            quantiles == .samples || (layout == .all && hasSketch == (quantiles == .ofSketch))
        else { return nil }
    }

    /// The shape of an aggregate that has the smallest exponent.
    init(_ kind: Kind, _ aggregate: Aggregate) {
        var flags = UInt16(kind.rawValue)
        if aggregate.isEmphasised { flags |= Self.emphasisedFlag }
        if aggregate.isApproximate { flags |= Self.approximateFlag }
        if !aggregate.hasDefaultFraction { flags |= Self.fractionFlag }
        if aggregate.packedSketch != nil { flags |= Self.sketchFlag }
        let layout = Self.layout(of: aggregate)
        flags |= layout.rawValue << 2
        switch layout {
        case .ones: rawValue = flags
        case .equal: rawValue = flags | RowScale.fitting([aggregate.max], sum: nil).code << 4
        case .all:
            let (quantiles, scale) = Self.quantiles(of: aggregate)
            rawValue = flags | quantiles.rawValue << Self.quantilesShift | scale.code << 4
        }
    }

    private static func layout(of aggregate: Aggregate) -> Layout {
        guard EqualSamples.hold(for: aggregate), EqualSamples.giveSum(of: aggregate) else { return .all }
        return aggregate.max == 1 ? .ones : .equal
    }

    private static func quantiles(of aggregate: Aggregate) -> (Quantiles, RowScale) {
        let scale = RowScale.fitting(RowNumbers.samples(of: aggregate), sum: aggregate.sum)
        let extremes = { RowScale.fitting(RowNumbers.extremes(of: aggregate), sum: aggregate.sum) }
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

    var kind: Kind { Kind(rawValue: UInt8(rawValue & 3)) ?? .counter }
    var layout: Layout { Layout(rawValue: rawValue >> 2 & 3) ?? .all }
    var scale: RowScale { RowScale(code: rawValue >> 4 & 31) ?? .orderedBits }
    var hasSketch: Bool { rawValue & Self.sketchFlag != 0 }
    var quantiles: Quantiles { Quantiles(rawValue: rawValue >> Self.quantilesShift & 3) ?? .samples }
    var hasFraction: Bool { rawValue & Self.fractionFlag != 0 }
    var isApproximate: Bool { rawValue & Self.approximateFlag != 0 }
    var isEmphasised: Bool { rawValue & Self.emphasisedFlag != 0 }

    /// Whether a row of shape `other` can be written in this one: it is the same but for fewer decimals.
    func covers(_ other: RowShape) -> Bool {
        let (mine, others) = (scale, other.scale)
        guard mine.decimals != nil, others.decimals != nil, mine.code >= others.code else { return self == other }
        return rawValue & ~(31 << 4) == other.rawValue & ~(31 << 4)
    }
}
