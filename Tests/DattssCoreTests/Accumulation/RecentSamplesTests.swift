import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct RecentSamplesTests {
    @Test("few samples are what an accumulator makes of them", arguments: [1, 2, 3, 4] as [UInt64])
    func sameAsAccumulator(seed: UInt64) {
        // Goal: the short way, without the accumulator's memory, says the same to the last bit.
        var random = SeededGenerator(seed: seed)
        let few = [0, 1, 1, 12.5, 250, -3, -0.125, 1e300, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
        for round in 0..<4000 {
            let kind = Kind.allCases[round % Kind.allCases.count]
            let count = Int.random(in: 0...RecentSamples.capacity, using: &random)
            let values = (0..<count).map { _ in
                random.oneIn(2) ? random.element(of: few) : Double(Int.random(in: -999...99_999, using: &random)) / 100
            }
            let fraction = random.element(of: [Aggregate.defaultFraction, 0.25, 0.5, 0.01])
            var accumulator = SampleAccumulator()
            var recent = RecentSamples(of: 7, kind)
            for value in values {
                accumulator.add(value)
                withUnsafeMutablePointer(to: &recent) { _ = RecentSamples.append(value, to: $0) }
            }
            let (short, long) = (
                recent.aggregate(of: kind, fraction: fraction), accumulator.partial(of: kind, fraction: fraction)
            )
            #expect(short == long, "seed \(seed): \(values)")
            let bits = { (aggregate: Aggregate?) in
                aggregate.map { [$0.sum, $0.max, $0.min, $0.first, $0.last, $0.bottom, $0.top].map(\.bitPattern) }
            }
            #expect(bits(short) == bits(long), "seed \(seed): \(values)")
        }
    }
}
