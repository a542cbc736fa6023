/// What the sum of an aggregate says about its samples.
extension Aggregate {
    /// Whether all samples are known to be equal, so that the numbers tell each of them and any percentile.
    ///
    /// That `min` and `max` agree is not enough: the original's clients leave zeros out of both (see ``mended()``), and only the
    /// sum tells that they were there.
    @inlinable
    public var isOfEqualSamples: Bool { min == max && Self.isSum(sum, ofEqual: min, count: count) }

    /// Whether so many samples of one value add up to `sum`, within what is lost when they are added one after the other.
    @inlinable
    static func isSum(_ sum: Double, ofEqual value: Double, count: Int64) -> Bool {
        let product = Double(count) * value
        // (A product beyond all numbers is met by the sum that stays at the largest one.)
        return !((sum - product).magnitude > sumTolerance * product.magnitude)
    }

    /// Relative. A larger share of samples that are hidden is noticed; a smaller one changes no percentile that is told.
    @usableFromInline static let sumTolerance = 1e-6

    /// Whether samples of which `min` is the smallest and `max` the largest can add up to `sum`, which is nowhere rounded.
    @inline(__always)
    static func areSummable(_ sum: Double, _ count: Int64, _ min: Double, _ max: Double) -> Bool {
        let others = Double(count - 1)
        return sum >= others * min + max && sum <= others * max + min
    }

    /// Mends what the original's clients get wrong, and refuses what else contradicts itself.
    ///
    /// These clients know whole numbers only, and mistake 0 for absent while they look for the smallest, the largest and the first
    /// sample: of `0 5` they send `sum 5 cnt 2 min 5 max 5 fst 5 lst 5 bot 5 top 5`, which no two samples between 5 and 5 add up
    /// to. What is hidden from `min` and `max` can only be a 0, so they are widened to it, and the aggregate is marked
    /// ``isApproximate``, because `bottom` and `top` do not know it either.
    ///
    /// Numbers that a sender has rounded are marked as well. The others are checked before: see ``checked()``.
    public consuming func mended() throws(AggregateError) -> Aggregate {
        if bottom > top { throw AggregateError(field: "bot", problem: "is \(bottom), which is more than top, \(top)") }
        if Self.areSummable(sum, count, min, max) { return self }
        let (low, high) = (Swift.min(min, 0), Swift.max(max, 0))
        if packedSketch == nil, isOfWholeNumbers, Self.areSummable(sum, count, low, high) {
            (min, max, isApproximate) = (low, high, true)
            return self
        }
        let (least, most) = (Double(count) * min, Double(count) * max)
        let lost = Self.sumTolerance * Swift.max(least.magnitude, most.magnitude)
        if sum >= least - lost, sum <= most + lost {
            // One alone, and equal ones, say all that there is to say, but for the last digits of their sum.
            isApproximate = isApproximate || !(min == max || packedSketch != nil || isSumOfExtremes(within: lost))
            return self
        }
        let rounded = Double(count) / 2 + 1
        guard sum >= least - lost - rounded, sum <= most + lost + rounded else { throw notSummable }
        isApproximate = true
        return self
    }

    /// Whether the sum is one of samples of which one is `min` and one `max`, but for what is lost in adding.
    private func isSumOfExtremes(within lost: Double) -> Bool {
        let others = Double(count - 1)
        return sum >= others * min + max - lost && sum <= others * max + min + lost
    }

    private var isOfWholeNumbers: Bool {
        [sum, min, max, bottom, top, first, last].allSatisfy { $0.rounded(.towardZero) == $0 && $0.magnitude <= 0x1p53 }
    }

    private var notSummable: AggregateError {
        let range = min == max ? "of \(min)" : "from \(min) to \(max)"
        return AggregateError(field: "sum", problem: "is \(sum), which \(count) samples \(range) do not add up to")
    }
}
