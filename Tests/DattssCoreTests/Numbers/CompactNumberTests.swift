import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct CompactNumberTests {
    @Test(
        "short decimals and integers are compact",
        arguments: [
            0, 1, -1, 134_217_727, -134_217_727, 0.1, 0.25, -12.5, 0.01, 99.99, 1234.567, 0.000_000_01, 1.342_177_27, 5e-8,
        ])
    func compact(value: Double) {
        #expect(CompactNumber(value)?.value.bitPattern == value.bitPattern)
    }

    @Test(
        "everything else has no such form",
        arguments: [
            -0.0, 134_217_728, -134_217_728, 13_421_772.8, -1_342_177.28, 134.217_728, 1.342_177_28, 1e300, -1e300, 1.0 / 3,
            0.1 + 0.2, 0.123_456_789_1, 1e-9, .leastNonzeroMagnitude, .pi, .infinity, -.infinity, .nan, .greatestFiniteMagnitude,
        ])
    func others(value: Double) {
        #expect(CompactNumber(value) == nil)
    }

    @Test("every decimal of up to eight digits is itself again, and equal ones have equal bits", arguments: seeds)
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let digits = Int.random(in: 0...8, using: &generator)
            let divisor = powerOfTen(Int.random(in: 0...8, using: &generator))
            let integer = Int.random(in: -99_999_999...99_999_999, using: &generator) / divisor
            guard let value = Double("\(integer)e-\(digits)"), integer != 0 else { continue }
            let number = CompactNumber(value)
            #expect(number?.value.bitPattern == value.bitPattern, "\(integer)e-\(digits)")
            let longer = Double("\(integer)0e-\(digits + 1)")
            #expect(longer.flatMap { CompactNumber($0) } == number, "\(integer)e-\(digits)")
        }
        for _ in 0..<20_000 {
            // Nothing that is taken in is changed.
            let value = Double(bitPattern: generator.next())
            if let number = CompactNumber(value) { #expect(number.value.bitPattern == value.bitPattern, "\(value)") }
        }
    }

    private func powerOfTen(_ power: Int) -> Int { (0..<power).reduce(1) { product, _ in product * 10 } }

    private static let seeds: [UInt64] = Array(1...10)
}
