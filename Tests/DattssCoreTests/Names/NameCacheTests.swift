import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct NameCacheTests {
    @Test("gives what the bytes are, whatever it met before", arguments: seeds)
    func transparent(seed: UInt64) {
        // Goal: with few and with many paths, short and long, valid and not, it answers as no cache does.
        var generator = SeededGenerator(seed: seed)
        var cache = NameCache()
        var none = NameCache.none
        for _ in 0..<20_000 {
            var text = "a.\(Int.random(in: 0..<4000, using: &generator))"
            if generator.oneIn(3) { text = String(repeating: "x", count: Int.random(in: 0...300, using: &generator)) + text }
            if generator.oneIn(9) { text = String(text.prefix(Int.random(in: 0...9, using: &generator))) }
            if generator.oneIn(20) { text += "/" }
            let expected = Name.isValidPath(text.utf8) ? text : nil
            #expect(path(text, &cache) == expected, "seed \(seed)")
            #expect(path(text, &none) == expected, "seed \(seed)")
        }
    }

    @Test("a path that comes again is the same string, not another one")
    func shared() throws {
        // Goal: no allocation for a path that is known, however many there are.
        var cache = NameCache()
        let paths = (0..<20_000).map { "statistic.of.a.usual.length.\($0)" }
        for text in paths { _ = path(text, &cache) }
        var sharedCount = 0
        for text in paths {
            let (first, second) = (path(text, &cache), path(text, &cache))
            #expect(first == text)
            if let first, let second, address(first) == address(second) { sharedCount += 1 }
        }
        #expect(sharedCount == paths.count)
    }

    @Test("decoders that share their names have the same strings")
    func amongDecoders() throws {
        // Goal: however many decoders meet a name, it is in memory once; what is no name is none for any of them.
        let names = SharedNames()
        var (a, b) = (NameCache(names), NameCache(names))
        for number in 0..<500 {
            let text = "statistic.of.a.usual.length.\(number)"
            let (first, second) = (try #require(path(text, &a)), try #require(path(text, &b)))
            #expect(first == text && second == text)
            #expect(address(first) == address(second))
        }
        #expect(path("no name", &a) == nil && path("no name", &b) == nil)
    }

    @Test(
        "names that differ in a byte come back as they are written, known or not",
        arguments: 1...4 as ClosedRange<UInt64>)
    func alike(seed: UInt64) {
        // Goal: names that are known by now, and names that differ in one byte.
        var generator = SeededGenerator(seed: seed)
        var cache = NameCache()
        let names = (0..<20).map { _ in
            String((0..<Int.random(in: 1...40, using: &generator)).map { _ in generator.oneIn(8) ? "b" : "a" })
        }
        for _ in 0..<2000 {
            let name = names[Int.random(in: 0..<names.count, using: &generator)]
            #expect(path(name, &cache) == name, "seed \(seed)")
        }
    }

    @Test("bytes that are no name are none, also after a name of the same length", arguments: ["a b", "a\0b", "a\u{e9}", "\n"])
    func notNames(text: String) {
        // Goal: what a file says is checked before it is believed.
        var cache = NameCache()
        #expect(path("abc", &cache) == "abc")
        #expect(path(text, &cache) == nil)
        #expect(path("abc", &cache) == "abc")
    }

    private func path(_ text: String, _ cache: inout NameCache) -> String? {
        Array(text.utf8).withUnsafeBufferPointer { cache.name($0) }
    }

    private func address(_ text: String) -> UnsafeRawPointer? {
        var text = text
        return text.withUTF8 { UnsafeRawPointer($0.baseAddress) }
    }
}
