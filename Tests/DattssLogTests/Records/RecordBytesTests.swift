import DattssCore
import DattssTestSupport
import Testing

@testable import DattssLog

/// The bytes of an accepted batch against the same written one after the other.
@Suite struct RecordBytesTests {
    @Test("a record's bytes are those that are drawn", arguments: [1, 2, 3, 0xDA77_55] as [UInt64])
    func random(seed: UInt64) throws {
        // Goal: every length of an integer, every number that is none, everything that follows from something else.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            let partials = (0..<Int.random(in: 0...5, using: &generator)).map { _ in partial(&generator) }
            try check(partials, "seed \(seed)")
        }
    }

    @Test("numbers at the borders of what is stored as an integer")
    func borders() throws {
        // Goal: each length of a varint, 2^51 and 2^53, and zeros of both signs, as each of the numbers.
        let powers = (0...62).flatMap { [Int64(1) << $0 - 1, Int64(1) << $0, Int64(1) << $0 + 1] }
        for count in powers where count > 0 {
            var aggregate = Aggregate(sample: 1)
            aggregate.count = count
            try check([Partial(StatisticKey(.counter, "a"), aggregate)], "count \(count)")
        }
        let numbers =
            powers.map(Double.init) + [0, 0.5, 1e300, .infinity, .nan, .leastNonzeroMagnitude, 0x1p53 + 2, 0x1.8p52, 0x1p51 + 0.5]
        for number in numbers + numbers.map({ -$0 }) {
            let aggregate = Aggregate(
                sum: number, count: 3, max: number, min: -number, first: 1, last: number, bottom: number + 1, top: number)
            try check([Partial(StatisticKey(.gauge, "a"), aggregate)], "\(number)")
        }
    }

    private func check(_ partials: [Partial], _ comment: Comment) throws {
        let user = try #require(UserID("someone"))
        let batch = Batch(partials: partials)
        #expect(BatchCodec.encode(user: user, batch: batch) == expected(user, batch), comment)
    }

    private func expected(_ user: UserID, _ batch: Batch) -> [UInt8] {
        var writer = ByteWriter()
        writer.appendName(user.string)
        writer.append(0)
        writer.appendVarint(batch.partials.count)
        for partial in batch.partials {
            let aggregate = partial.aggregate
            let numbers = [
                aggregate.sum, aggregate.max, aggregate.min, aggregate.first, aggregate.last, aggregate.bottom, aggregate.top,
            ]
            let areEqual = Set(numbers.dropFirst().map(\.bitPattern)).count == 1
            let isProduct = areEqual && (aggregate.max * Double(aggregate.count)).bitPattern == aggregate.sum.bitPattern
            let isOne = isProduct && aggregate.max == 1
            let stored = isOne ? [] : isProduct ? [1] : areEqual ? [0, 1] : Array(0..<7)
            let isRaw = numbers.map { integer($0) == nil }
            let bits = [
                aggregate.isEmphasised, aggregate.isApproximate, aggregate.sketch != nil, aggregate.fraction != 0.1,
                areEqual && !isOne, isProduct,
            ]
            writer.appendName(partial.key.path)
            writer.append(byte(bits) | partial.key.kind.rawValue << 6)
            writer.append(byte((0..<7).map { stored.contains($0) && isRaw[$0] }))
            writer.appendVarint(UInt64(bitPattern: aggregate.count))
            for column in stored {
                if let integer = integer(numbers[column]) {
                    writer.appendZigzag(integer)
                } else {
                    writer.appendFixed(numbers[column].bitPattern)
                }
            }
            if aggregate.fraction != 0.1 { writer.appendFixed(aggregate.fraction.bitPattern) }
            if let sketch = aggregate.packedSketch { SketchCodec.encode(sketch, into: &writer) }
        }
        return writer.bytes
    }

    /// The first bit is the lowest.
    private func byte(_ bits: [Bool]) -> UInt8 { bits.reversed().reduce(0) { $0 << 1 | ($1 ? 1 : 0) } }

    private func integer(_ number: Double) -> Int64? {
        guard let integer = Int64(exactly: number), integer.magnitude <= 1 << 53, integer != 0 || number.sign == .plus else {
            return nil
        }
        return integer
    }

    private func partial(_ generator: inout SeededGenerator) -> Partial {
        func number() -> Double {
            let bits = Int64(bitPattern: generator.next()) >> Int64.random(in: 1...63, using: &generator)
            return generator.oneIn(4) ? Double(bits) / 64 : Double(bits)
        }
        var aggregate = Aggregate(sample: generator.oneIn(3) ? 1 : number())
        aggregate.count = max(1, Int64.random(in: 1...(1 << Int64.random(in: 0...53, using: &generator)), using: &generator))
        aggregate.sum = aggregate.max * Double(aggregate.count)
        if generator.oneIn(2) { aggregate.sum = number() }
        if generator.oneIn(2) {
            (aggregate.max, aggregate.min, aggregate.first) = (number(), number(), number())
            (aggregate.last, aggregate.bottom, aggregate.top) = (number(), number(), number())
        }
        if generator.oneIn(5) { aggregate.fraction = 0.05 }
        aggregate.isEmphasised = generator.oneIn(5)
        aggregate.isApproximate = generator.oneIn(5)
        if generator.oneIn(5) {
            var samples = SampleAccumulator()
            for _ in 0..<40 { samples.add(number()) }
            aggregate.sketch = samples.partial(of: .timer)?.sketch
        }
        let name = String((0..<Int.random(in: 1...255, using: &generator)).map { _ in generator.element(of: Array("abc.:!-_09")) })
        return Partial(StatisticKey(generator.element(of: Kind.allCases), name), aggregate)
    }
}
