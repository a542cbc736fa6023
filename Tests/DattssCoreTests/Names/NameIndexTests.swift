import DattssCore
import DattssTestSupport
import Testing

@Suite struct NameIndexTests {
    @Test("names are found by the numbers that they were given, while others come and go", arguments: seeds)
    func likeADictionary(seed: UInt64) {
        // Goal: the index and a dictionary answer the same, through growth, removal and re-use.
        var generator = SeededGenerator(seed: seed)
        var index = NameIndex()
        var numbers: [Name: Int] = [:]
        for _ in 0..<20_000 {
            let name = Name(bytes: generator.bytes(), tag: UInt8.random(in: 0...2, using: &generator))
            let number = name.bytes.withUnsafeBufferPointer { index.number(of: $0, tag: name.tag) }
            #expect(number == numbers[name], "seed \(seed)")
            if let number {
                if generator.oneIn(2) {
                    index.remove(number)
                    numbers[name] = nil
                }
            } else {
                numbers[name] = name.bytes.withUnsafeBufferPointer { index.insert($0, tag: name.tag) }
            }
            #expect(index.count == numbers.count, "seed \(seed)")
        }
        #expect(Set(numbers.values).count == numbers.count, "seed \(seed)")
        #expect((numbers.values.max() ?? 0) < 10_000, "numbers are used again")
        index.removeAll()
        #expect(index.count == 0)
        for name in numbers.keys { #expect(name.bytes.withUnsafeBufferPointer { index.number(of: $0, tag: name.tag) } == nil) }
    }

    @Test("an empty name is a name")
    func empty() {
        // Goal: members of sets may be empty.
        var index = NameIndex()
        let nothing: [UInt8] = []
        nothing.withUnsafeBufferPointer { bytes in
            #expect(index.number(of: bytes) == nil)
            #expect(index.insert(bytes) == 0)
            #expect(index.number(of: bytes) == 0)
        }
        #expect(index.strings == [""])
    }

    @Test("what was removed is in no list, and its number is given out again")
    func stringsAfterRemoval() {
        var index = NameIndex()
        for name in ["a", "b", "c"] { _ = Array(name.utf8).withUnsafeBufferPointer { index.insert($0) } }
        index.remove(1)
        #expect(index.strings == ["a", "c"])
        _ = Array("d".utf8).withUnsafeBufferPointer { index.insert($0) }
        #expect(index.strings == ["a", "d", "c"])
    }

    @Test("names that differ in zero bytes at their ends are different")
    func zeroBytes() {
        // Goal: what a name's last word is filled up with is no part of it.
        var index = NameIndex()
        let names = (0...17).map { [UInt8](repeating: 0, count: $0) } + (0...8).map { [7] + [UInt8](repeating: 0, count: $0) }
        for (number, name) in names.enumerated() {
            #expect(name.withUnsafeBufferPointer { index.number(of: $0) } == nil)
            #expect(name.withUnsafeBufferPointer { index.insert($0) } == number)
        }
        #expect(index.strings.map { Array($0.utf8) } == names)
    }

    private struct Name: Hashable {
        var bytes: [UInt8]
        var tag: UInt8
    }
}

extension SeededGenerator {
    /// A few thousand different names of all short lengths.
    fileprivate mutating func bytes() -> [UInt8] {
        let length = Int.random(in: 1...24, using: &self)
        let variant = UInt8.random(in: 0..<60, using: &self)
        return (0..<length).map { $0 == length / 2 ? variant : UInt8(ascii: "a") + UInt8($0) }
    }
}
