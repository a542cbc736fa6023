import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct NameLookupTests {
    @Test("a look-up in steps finds what the one at once finds, while names come and go", arguments: seeds)
    func inSteps(seed: UInt64) {
        // Goal: not even names that share a slot, or lie behind a gap that was closed, are found by one way alone.
        var generator = SeededGenerator(seed: seed)
        var index = NameIndex()
        for _ in 0..<5000 {
            let name = Array("path.\(Int.random(in: 0..<400, using: &generator))".utf8)
            let tag = UInt8.random(in: 0...2, using: &generator)
            name.withUnsafeBufferPointer { bytes in
                let number = index.number(of: bytes, tag: tag)
                #expect(record(of: bytes, tag, in: index)?.number == number, "seed \(seed)")
                guard let number else {
                    let number = index.insert(bytes, tag: tag)
                    return index[mark: number] = UInt64(number) * 7
                }
                #expect(record(of: bytes, tag, in: index)?.mark == UInt64(number) * 7, "seed \(seed)")
                if generator.oneIn(3) { index.remove(number) }
            }
        }
    }

    @Test(
        "the record of another name, or of the same name with another tag, is not taken for it",
        arguments: [("api.hits", 1), ("api.misses", 0), ("api.hit", 0), ("api.hits.of.all", 0), ("bpi.hits", 0)])
    func another(name: String, tag: Int) {
        // Goal: names whose hashes are the same are told apart by their bytes.
        var index = NameIndex()
        Array("api.hits".utf8).withUnsafeBufferPointer { _ = index.insert($0) }
        Array("api.hits".utf8).withUnsafeBufferPointer { known in
            Array(name.utf8).withUnsafeBufferPointer { other in
                index.withLookup { lookup in
                    let place = lookup?.likelyPlace(of: HashedName(known, index.hash), tag: 0)
                    #expect(place.flatMap { lookup?.record(at: $0, of: HashedName(known, index.hash), tag: 0) }?.number == 0)
                    #expect(place.flatMap { lookup?.record(at: $0, of: HashedName(other, index.hash), tag: UInt8(tag)) } == nil)
                }
            }
        }
    }

    @Test("an index without names finds none")
    func empty() {
        let name = Array("a".utf8)
        name.withUnsafeBufferPointer { #expect(record(of: $0, 0, in: NameIndex()) == nil) }
    }

    private func record(
        of name: UnsafeBufferPointer<UInt8>, _ tag: UInt8, in index: NameIndex
    ) -> (mark: UInt64, number: Int)? {
        let hashed = HashedName(name, index.hash)
        return index.withLookup { lookup in
            lookup?.likelyPlace(of: hashed, tag: tag).flatMap { lookup?.record(at: $0, of: hashed, tag: tag) }
        }
    }
}
