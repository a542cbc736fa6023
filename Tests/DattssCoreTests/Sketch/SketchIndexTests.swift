import DattssCore
import DattssTestSupport
import Testing

@Suite struct SketchIndexTests {
    @Test("each boundary is 2^(k/32) rounded down, exactly", arguments: Int32(0)..<32)
    func boundary(k: Int32) {
        // Goal: the table holds no mistyped or wrongly rounded digit: b^32 ≤ 2^k · (2^52)^32 < (b + 1)^32.
        let bits = SketchIndex.lowerBound(of: k).bitPattern
        #expect(bits >> 52 == 1023)
        let boundary = bits & 0x000F_FFFF_FFFF_FFFF | 1 << 52
        let exact = BigUInt.power(ofTwo: 52 * 32 + Int(k))
        #expect(BigUInt(boundary).toThe32nd <= exact)
        #expect(exact < BigUInt(boundary + 1).toThe32nd)
    }

    @Test("a bucket holds what is above its lower bound and not above its upper", arguments: seeds)
    func bucketOfRandomValues(seed: UInt64) {
        // Goal: γ^i < v ≤ γ^(i+1) for any positive double, decided in whole numbers.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let value = generator.finiteDouble().magnitude
            #expect(value == 0 || liesInItsBucket(value), "seed \(seed), value \(value)")
            let subnormal = Double(bitPattern: generator.next() >> 12 | 1)
            #expect(liesInItsBucket(subnormal), "seed \(seed), value \(subnormal)")
        }
    }

    @Test(
        "extreme values have a bucket of their own size",
        arguments: [
            Double.leastNonzeroMagnitude, Double.leastNormalMagnitude, Double.leastNormalMagnitude.nextDown,
            Double.leastNormalMagnitude.nextUp, Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude.nextDown, 1,
            Double(1).nextUp, Double(1).nextDown, 10, 0.1,
        ])
    func bucketOfExtremes(value: Double) {
        // Goal: no exponent is special.
        #expect(liesInItsBucket(value))
        #expect(SketchIndex.range.contains(SketchIndex.of(magnitude: value)))
    }

    @Test("every boundary and its two neighbours fall into the right buckets")
    func bucketsAroundBoundaries() {
        // Goal: the table of cells never misses a boundary by one.
        for k in Int32(0)..<32 {
            let bound = SketchIndex.lowerBound(of: k)
            for value in [bound.nextDown, bound, bound.nextUp] { #expect(liesInItsBucket(value), "k \(k)") }
            #expect(SketchIndex.of(magnitude: bound) == k - 1)
            #expect(SketchIndex.of(magnitude: bound.nextUp) == k)
        }
    }

    @Test("a power of two is the last value of its bucket", arguments: [-1074, -1073, -1022, -1021, -1, 0, 1, 2, 52, 1023])
    func powersOfTwo(exponent: Int) {
        // Goal: the only boundaries that doubles can hit exactly belong to the bucket below.
        let power = Double(sign: .plus, exponent: exponent, significand: 1)
        #expect(SketchIndex.of(magnitude: power) == Int32(exponent) * 32 - 1)
        #expect(SketchIndex.of(magnitude: power.nextUp) >= Int32(exponent) * 32)
    }

    @Test("the range is that of the smallest and the greatest double")
    func range() {
        // Goal: the range that decoders check is neither too narrow nor too wide.
        #expect(SketchIndex.range.lowerBound == SketchIndex.of(magnitude: .leastNonzeroMagnitude))
        #expect(SketchIndex.range.upperBound == SketchIndex.of(magnitude: .greatestFiniteMagnitude))
    }

    @Test("a bucket's representative is within 1.09 % of its values", arguments: seeds)
    func representative(seed: UInt64) {
        // Goal: the promise of the design, for every normal double.
        #expect(SketchIndex.relativeError < 0.0109)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5000 {
            let value = generator.finiteDouble().magnitude
            guard value.isNormal else { continue }
            let representative = SketchIndex.representative(of: SketchIndex.of(magnitude: value))
            #expect(isWithinSketchError(representative, of: value), "seed \(seed), value \(value)")
        }
    }

    @Test("the representative of every index is finite and positive")
    func representativesAreFinite() {
        // Goal: a quantile is a number, whatever bucket it comes from.
        for index in SketchIndex.range {
            let value = SketchIndex.representative(of: index)
            guard value.isFinite, value > 0 else {
                Issue.record("index \(index): \(value)")
                return
            }
        }
    }

    /// v = m · 2^(e − 52) and i = 32 E + k: compare m^32 with 2^(52 · 32 + 32 (E − e) + k) and with its double.
    private func liesInItsBucket(_ value: Double) -> Bool {
        let index = Int(SketchIndex.of(magnitude: value))
        let mantissa = UInt64(value.significand * 0x1p52)
        let exponent = 52 * 32 + index - 32 * Int(value.exponent)
        guard (0...52 * 32 + 32).contains(exponent) else { return false }
        let power = BigUInt(mantissa).toThe32nd
        return BigUInt.power(ofTwo: exponent) < power && power <= BigUInt.power(ofTwo: exponent + 1)
    }
}
