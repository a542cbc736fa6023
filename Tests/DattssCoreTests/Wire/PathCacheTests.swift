import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct PathCacheTests {
    @Test("gives what the bytes are, whatever it met before", arguments: seeds)
    func transparent(seed: UInt64) {
        // Goal: with few and with many paths, short and long, valid and not, it answers as no cache does.
        var generator = SeededGenerator(seed: seed)
        var cache = PathCache()
        var none = PathCache.none
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
        var cache = PathCache()
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

    private func path(_ text: String, _ cache: inout PathCache) -> String? {
        Array(text.utf8).withUnsafeBufferPointer { cache.path($0) }
    }

    private func address(_ text: String) -> UnsafeRawPointer? {
        var text = text
        return text.withUTF8 { UnsafeRawPointer($0.baseAddress) }
    }
}
