extension Aggregate {
    /// What ``checked()`` makes of these numbers, without a sketch; nil where it throws, and where ``mended()`` has something to do.
    ///
    /// For callers that have the numbers in hand and not yet in an aggregate, which is large to move around.
    @inline(__always)
    static func sound(
        sum: Double, count: Int64, max: Double, min: Double, first: Double, last: Double, bottom: Double, top: Double,
        fraction: Double, isEmphasised: Bool
    ) -> Aggregate? {
        // Finite exactly when all of them are, because 0 times anything else is no number.
        let isFinite = (sum * 0 + max * 0 + min * 0 + first * 0 + last * 0 + bottom * 0 + top * 0) == 0
        guard isFinite, 1...countMax ~= count, fraction > 0, fraction <= 0.5, min <= max else { return nil }
        let widestMax = Swift.max(Swift.max(max, first), Swift.max(last, Swift.max(bottom, top)))
        let widestMin = Swift.min(Swift.min(min, first), Swift.min(last, Swift.min(bottom, top)))
        guard bottom <= top, areSummable(sum, count, widestMin, widestMax) else { return nil }
        return Aggregate(
            sum: sum, count: count, max: widestMax, min: widestMin,
            first: first, last: last, bottom: bottom, top: top, fraction: fraction, isEmphasised: isEmphasised, packedSketch: nil)
    }
}
