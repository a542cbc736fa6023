/// Turns samples that each stand for a number of samples which is not whole, as those of a rate of 0.7 do, into whole ones:
/// without bias, and exact over many.
///
/// With a scale of 1.43 each sample counts once, and the 0.43 of all of them are laid end to end. In each unit of that line one
/// point is drawn; a sample counts once more for each point in its part (stratified sampling).
///
///     parts    |···|···|···|···|···|…
///     units    |––•––––|–––––•–|…          the first sample counts twice, the third, too
///
/// The count is never off by one or more, and exact where the parts fill whole units: 70 samples at a rate of 0.7 are 100. What is
/// expected of each sample is its scale, whatever the order in which values come: without the draw, values that alternate at a
/// rate of 2/3 would count twice or once, always the same ones.
struct FractionalWeight: Sendable {
    /// How much of the current unit is used, and where its point is.
    private var used = 0.0
    private var point: Double

    /// A sum of fractions is whole but for its last bits.
    private static let whole = 1 - 1e-9

    init(_ generator: inout SplitMix64) { point = Double.random(in: 0..<Self.whole, using: &generator) }

    /// For how many samples the next one counts.
    /// - Parameter scale: how many it stands for.
    mutating func take(_ scale: Double, _ generator: inout SplitMix64) -> Int64 {
        var weight = Int64(scale)
        let before = used
        used += scale - Double(weight)
        if before <= point, point < used { weight += 1 }
        if used >= Self.whole {
            used = max(0, used - 1)
            point = Double.random(in: 0..<Self.whole, using: &generator)
            if point < used { weight += 1 }
        }
        return weight
    }
}
