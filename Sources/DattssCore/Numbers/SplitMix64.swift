/// The generator of Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014): small, and the same on
/// every machine for the same seed.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    @usableFromInline
    internal var state: UInt64

    /// - Parameter seed: the same seed gives the same numbers.
    @inlinable
    public init(seed: UInt64) { state = seed }

    /// The next of all 2^64 numbers, each of which comes once in a period.
    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
