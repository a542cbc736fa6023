import DattssCore
import DattssTestSupport
import Testing

@Suite struct NameRewritingTests {
    @Test(
        "a name becomes the path that statsd makes of it",
        arguments: [
            ("a.b", "a.b"), ("smp gge", "smp_gge"), ("smp/gge", "smp-gge"), ("smp,gge$", "smpgge"), ("a \t\n b", "a_b"),
            ("foo/how@ever baz", "foo-however_baz"), (" a ", "_a_"), ("//", "--"), ("a=b;c", "abc"), ("\"a\"", "a"),
            ("café", "caf"),
            ("a b/c?d=é\u{1F600}", "a_b-cd"), ("a \" b", "a__b"), ("a\u{0}b", "ab"), ("http.status:200!", "http.status:200!"),
            ("a\u{A0}b", "a_b"), ("a \u{A0}\u{2003}\u{3000} b", "a_b"), ("\u{FEFF}a", "_a"),
            ("a\u{2028}b\u{1680}\u{205F}c", "a_b_c"),
            ("a\u{85}b", "ab"), ("a\u{200B}b", "ab"), ("a\u{1C}b", "ab"),
        ])
    func rewritten(name: String, path: String) {
        // Goal: each rule of statsd's own, and where its white space ends: U+0085 and U+200B are none in JavaScript.
        #expect(Name.rewritten(name.utf8) == path)
    }

    @Test("a name of which nothing is left, or too much, is refused", arguments: ["", "é", "\"\"", "\u{1F600}?=", "\u{85}"])
    func refused(name: String) {
        // Goal: there is no statistic without a name.
        #expect(Name.rewritten(name.utf8) == nil)
    }

    @Test("the path's length counts, not the name's")
    func lengths() {
        // Goal: both sides of the limit, for names that are longer than their paths.
        func name(_ count: Int) -> String { String(repeating: "é ?a", count: count) }
        #expect(Name.rewritten(name(127).utf8) == String(repeating: "_a", count: 127))
        #expect(Name.rewritten((name(127) + "é/é").utf8)?.utf8.count == 255)
        #expect(Name.rewritten((name(127) + "é//é").utf8) == nil)
    }

    @Test("bytes that are no UTF-8 are dropped, and what is white space only in part")
    func brokenUTF8() {
        // Goal: no read behind the end, wherever a character is cut off.
        let bytes: [[UInt8]] = [
            [0x61, 0xC2], [0x61, 0xE2, 0x80], [0xE2, 0x61], [0xE3, 0x80, 0x61], [0xFF, 0x61, 0x80], [0xC2, 0x61],
            [0x61, 0xEF, 0xBB],
        ]
        for name in bytes { #expect(Name.rewritten(name) == "a", "\(name)") }
    }

    @Test("whatever comes, a valid path comes out, and one that is rewritten again stays", arguments: seeds)
    func random(seed: UInt64) {
        // Goal: the result is always a path; a path is its own rewriting; a collection that is not contiguous is no other.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let name = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                generator.oneIn(3)
                    ? generator.element(of: Array(" /a.é\u{A0}\u{2003}".utf8)) : UInt8.random(in: 0...255, using: &generator)
            }
            let path = Name.rewritten(name)
            #expect(path == Name.rewritten(name.lazy.map { $0 }), "seed \(seed): \(name)")
            guard let path else { continue }
            #expect(Name.isValidPath(path.utf8) && Name.rewritten(path.utf8) == path, "seed \(seed): \(name)")
            if Name.isValidPath(name) { #expect(Array(path.utf8) == name, "seed \(seed)") }
        }
    }
}
