import DattssTestSupport
import Foundation
import Testing

@testable import DattssCore

/// Reading usual partials by the word against the way that reads everything: same partial, or same error.
@Suite struct JSONWordReaderTests {
    /// As an encoder writes them; with long numbers, with fractions, and with a sketch behind those members.
    private static let partials = [
        Bodies.counter,
        #"{"typ":"c","pth":"shop.checkout.host3.item17","sum":-12345678.25,"cnt":12345678,"max":0.30000000000000004,"min":-7.5,"top":0,"bot":-7.5,"fst":0.1,"lst":-1,"pct":0.1,"emp":true}"#,
        Bodies.counter.replacing("routes.get", with: "exactly8"),
    ]
    private static let usual = Array(
        Bodies.body(c: partials.joined(separator: ","), ms: Bodies.timer, g: Bodies.gauge, rest: #","nam":"api","seq":1,"cid":"x""#)
            .utf8)

    @Test("a usual partial is read by the word, whole")
    func isTaken() throws {
        // Goal: this is not only right because it never takes anything.
        let body = Array(Bodies.counter.utf8) + Array(repeating: UInt8(ascii: " "), count: 64)
        let names = try body.withUnsafeBytes { bytes throws(WireError) in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in
                try cursor.openObject()
                var words = JSONWordReader(cursor, isFirst: true)
                var paths = NameCache()
                var positions: [Int] = []
                while let name = words.name(), let position = UsualMember.position(of: name) {
                    let isTaken =
                        switch position {
                        case UsualMember.path: words.path(&paths) == "routes.get"
                        case UsualMember.type: words.take("\"c\"")
                        case UsualMember.emphasis: words.take("false")
                        default: words.number(isInteger: position == 1) != nil
                        }
                    guard isTaken else { break }
                    positions.append(position)
                }
                let end = words.end
                #expect(end == Bodies.counter.utf8.count - 1)
                cursor.position = end ?? 0
                let isEnded = cursor.takeObjectEnd()
                #expect(isEnded)
                return positions
            }
        }
        #expect(names == [UsualMember.type, UsualMember.path, 0, 1, 2, 3, 4, 5, 6, 7, 8, UsualMember.emphasis])
    }

    @Test("any byte of a body replaced gives the same partials or the same error")
    func replacedBytes() {
        // Goal: each place, with each byte that means something, and some that do not.
        var paths = NameCache()
        let bytes = Array("\"\\,:{}[] \t\n019.eE+-ntfa_".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xFF]
        expectAgreement(on: Self.usual, &paths)
        for position in Self.usual.indices {
            var body = Self.usual
            for byte in bytes {
                body[position] = byte
                expectAgreement(on: body, &paths, "byte \(position) is \(byte):")
            }
        }
    }

    @Test("a body that ends anywhere gives the same error, and nothing behind its end is read")
    func truncated() throws {
        // Goal: bodies that end where the memory ends: reading further would end the process.
        let guarded = try GuardedMemory(byteCount: Self.usual.count)
        for length in 1...Self.usual.count {
            let body = guarded.place(Self.usual.prefix(length))
            var paths = NameCache()
            let inPlace = Result { () throws(WireError) in try BatchDecoder.decode(body, paths: &paths) }
            let both = BothWays(Array(body), &paths)
            #expect(both.agree && inPlace == both.general, "length \(length)")
        }
    }

    @Test(
        "space, or anything else, put in anywhere gives the same", arguments: [" ", "\n", "\t\r", "0", "-", ",", "\"", "}", "null"])
    func inserted(text: String) {
        // Goal: pretty-printed bodies, and members and numbers that run into something.
        var paths = NameCache()
        for position in 0...Self.usual.count {
            var body = Self.usual
            body.insert(contentsOf: text.utf8, at: position)
            expectAgreement(on: body, &paths, "at \(position):")
        }
    }

    @Test("a byte left out, or written twice, gives the same")
    func missing() {
        // Goal: each place.
        var paths = NameCache()
        for position in Self.usual.indices {
            var body = Self.usual
            let byte = body.remove(at: position)
            expectAgreement(on: body, &paths, "without \(position):")
            body.insert(contentsOf: [byte, byte], at: position)
            expectAgreement(on: body, &paths, "twice \(position):")
        }
    }

    @Test("members in any order, left out, doubled, null or of version 1 give the same", arguments: seeds)
    func members(seed: UInt64) {
        // Goal: the reader comes back behind what it leaves to the other way, and keeps count of what is there.
        var generator = SeededGenerator(seed: seed)
        var paths = NameCache()
        let usual = Bodies.counter.dropFirst().dropLast().split(separator: ",").map(String.init)
        let others = [
            #""nam":"a.b""#, #""nam":1"#, #""pth":null"#, #""pth":"a b""#, #""pth":"\u0061""#, #""skt":{"z":340}"#, #""skt":null"#,
            #""other":[1]"#, #""abc":1"#, #""sum":1e2"#, #""cnt":9007199254740993"#, #""cnt":1.5"#, #""emp":null"#, #""typ":"ms""#,
            #""pct":null"#, #""s\u0075m":1"#, #" "max" : 3"#, #""min":-0"#, #""":1"#, #""pth":"""#,
        ]
        var decodedCount = 0
        for _ in 0..<600 {
            let partials = (0..<3).map { _ in
                var members = usual
                if generator.oneIn(2) { members.shuffle(using: &generator) }
                for _ in 0..<Int.random(in: 0...2, using: &generator) {
                    let place = Int.random(in: 0...members.count, using: &generator)
                    switch Int.random(in: 0..<5, using: &generator) {
                    case 0 where place < members.count: members.remove(at: place)
                    case 1 where place < members.count: members.insert(members[place], at: place)
                    default: members.insert(generator.element(of: others), at: place)
                    }
                }
                return "{" + members.joined(separator: ",") + "}"
            }
            let body = Array(Bodies.body(c: partials.joined(separator: ",")).utf8)
            let both = BothWays(body, &paths)
            #expect(both.agree, "seed \(seed): \(String(decoding: body, as: UTF8.self))")
            if both.isDecoded { decodedCount += 1 }
        }
        #expect(decodedCount > 20)
    }

    @Test("a name written with escapes is the same name")
    func escapedNames() throws {
        // Goal: every letter of every name, one at a time.
        var paths = NameCache()
        for name in ["typ", "pth", "sum", "cnt", "max", "min", "top", "bot", "fst", "lst", "pct", "emp"] {
            for letter in name.indices {
                let code = String(name.utf8[letter], radix: 16)
                let escaped = name.replacingCharacters(in: letter...letter, with: "\\u00\(code)")
                let body = Array(Bodies.body(c: Bodies.counter.replacing("\"\(name)\"", with: "\"\(escaped)\"")).utf8)
                expectAgreement(on: body, &paths)
                #expect(BothWays(body, &paths).isDecoded, "\(escaped)")
            }
        }
    }

    @Test("numbers are the same to the last bit, as any number of a partial", arguments: seeds)
    func numbers(seed: UInt64) {
        // Goal: the short ones, the long ones, and all borders between them and what is left to the other way.
        var generator = SeededGenerator(seed: seed)
        var paths = NameCache()
        let edges = [
            "0", "-0", "0.0", "-0.0", "00", "01", "-01", "0.", "1.", ".5", "-", "--1", "1234567", "12345678", "123456789",
            "1234567.8",
            "123456.7", "12345.67", "0.123456", "0.1234567", "9007199254740992", "9007199254740993", "9007199254740992.0",
            "900719925474099.2", "9999999999999999999", "10000000000000000000", "18446744073709551616", "0.1234567890123456789",
            "0.12345678901234567890", "1234567890123456.7", "12345678.12345678", "1e5", "1.5e5", "1E5", "1e", "1x", "1.5x", "1 ",
            "1.5 ",
            "1.2.3", "1234567890123456789012345678901234567890", "0.0000000000000000000001", "1234567890.00000000000000000001",
            "5e-324", "1e999", "0.30000000000000004", "+1", "1-1", "0x1", "1,", "null", "٣",
        ]
        for round in 0..<1500 {
            let text = round < edges.count ? edges[round] : decimal(&generator)
            for name in ["sum", "cnt", "lst"] where round < edges.count || generator.oneIn(3) {
                var partial = Bodies.counter.replacing(#/"\#(name)":\d+/#, with: "\"\(name)\":\(text)")
                // Alone at the end of the object, too.
                if generator.oneIn(4) { partial = "{\"\(name)\":\(text)}" }
                expectAgreement(on: Array(Bodies.body(c: partial, ms: Bodies.timer).utf8), &paths, "seed \(seed):")
            }
        }
    }

    private func decimal(_ generator: inout SeededGenerator) -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: range, using: &generator)).map { _ in generator.element(of: Array("0123456789")) })
        }
        var text = generator.oneIn(3) ? "-" : ""
        text += generator.oneIn(20) ? "0" : ""
        text += digits(1...(generator.oneIn(3) ? 22 : 9))
        if generator.oneIn(2) { text += "." + digits(1...(generator.oneIn(3) ? 22 : 9)) }
        if generator.oneIn(12) { text += "e" + digits(1...2) }
        return text
    }
}
