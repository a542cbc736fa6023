/// What is known of the samples of one statistic over some period: the eight numbers and, for most timers, a sketch.
///
/// A partial carries one for five seconds of one process, a minute block one for a minute of all processes, a point
/// of a series one for a step. Building one out of samples is ``SampleAccumulator``'s work, merging several
/// ``MergingAggregate``'s.
///
/// Invariants (``checked()`` restores or refuses them at the edges): `count ≥ 1`; every number is finite;
/// `min ≤ first, last, bottom, top ≤ max`; `0 < fraction ≤ 0.5`; a sketch counts exactly `count` samples.
public struct Aggregate: Sendable, Hashable {
    /// The sum of all samples.
    public var sum: Double
    /// How many samples, at least 1.
    public var count: Int64
    /// The largest sample.
    public var max: Double
    /// The smallest sample.
    public var min: Double
    /// The sample that arrived first.
    public var first: Double
    /// The sample that arrived last.
    public var last: Double
    /// The `fraction` quantile, by nearest rank.
    public var bottom: Double
    /// The `1 − fraction` quantile, by nearest rank.
    public var top: Double
    /// The wire's `pct`: which quantiles `bottom` and `top` are.
    public var fraction: Double
    /// Whether a sender asked to emphasise it (the wire's `emp`, a trailing `!`).
    public var isEmphasised: Bool
    /// Whether `bottom` and `top` are only estimates, merged out of parts that had no sketch. (Read from a sketch,
    /// they are within its relative error, and not marked.)
    public var isApproximate: Bool
    /// The distribution of the samples; nil where no sender gave one.
    public var packedSketch: PackedSketch?

    /// The `fraction` of aggregates that do not say another: the 10th and the 90th percentile.
    public static let defaultFraction = 0.1

    /// Makes an aggregate of its numbers, which are not checked: see ``checked()``.
    public init(
        sum: Double, count: Int64, max: Double, min: Double, first: Double, last: Double, bottom: Double,
        top: Double, fraction: Double = defaultFraction, isEmphasised: Bool = false,
        isApproximate: Bool = false, packedSketch: PackedSketch?
    ) {
        self.sum = sum
        self.count = count
        self.max = max
        self.min = min
        self.first = first
        self.last = last
        self.bottom = bottom
        self.top = top
        self.fraction = fraction
        self.isEmphasised = isEmphasised
        self.isApproximate = isApproximate
        self.packedSketch = packedSketch
    }

    /// The same with a sketch that has yet to be packed.
    public init(
        sum: Double, count: Int64, max: Double, min: Double, first: Double, last: Double, bottom: Double,
        top: Double, fraction: Double = defaultFraction, isEmphasised: Bool = false,
        isApproximate: Bool = false, sketch: Sketch? = nil
    ) {
        self.init(
            sum: sum, count: count, max: max, min: min, first: first, last: last, bottom: bottom, top: top,
            fraction: fraction, isEmphasised: isEmphasised, isApproximate: isApproximate,
            packedSketch: sketch.map { PackedSketch($0) })
    }

    /// The sketch to work with: unpacked and packed at every call.
    public var sketch: Sketch? {
        get { packedSketch.map { Sketch($0) } }
        set { packedSketch = newValue.map { PackedSketch($0) } }
    }

    /// The aggregate of a single sample.
    public init(sample value: Double) {
        self.init(
            sum: value, count: 1, max: value, min: value, first: value, last: value, bottom: value, top: value)
    }

    /// The mean of the samples.
    public var mean: Double { sum / Double(count) }

    /// A percentile of the samples: from the sketch, within its relative error; without one, only where all samples
    /// are known to be equal.
    public func quantile(_ quantile: Double) -> Double? {
        if isOfEqualSamples { return min }
        return packedSketch.map { $0.quantile(quantile, count: count).clamped(min, max) }
    }

    /// Numbers up to 2^53 are integers that a double holds exactly; counts beyond are refused.
    public static let countMax: Int64 = 1 << 53

    /// Widens `min` and `max` to cover the other values, and checks everything else.
    ///
    /// The original's clients mistake 0 for absent and may send a `min` above their own `bot`: that is mended here.
    @inline(__always)
    public consuming func checked() throws(AggregateError) -> Aggregate {
        // Finite exactly when all of them are, because 0 times anything else is no number.
        let isFinite = (sum * 0 + max * 0 + min * 0 + first * 0 + last * 0 + bottom * 0 + top * 0) == 0
        let isCounted = count >= 1 && count <= Self.countMax && (packedSketch.map { $0.count == count } ?? true)
        guard isFinite, isCounted, fraction > 0, fraction <= 0.5, min <= max else { throw problem }
        // (Two at a time: of more, the library makes an array.)
        min = Swift.min(Swift.min(min, first), Swift.min(last, Swift.min(bottom, top)))
        max = Swift.max(Swift.max(max, first), Swift.max(last, Swift.max(bottom, top)))
        return self
    }

    /// The first rule that is broken.
    private var problem: AggregateError {
        if let field = firstInfiniteField { return AggregateError(field: field, problem: "is not a finite number") }
        if count < 1 { return AggregateError(field: "cnt", problem: "is \(count), expected at least 1") }
        if count > Self.countMax { return AggregateError(field: "cnt", problem: "is \(count), expected at most 2^53") }
        if !(fraction > 0 && fraction <= 0.5) {
            return AggregateError(field: "pct", problem: "is \(fraction), expected more than 0 and at most 0.5")
        }
        if min > max { return AggregateError(field: "min", problem: "is \(min), which is more than max, \(max)") }
        return AggregateError(field: "skt", problem: "counts \(packedSketch?.count ?? 0) samples, but cnt is \(count)")
    }

    private var firstInfiniteField: String? {
        [
            ("sum", sum), ("max", max), ("min", min), ("fst", first), ("lst", last), ("bot", bottom), ("top", top),
        ].first { !$0.1.isFinite }?.0
    }
}

/// Which field of an aggregate breaks which rule. `field` is the name on the wire.
public struct AggregateError: Error, Hashable, CustomStringConvertible {
    /// The field's name on the wire.
    public var field: String
    /// What is wrong with it, as the end of a sentence that begins with the field.
    public var problem: String
    public var description: String { "\(field) \(problem)" }
}

extension Comparable {
    /// The value itself, or the bound that it lies beyond. `lower` must not be more than `upper`.
    @inlinable
    public func clamped(_ lower: Self, _ upper: Self) -> Self {
        Swift.min(Swift.max(self, lower), upper)
    }
}

/// The position, counted from 1, of a quantile among `count` sorted samples by the nearest-rank rule: ⌈q·n⌉, at
/// least 1 (Hyndman & Fan 1996, definition 1).
@inlinable
public func nearestRank(_ quantile: Double, of count: Int64) -> Int64 {
    let rank = (quantile * Double(count)).rounded(.up)
    return rank < 1 ? 1 : rank >= Double(count) ? count : Int64(rank)
}
