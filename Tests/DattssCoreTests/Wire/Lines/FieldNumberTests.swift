import DattssCore
import DattssTestSupport
import Foundation
import Testing

@Suite struct FieldNumberTests {
    @Test(
        "what strtod reads in decimal is a number",
        arguments: [
            ("0007", 7), (".5", 0.5), ("5.", 5), ("+5", 5), ("-5", -5), ("1e3", 1000), ("1.e3", 1000), (".5e1", 5), ("+.5", 0.5),
            ("-.5E-1", -0.05), ("-0", -0.0), ("00", 0), ("0.", 0), (".0", 0), ("-007.50", -7.5), ("000.0100", 0.01),
            ("1e0005", 100_000), ("9007199254740993", 9_007_199_254_740_992), ("00000000000000000000001", 1),
            ("0.1", 0.1), ("1e-400", 0), ("1.7976931348623157e308", .greatestFiniteMagnitude),
        ])
    func numbers(text: String, value: Double) {
        // Goal: the field's numbers, to the last bit and the sign of zero.
        #expect(FieldNumber.value(text.utf8)?.bitPattern == value.bitPattern)
    }

    @Test(
        "anything else is none",
        arguments: [
            "", ".", "+", "-", "+.", "-.", "e3", ".e3", "1e", "1e+", "1.e", "+-5", "-+5", "--5", "++5", "0x10", "0x1p3", "inf",
            "-inf", "infinity", "nan", "NaN", "nan(1)", "1e999", "-1e999", "1,5", "1_000", " 5", "5 ", "5\0", "5 5", "5.5.5",
            "1e5e5",
            "5x", "x5", "٣", "５", "1e99999999999999999999",
        ])
    func refused(text: String) {
        // Goal: hexadecimals, what is not finite, blanks, and what only begins with a number.
        #expect(FieldNumber.value(text.utf8) == nil)
    }

    @Test("random numbers become the double that strtod reads, bit for bit", arguments: seeds)
    func random(seed: UInt64) {
        // Goal: no way of converting rounds another way, whatever zeros and points are around the digits.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let text = number(&generator)
            let read = strtod(text, nil)
            let value = FieldNumber.value(text.utf8)
            guard read.isFinite ? value?.bitPattern == read.bitPattern : value == nil else {
                Issue.record("seed \(seed): \(text) became \(value as Any), strtod reads \(read)")
                return
            }
        }
    }

    private func number(_ generator: inout SeededGenerator) -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: range, using: &generator)).map { _ in generator.element(of: Array("0123456789")) })
        }
        var text = generator.element(of: ["", "", "+", "-"]) + String(repeating: "0", count: generator.oneIn(2) ? 3 : 0)
        text += digits(1...(generator.oneIn(4) ? 30 : 12))
        if generator.oneIn(2) { text += "." + digits(0...(generator.oneIn(4) ? 30 : 6)) }
        if generator.oneIn(8) { text = generator.element(of: ["", "-", "+"]) + "." + digits(1...20) }
        if generator.oneIn(2) {
            text += generator.element(of: ["e", "E", "e+", "e-"]) + digits(1...(generator.oneIn(3) ? 3 : 2))
        }
        return text
    }
}
