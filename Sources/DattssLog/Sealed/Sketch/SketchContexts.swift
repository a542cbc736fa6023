internal import DattssCore

/// What a count of a sketch is coded with, given how many samples were expected.
///
/// Up to ``fewMax`` expected samples the count itself is coded; from there on its distance to the expectation, zigzag. A context
/// comprises expectations (a quarter of an octave), or variances of distances (an octave), that lead to about the same
/// distribution, and has a ``SymbolTable`` of its own for ``NumberClass``es with two bits of mantissa. So the tables learn how
/// the counts of this chunk really scatter.
enum SketchContexts {
    static let mantissa = 2
    /// Tables are small, so that all that are in use stay near the processor.
    static let precision: UInt32 = 9
    static let count = fewContexts * 2 + manyContexts

    private static let fewMax = 8.0
    private static let fewContexts = 36
    private static let manyContexts = 32

    /// - Parameters:
    ///   - expected: how many samples.
    ///   - share: the part of all samples that could be there.
    /// - Returns: the context, and what is to be subtracted from the count before it is coded.
    @inline(__always)
    static func of(expected: Double, share: Double) -> (context: Int, center: Int64?) {
        if expected < fewMax {
            // Two bits of the mantissa and the exponent, from 2^−6 on.
            let octaveQuarters = Int(truncatingIfNeeded: expected.bitPattern &>> 50) &- (1023 &- 6) &* 4
            let context = Swift.max(0, octaveQuarters)
            return (share < 0.25 ? context : context &+ fewContexts, nil)
        }
        let variance = expected * (1 - share)
        let octave = Int(truncatingIfNeeded: variance.bitPattern &>> 52) &- 1023
        return (2 &* fewContexts &+ Swift.min(Swift.max(octave, 0), manyContexts &- 1), Int64(expected + 0.5))
    }

    @inline(__always)
    static func value(_ count: Int64, center: Int64?) -> UInt64 {
        guard let center else { return UInt64(bitPattern: count) }
        return Zigzag.encode(count &- center)
    }

    @inline(__always)
    static func count(_ value: UInt64, center: Int64?) -> Int64 {
        guard let center else { return Int64(bitPattern: value) }
        return center &+ Zigzag.decode(value)
    }
}
