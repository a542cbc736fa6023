import DattssCore
import DattssTestSupport
import Foundation
import Testing

@Suite struct JSONWriterTests {
    @Test("doubles come back exactly", arguments: seeds)
    func doubles(seed: UInt64) throws {
        // Goal: the shortest decimals are bit for bit the same double, for the standard library and for our own reader;
        // Foundation reads them as JSON, but not always to the last bit.
        var generator = SeededGenerator(seed: seed)
        var values = [
            0, -0.0, 1, -1, 0x1p53, -0x1p53, 0x1p53 + 2, 0x1p63, 1e22, 0.1, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
        ]
        for _ in 0..<1500 { values.append(generator.finiteDouble()) }
        for _ in 0..<500 { values.append(Double(Int64.random(in: -(1 << 54)...(1 << 54), using: &generator)) / 4) }
        var json = JSONWriter()
        json.array { json in for value in values { json.value(value) } }
        let text = String(decoding: json.bytes, as: UTF8.self)
        let words = text.dropFirst().dropLast().split(separator: ",").map(String.init)
        #expect(words.map { Double($0)?.bitPattern } == values.map(\.bitPattern), "seed \(seed)")
        let read = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [Double])
        #expect(read.count == values.count)
        for (a, b) in zip(read, values) { #expect((a - b).magnitude <= b.magnitude * 1e-14, "seed \(seed)") }
        var own: [UInt64] = []
        try json.bytes.withUnsafeBytes { bytes in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in
                try cursor.array { (_, cursor) throws(WireError) in own.append(try cursor.number().bitPattern) }
            }
        }
        #expect(own == values.map(\.bitPattern), "seed \(seed)")
    }

    @Test(
        "whole numbers have no fraction and no exponent up to 2^53",
        arguments: [
            (0, "0"), (-7, "-7"), (9_007_199_254_740_992, "9007199254740992"), (1.5, "1.5"), (-0.0, "-0.0"),
        ] as [(Double, String)])
    func wholeNumbers(value: Double, text: String) {
        // Goal: integers look like integers to every client.
        #expect(written { $0.value(value) } == text)
    }

    @Test("what JSON cannot say is null", arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(value: Double) {
        // Goal: a body is always JSON.
        #expect(written { $0.value(value) } == "null")
    }

    @Test(
        "any string comes back",
        arguments: [
            "", "a", "\"\\/", "\u{0}\u{1}\u{8}\u{9}\u{A}\u{C}\u{D}\u{1F}\u{7F}", "é€😀\u{2028}", "</script>",
            String(repeating: "x", count: 300),
        ])
    func strings(string: String) throws {
        // Goal: escapes of everything that needs one.
        var json = JSONWriter()
        json.value(string)
        #expect(json.bytes.allSatisfy { $0 >= 0x20 })
        let read = try JSONSerialization.jsonObject(with: Data(json.bytes), options: .fragmentsAllowed) as? String
        #expect(read == string)
    }

    @Test("commas stand between members and elements, and nowhere else")
    func structure() {
        // Goal: nesting of everything in everything.
        let text = written { json in
            json.object { json in
                json.object("empty") { _ in }
                json.array("none") { _ in }
                json.array("mixed") { json in
                    json.value(1 as Int64)
                    json.object { $0.member("a", true) }
                    json.array { $0.null() }
                    json.array { _ in }
                    json.value("s")
                }
                json.member("string", "x")
                json.member("noString", nil as String?)
                json.member("double", 2.5)
                json.member("noDouble", nil as Double?)
                json.member("integer", 3 as Int64)
                json.member("noInteger", nil as Int64?)
                json.member("no", false)
            }
        }
        #expect(
            text
                == #"{"empty":{},"none":[],"mixed":[1,{"a":true},[null],[],"s"],"string":"x","noString":null,"double":2.5,"noDouble":null,"integer":3,"noInteger":null,"no":false}"#
        )
    }

    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        write(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
