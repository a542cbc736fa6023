import DattssCore
import DattssLog
import DattssTestSupport
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
        builder.endFile()
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
        builder.endFile()
        let partials = builder.blocks(for: user)[0].users[0].aggregates
        #expect(partials.map(\.key) == keys.sorted())
        #expect(partials.map { $0.aggregate.sketch != nil } == [false, true, false])
    }

    /// Goal: a sample is where the server keeps it: in minutes by the days that it lets go of, before them in hours, before those nowhere.
    @Test("samples of days without minutes become hours; what is older, or of the future, is left out; all are counted")
    func bounds() throws {
        let day = now.minute.day
        func at(_ day: Int64, _ seconds: Int64) -> ImportSample {
            ImportSample(at: Timestamp(seconds: day * 86_400 + seconds), key: cpu, value: Double(seconds))
        }
        var builder = MinuteBuilder(now: now)
        for sample in [
            at(day - 8, 0), at(day - 8, 60), at(day - 9, 86_399), at(day - 9, 82_800), at(day - 9, 82_799), at(day - 400, 0),
            at(day - 401, 86_399), self.sample(29_999, 1), self.sample(30_000, 1),
        ] { builder.add(sample) }
        builder.endFile()
        #expect((builder.kept, builder.keptInHours, builder.tooOld, builder.inFuture) == (7, 4, 1, 1))
        #expect(builder.hourCount == 3)
        let found = builder.blocks(for: user).map { ($0.minute.index, $0.users[0].aggregates[0].aggregate) }
        let expected: [(Int64, Double)] = [
            ((day - 400) * 1440, 0), ((day - 9) * 1440 + 22 * 60, 82_799), ((day - 9) * 1440 + 23 * 60, 86_399 + 82_800),
            ((day - 8) * 1440, 0), ((day - 8) * 1440 + 1, 60), (now.minute.index, 1),
        ]
        #expect(found.map(\.0) == expected.map(\.0) && found.map(\.1.sum) == expected.map(\.1))
        #expect(found[2].1.count == 2 && found[2].1.first == 86_399 && found[2].1.last == 82_800)
        // Kept for less long.
        var short = MinuteBuilder(now: now, limits: .init(minuteDays: 1, hourDays: 3))
        for age in 0..<6 as Range<Int64> { short.add(at(day - age, 0)) }
        short.endFile()
        #expect((short.kept, short.keptInHours, short.tooOld) == (4, 2, 2))
    }

    /// Goal: the hours of a file whose lines are in any order, and of several files, are those of arithmetic over all samples.
    @Test("hours are exact against arithmetic over all samples", arguments: [1, 2, 3] as [UInt64])
    func hours(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var builder = MinuteBuilder(now: now)
        var values: [Minute: [Double]] = [:]
        for count in [4000, 500] {
            for _ in 0..<count {
                let sample = sample(
                    -Int64.random(in: 10 * 86_400_000..<300 * 86_400_000, using: &generator),
                    Double.random(in: 0..<9, using: &generator).rounded())
                builder.add(sample)
                values[Minute(sample.at.minute.index / 60 * 60), default: []].append(sample.value)
            }
            builder.endFile()
        }
        let blocks = builder.blocks(for: user)
        #expect(blocks.count == values.count && builder.hourCount == values.count && builder.keptInHours == 4500, "seed \(seed)")
        for block in blocks {
            let aggregate = block.users[0].aggregates[0].aggregate
            let expected = try #require(values[block.minute])
            #expect(aggregate.sum == expected.reduce(0, +) && aggregate.count == expected.count, "seed \(seed)")
            #expect(aggregate.min == expected.min() && aggregate.max == expected.max())
            #expect(aggregate.first == expected.first && aggregate.last == expected.last, "seed \(seed)")
        }
    }

    @Test(
        "a shift is of whole minutes and leaves the last sample at most a minute before now",
        arguments: [
            (Int64(0), Int64(0)), (-10_000, 0), (-59_999, 0), (-60_000, 1), (-90_000, 1), (86_400_000, -1440), (86_400_001, -1441),
        ] as [(Int64, Int64)])
    func shift(last: Int64, expected: Int64) {
        var builder = MinuteBuilder(now: now, shiftsToNow: true)
        builder.add(sample(last, 1))
        builder.add(sample(last - 120_000, 1))
        #expect(builder.endFile() == expected)
        let moved = last + expected * 60_000
        #expect((-59_999...0).contains(moved))
        #expect(builder.blocks(for: user).last?.minute == now.advanced(byMilliseconds: moved).minute)
    }

    @Test("every file is shifted on its own, and what meets in a minute is merged")
    func files() {
        var builder = MinuteBuilder(now: now, shiftsToNow: true)
        builder.add(sample(-1000 * 86_400_000, 1))
        #expect(builder.endFile() == 1000 * 1440)
        builder.add(sample(-60_000, 5))
        builder.add(sample(-60_000, 2, StatisticKey(.counter, "hits")))
        #expect(builder.endFile() == 1)
        let blocks = builder.blocks(for: user)
        #expect(blocks.count == 1)
        let aggregates = blocks[0].users[0].aggregates
        #expect(aggregates.map(\.key.path) == ["cpu", "hits"])
        #expect(aggregates[0].aggregate.sum == 6 && aggregates[0].aggregate.first == 1 && aggregates[0].aggregate.last == 5)
    }

    @Test("an empty file shifts nothing")
    func empty() {
        var builder = MinuteBuilder(now: now, shiftsToNow: true)
        #expect(builder.endFile() == 0)
        #expect(builder.blocks(for: user).isEmpty)
    }

    /// Goal: minutes are let go of while a long file is read, and nothing of the last ones is lost by it.
    @Test("a file longer than the retention keeps its last minutes, in any order")
    func longFile() {
        var builder = MinuteBuilder(now: now, shiftsToNow: true, retentionMinutes: 100)
        for minute in 0..<5000 as Range<Int64> {
            builder.add(sample(minute * 60_000 - 1_000_020_000, Double(minute)))
            builder.add(sample((minute - 50) * 60_000 - 1_000_020_000, 0))
        }
        builder.endFile()
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
        builder.endFile()
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
