import DattssCore
import Testing

@testable import DattssImport
@testable import dattss

@Suite struct MinuteBuilderTests {
    private let user = UserID("local")!
    /// 30 seconds into a minute.
    private let now = Timestamp(milliseconds: 30_000_000 * 60_000 + 30_000)
    private let cpu = StatisticKey(.gauge, "cpu")

    private func sample(_ milliseconds: Int64, _ value: Double, _ key: StatisticKey? = nil) -> ImportSample {
        ImportSample(at: now.advanced(byMilliseconds: milliseconds), key: key ?? cpu, value: value)
    }

    @Test("samples of a minute, to its last millisecond, make one aggregate; blocks are sorted by minute")
    func edges() throws {
        var builder = MinuteBuilder(now: now)
        // The minute before now begins 90 s and ends 30.001 s ago.
        builder.add(sample(-30_000, 4))
        builder.add(sample(-90_000, 1))
        builder.add(sample(-30_001, 2))
        builder.add(sample(-90_001, 3))
        builder.endFile(shiftingToNow: false)
        let blocks = builder.blocks(for: user)
        #expect(blocks.map { $0.minute.index - now.minute.index } == [-2, -1, 0])
        #expect(blocks.allSatisfy { $0.through == nil && $0.users.map(\.user) == [user] })
        #expect(blocks.map { $0.users[0].aggregates[0].aggregate.sum } == [3, 3, 4])
        let middle = blocks[1].users[0].aggregates[0].aggregate
        #expect(middle.count == 2 && middle.first == 1 && middle.last == 2)
    }

    @Test("aggregates of a minute are sorted by key, and timers carry a sketch")
    func kinds() {
        var builder = MinuteBuilder(now: now)
        let keys = [StatisticKey(.timer, "b"), StatisticKey(.gauge, "b"), StatisticKey(.counter, "a")]
        for key in keys { builder.add(sample(0, 1, key)) }
        builder.endFile(shiftingToNow: false)
        let partials = builder.blocks(for: user)[0].users[0].aggregates
        #expect(partials.map(\.key) == keys.sorted())
        #expect(partials.map { $0.aggregate.sketch != nil } == [false, true, false])
    }

    @Test("samples beyond the retention and of the future are left out and counted")
    func bounds() {
        var builder = MinuteBuilder(now: now)
        let day: Int64 = 86_400_000
        builder.add(sample(-8 * day - 30_000, 1))
        builder.add(sample(-8 * day - 30_001, 1))
        builder.add(sample(29_999, 1))
        builder.add(sample(30_000, 1))
        builder.add(sample(-400 * day, 1))
        builder.endFile(shiftingToNow: false)
        #expect(builder.kept == 2 && builder.tooOld == 2 && builder.inFuture == 1)
    }

    @Test(
        "a shift is of whole minutes and leaves the last sample at most a minute before now",
        arguments: [
            (Int64(0), Int64(0)), (-10_000, 0), (-59_999, 0), (-60_000, 1), (-90_000, 1), (86_400_000, -1440), (86_400_001, -1441),
        ] as [(Int64, Int64)])
    func shift(last: Int64, expected: Int64) {
        var builder = MinuteBuilder(now: now)
        builder.add(sample(last, 1))
        builder.add(sample(last - 120_000, 1))
        #expect(builder.endFile(shiftingToNow: true) == expected)
        let moved = last + expected * 60_000
        #expect((-59_999...0).contains(moved))
        #expect(builder.blocks(for: user).last?.minute == now.advanced(byMilliseconds: moved).minute)
    }

    @Test("every file is shifted on its own, and what meets in a minute is merged")
    func files() {
        var builder = MinuteBuilder(now: now)
        builder.add(sample(-1000 * 86_400_000, 1))
        #expect(builder.endFile(shiftingToNow: true) == 1000 * 1440)
        builder.add(sample(-60_000, 5))
        builder.add(sample(-60_000, 2, StatisticKey(.counter, "hits")))
        #expect(builder.endFile(shiftingToNow: true) == 1)
        let blocks = builder.blocks(for: user)
        #expect(blocks.count == 1)
        let aggregates = blocks[0].users[0].aggregates
        #expect(aggregates.map(\.key.path) == ["cpu", "hits"])
        #expect(aggregates[0].aggregate.sum == 6 && aggregates[0].aggregate.first == 1 && aggregates[0].aggregate.last == 5)
    }

    @Test("an empty file shifts nothing")
    func empty() {
        var builder = MinuteBuilder(now: now)
        #expect(builder.endFile(shiftingToNow: true) == 0)
        #expect(builder.blocks(for: user).isEmpty)
    }

    /// Goal: minutes are let go of while a long file is read, and nothing of the last ones is lost by it.
    @Test("a file longer than the retention keeps its last minutes, in any order")
    func longFile() {
        var builder = MinuteBuilder(now: now, retentionMinutes: 100)
        for minute in 0..<5000 as Range<Int64> {
            builder.add(sample(minute * 60_000 - 1_000_020_000, Double(minute)))
            builder.add(sample((minute - 50) * 60_000 - 1_000_020_000, 0))
        }
        builder.endFile(shiftingToNow: true)
        let blocks = builder.blocks(for: user)
        #expect(blocks.count == 101)
        #expect(blocks.map { $0.users[0].aggregates[0].aggregate.max } == (4899..<5000).map(Double.init))
        #expect(builder.kept + builder.tooOld == 10_000)
        #expect(blocks.last?.minute == now.minute)
    }

    @Test("minutes are exact against arithmetic over all samples", arguments: [1, 2, 3] as [UInt64])
    func exactness(seed: UInt64) throws {
        var state = seed
        func next(_ bound: UInt64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64((state >> 33) % bound)
        }
        var builder = MinuteBuilder(now: now)
        var values: [Minute: [Double]] = [:]
        for _ in 0..<3000 {
            let sample = sample(-next(6_000_000), Double(next(1000)) / 8)
            builder.add(sample)
            values[sample.at.minute, default: []].append(sample.value)
        }
        builder.endFile(shiftingToNow: false)
        let blocks = builder.blocks(for: user)
        #expect(blocks.count == values.count, "seed \(seed)")
        for block in blocks {
            let aggregate = block.users[0].aggregates[0].aggregate
            let expected = try #require(values[block.minute])
            let sorted = expected.sorted()
            #expect(aggregate.sum == expected.reduce(0, +) && aggregate.count == expected.count, "seed \(seed)")
            #expect(aggregate.min == sorted.first && aggregate.max == sorted.last)
            #expect(aggregate.first == expected.first && aggregate.last == expected.last)
            #expect(aggregate.top == sorted[Int((0.9 * Double(sorted.count)).rounded(.up)) - 1])
        }
    }
}
