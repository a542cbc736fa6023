import DattssCore
import DattssTestSupport
import Testing

@testable import DattssLog

@Suite struct NameCacheTests {
    @Test(
        "names come back as they are written, known or not, whichever others take their slots",
        arguments: 1...4 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        // Goal: a cache of two slots, so that nearly every name pushes another out; names that differ in one byte.
        var generator = SeededGenerator(seed: seed)
        var cache = NameCache(sizeLog: 1)
        let names = (0..<20).map { _ in
            String((0..<Int.random(in: 1...40, using: &generator)).map { _ in generator.oneIn(8) ? "b" : "a" })
        }
        for _ in 0..<2000 {
            let name = names[Int.random(in: 0..<names.count, using: &generator)]
            #expect(Array(name.utf8).withUnsafeBytes { cache.name($0) } == name, "seed \(seed)")
        }
    }

    @Test("bytes that are no name are none, also after a name of the same length", arguments: ["a b", "a\0b", "a\u{e9}", "\n"])
    func notNames(text: String) {
        // Goal: what a file says is checked before it is believed.
        var cache = NameCache(sizeLog: 0)
        #expect(Array("abc".utf8).withUnsafeBytes { cache.name($0) } == "abc")
        #expect(Array(text.utf8).withUnsafeBytes { cache.name($0) } == nil)
        #expect(Array("abc".utf8).withUnsafeBytes { cache.name($0) } == "abc")
    }
}
