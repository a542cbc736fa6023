import DattssCore
import DattssTestSupport
import Testing

@Suite struct DecimalNumberTests {
    @Test("random decimals become the nearest double, bit for bit", arguments: Array(1...10) as [UInt64])
    func random(seed: UInt64) {
        // Goal: both ways of converting, and the border between them, against the standard library.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<22_000 {
            let text = decimal(&generator)
            guard value(of: text)?.bitPattern == Double(text)?.bitPattern else {
                Issue.record("seed \(seed): \(text) became \(value(of: text) as Any)")
                return
            }
        }
    }

    @Test("every double's own description comes back as that double", arguments: seeds)
    func descriptions(seed: UInt64) {
        // Goal: any bit pattern, subnormals too.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5000 {
            let double = generator.finiteDouble()
            #expect(value(of: double.description)?.bitPattern == double.bitPattern, "seed \(seed), \(double)")
        }
    }

    @Test(
        "numbers at the edges of the format",
        arguments: [
            "0", "-0", "0.0", "-0.0e5", "9007199254740992", "9007199254740993", "999999999999999", "1000000000000000", "1e22",
            "1e23", "1e-22",
            "1e-23", "123456789012345e22", "1234567890123456e22", "4.9e-324", "2.4e-324", "2.2250738585072014e-308",
            "1.7976931348623157e308",
            "1e308", "1e-400", "0.000000000000000000000000000000000000000001", "18446744073709551616", "18446744073709551616e0",
            "0e999999999",
            "1E5", "1e+5", "8.5e-1", "100000000000000000000000000000000000000000000000000",
        ])
    func edges(text: String) {
        // Goal: the values that converters get wrong.
        #expect(value(of: text)?.bitPattern == Double(text)?.bitPattern)
    }

    @Test(
        "what is beyond a double's range is infinite",
        arguments: ["1e309", "1e999", "1.7976931348623159e308", "1e99999999999999999999"])
    func overflow(text: String) {
        // Goal: the caller sees it, and no exponent overflows an integer.
        #expect(value(of: text) == .infinity)
        #expect(value(of: "-" + text) == -.infinity)
    }

    @Test("an exponent that makes up for a million zeros is not cut off")
    func longFraction() {
        // Goal: a body of a mebibyte has room for this.
        #expect(value(of: "0." + String(repeating: "0", count: 1_000_010) + "1e1000020") == 1e9)
    }

    @Test(
        "what is no number of JSON is none",
        arguments: [
            "", "-", "+1", ".5", "-.5", "1.", "1.e5", "1e", "1e+", "1e-", "01", "-01", "00", "e5", "NaN", "Infinity", "--1", "٣",
        ])
    func refused(text: String) {
        // Goal: the grammar of RFC 8259, and nothing that strtod would take beyond it.
        #expect(scan(text) == nil)
    }

    @Test(
        "a number ends where it ends",
        arguments: [("12abc", 2), ("0x10", 1), ("1.5.5", 3), ("1e5e5", 3), ("-7,", 2), ("1-1", 1), ("01", nil)])
    func length(text: String, length: Int?) {
        // Goal: what follows is not taken.
        #expect(scan(text).map(\.length) == length)
    }

    private func decimal(_ generator: inout SeededGenerator) -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: range, using: &generator)).map { _ in generator.element(of: Array("0123456789")) })
        }
        var text = generator.oneIn(2) ? "-" : ""
        let whole = digits(1...(generator.oneIn(4) ? 30 : 12)).drop { $0 == "0" }
        text += whole.isEmpty ? "0" : String(whole)
        if generator.oneIn(2) { text += "." + digits(1...(generator.oneIn(4) ? 30 : 6)) }
        if generator.oneIn(2) {
            text +=
                generator.element(of: ["e", "E", "e+", "e-", "E-"])
                + String(Int.random(in: 0...(generator.oneIn(3) ? 340 : 25), using: &generator))
        }
        return text
    }

    private func scan(_ text: String) -> DecimalNumber? {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            bytes.baseAddress.flatMap { DecimalNumber.scan($0, bytes.count) }
        }
    }

    private func value(of text: String) -> Double? {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let number = DecimalNumber.scan(base, bytes.count), number.length == bytes.count
            else { return nil }
            return number.value(base)
        }
    }
}
