import DattssCore
import DattssTestSupport
import Testing

/// Goal: what is kept as an integer is read as the same double, bit by bit, and what is none is never taken for one.
struct DecimalScaleTests {
    static let integers: [(Double, Int64?)] = [
        (0, 0), (-0.0, nil), (1, 1), (-1, -1), (0.5, nil), (-1.5, nil), (.leastNonzeroMagnitude, nil), (1.0.nextUp, nil),
        (0x1p51 - 0.5, nil), (0x1p51, 1 << 51), (-0x1p51, -(1 << 51)), (0x1p51 + 1, 1 << 51 + 1), (-0x1p51 - 1, -(1 << 51) - 1),
        (0x1p51 + 0.5, nil), (0x1p52 - 0.5, nil), (0x1p52 + 1, 1 << 52 + 1), (-0x1p52 - 1, -(1 << 52) - 1),
        (0x1p53 - 1, 1 << 53 - 1), (0x1p53, 1 << 53), (-0x1p53, -(1 << 53)), (0x1p53 + 2, nil), (0x1p62, nil), (1e300, nil),
        (.infinity, nil), (-.infinity, nil), (.nan, nil),
    ]

    @Test("a double is the integer that it is, up to 2^53", arguments: integers)
    func integer(of value: Double, is integer: Int64?) {
        #expect(DecimalScale.integer(value) == integer)
    }

    @Test("whatever bits a double has, an integer stands for exactly these")
    func anyBits() throws {
        var random = SeededGenerator(seed: 20_261_130)
        let plain = try #require(DecimalScale(exponent: 0))
        var found = 0
        var wrong: [Double] = []
        for _ in 0..<200_000 {
            // Shifted, so that many are integers of every size.
            let bits = random.next() >> UInt64.random(in: 0...63, using: &random)
            let value = Bool.random(using: &random) ? Double(bitPattern: bits) : Double(Int64(bitPattern: bits))
            guard let integer = DecimalScale.integer(value) else { continue }
            found += 1
            let read = [Double(integer), plain.join(integer)]
            if read.contains(where: { $0.bitPattern != value.bitPattern }) { wrong.append(value) }
        }
        #expect(wrong.isEmpty)
        #expect(found > 50_000)
    }
}
