import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct PackedSketchTests {
    @Test("packing loses nothing, and every question is answered as the sketch answers it", arguments: seeds)
    func roundTrip(seed: UInt64) {
        // Goal: stores of all sizes up to full and folded ones, both signs, zeros, and counts of all lengths.
        var generator = SeededGenerator(seed: seed)
        let sketch = generator.sketch()
        let packed = PackedSketch(sketch)
        #expect(Sketch(packed) == sketch, "seed \(seed)")
        #expect(packed.count == sketch.count)
        for quantile in [0, 0.001, 0.1, 0.5, 0.9, 0.999, 1] {
            #expect(packed.quantile(quantile) == sketch.quantile(quantile), "seed \(seed)")
        }
        let read = (packed.bytes + [0, 1, 2]).withUnsafeBufferPointer { PackedSketch(prefixOf: $0) }
        #expect(read == packed, "seed \(seed)")
    }

    @Test("the sketch of samples is the one to which they were added", arguments: seeds)
    func samples(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let samples = (0..<Int.random(in: 1...64, using: &generator)).map { _ in generator.sample() }.sorted()
        var sketch = Sketch()
        for sample in samples { sketch.add(sample) }
        #expect(PackedSketch(ofAscending: samples) == PackedSketch(sketch), "seed \(seed)")
        let equal = PackedSketch(of: samples[0], count: 12)
        #expect(Sketch(equal) == Sketch(of: samples[0], count: 12), "seed \(seed)")
    }

    @Test("bytes that were not packed here are refused or are a sketch, and nothing behind them is read", arguments: seeds)
    func mutations(seed: UInt64) {
        // Goal: each byte changed, and an end at every place. What is taken is whole: it packs to the same bytes again.
        var generator = SeededGenerator(seed: seed)
        let bytes = PackedSketch(generator.sketch()).bytes
        for position in bytes.indices.prefix(300) {
            var changed = bytes
            changed[position] = UInt8.random(in: 0...255, using: &generator)
            let read = changed.withUnsafeBufferPointer { PackedSketch(prefixOf: $0) }
            if let read { #expect(PackedSketch(Sketch(read)) == read, "seed \(seed), byte \(position)") }
            let cut = bytes.withUnsafeBufferPointer {
                PackedSketch(prefixOf: UnsafeBufferPointer(rebasing: $0[..<position]))
            }
            #expect(cut == nil, "seed \(seed), byte \(position)")
        }
    }

    @Test(
        "what breaks an invariant of a sketch is refused",
        arguments: [
            ("a negative count of zeros", [255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0]),
            ("more buckets than a store has", [0, 129, 4] + Array(repeating: 0, count: 2000)),
            ("an index below all", [0, 1, 131, 153, 4, 0, 0]), ("an index above all", [0, 1, 128, 128, 4, 0, 0]),
            ("a gap beyond all", [0, 2, 0, 255, 255, 3, 0, 0, 0]),
            ("a count that is too large", [0, 1, 0, 255, 255, 255, 255, 255, 255, 255, 255, 127, 0]),
            ("a varint longer than need be", [128, 0, 0, 0]), ("nothing", []),
        ] as [(String, [UInt8])])
    func invariants(name: String, bytes: [UInt8]) {
        #expect(bytes.withUnsafeBufferPointer { PackedSketch(prefixOf: $0) } == nil, "\(name)")
    }

    private static let seeds: [UInt64] = Array(1...40)
}

extension SeededGenerator {
    fileprivate mutating func sample() -> Double {
        switch Int.random(in: 0..<6, using: &self) {
        case 0: 0
        case 1: -Double.random(in: 0.001...1000, using: &self)
        default: Double.random(in: 0.001...1e6, using: &self)
        }
    }

    fileprivate mutating func sketch() -> Sketch {
        var sketch = Sketch()
        for _ in 0..<Int.random(in: 0...60, using: &self) {
            sketch.add(sample(), weight: Int64(1) << Int64.random(in: 0...40, using: &self))
        }
        // A full store, from which some were folded.
        if oneIn(4) {
            for index in 0..<Int.random(in: 500...530, using: &self) {
                sketch.add(SketchIndex.representative(of: Int32(3 * index)), weight: Int64.random(in: 1...300, using: &self))
            }
        }
        return sketch
    }
}
