import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Synchronization
import Testing

/// Goal: what was is told as it was seen then, wherever the log has it by now: in memory, in blocks, in a sealed file, or as hours.
@Suite("The status of a moment that is over")
struct PastStatusTests {
    private static let ann = UserID("ann")!
    private static let ben = UserID("ben")!
    private static let keys = [
        StatisticKey(.counter, "hits"), StatisticKey(.gauge, "load"), StatisticKey(.timer, "wait"), StatisticKey(.timer, "rare"),
    ]
    /// 23:40 UTC, twenty minutes before a day's end.
    private static let evening = Timestamp(seconds: 20_780 * 86_400 - 1200)
    private static let day: Int64 = 86_400_000

    /// What a live status showed at the last moment of each minute.
    private typealias Shown = [Minute: [StatisticKey: StatisticStatus]]

    private func past(
        _ harness: PipelineHarness, before minute: Minute, of user: UserID = ann, idleMinutes: Int64 = 1440, atMost: Int = 1000
    ) async throws -> PastStatus {
        try await harness.pipeline.queries.status(
            of: user, before: minute, idleMinutes: idleMinutes, atMost: atMost, isWanted: { true })
    }

    /// Twelve minutes in which most statistics come and go.
    private func live(_ harness: PipelineHarness) async -> Shown {
        var (shown, random) = (Shown(), SeededGenerator(seed: 5))
        for round in 0..<12 {
            for _ in 0..<4 {
                let samples = Self.keys.filter { $0.path == "rare" ? round == 1 : !random.oneIn(3) }.map { key in
                    (key: key, values: (0..<3).map { _ in Double(Int.random(in: 1...900, using: &random)) })
                }
                if !samples.isEmpty {
                    #expect(await harness.pipeline.ingest.submit(batch(samples), of: Self.ann) == .accepted)
                }
                #expect(await harness.pipeline.ingest.submit(batch([(Self.keys[0], [7])]), of: Self.ben) == .accepted)
                harness.clock.advance(byMilliseconds: 14_999)
            }
            harness.clock.advance(byMilliseconds: 3)
            shown[harness.clock.now().minute] = await harness.status(of: Self.ann)
            harness.clock.advance(byMilliseconds: 1)
        }
        return shown
    }

    private func compare(_ past: PastStatus, _ shown: [StatisticKey: StatisticStatus], _ place: String) {
        #expect(past.statistics.map(\.key) == shown.keys.sorted(), "\(place)")
        for found in past.statistics {
            guard let then = shown[found.key] else { continue }
            let place = "\(place) \(found.key)"
            let (average, expected) = (found.window.average(of: found.key.kind), then.window.average(of: found.key.kind))
            #expect(average == expected, "\(place)")
            #expect(found.window.max == then.window.max && found.window.min == then.window.min, "\(place)")
            #expect(found.last == then.last && found.isEmphasised == then.isEmphasised, "\(place)")
            #expect(found.percentiles == then.percentiles, "\(place)")
            #expect(found.seen.minute == then.seen.minute, "\(place)")
        }
    }

    @Test("is what was shown at the end of the minute, before and after it is on the disk, sealed, and after a kill")
    func likeLive() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        let shown = await live(harness)
        #expect(shown.count == 12 && shown.values.contains { $0.count == 4 })
        for place in ["fresh", "killed", "sealed"] {
            if place == "killed" { try await harness.killAndRestart() }
            if place == "sealed" {
                for _ in 0..<10 { harness.clock.advance(byMilliseconds: 60_000) }
                #expect(await harness.pipeline.ingest.submit(batch([(Self.keys[0], [1])]), of: Self.ben) == .accepted)
                harness.clock.advance(byMilliseconds: 60_000)
                #expect(await eventually { await harness.pipeline.snapshot().housekeeping.sealings >= 1 })
            }
            for (minute, then) in shown {
                let past = try await past(harness, before: minute.advanced(by: 1))
                #expect(past.at == minute.end && past.stepMinutes == 1)
                compare(past, then, "\(place) \(minute.index)")
            }
        }
        await harness.stop()
    }

    @Test("is empty before the first minute, knows nothing of minutes that follow, and nobody else's")
    func edges() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        _ = await live(harness)
        let first = Self.evening.minute
        #expect(try await past(harness, before: first).statistics.isEmpty)
        #expect(try await !past(harness, before: first.advanced(by: 1)).statistics.isEmpty)
        #expect(try await past(harness, before: first.advanced(by: 12), of: Self.ben).statistics.map(\.key) == [Self.keys[0]])
        #expect(try await past(harness, before: first.advanced(by: 12), of: UserID("nobody")!).statistics.isEmpty)
        // What was silent for longer than a statistic may be has left it.
        let rare = Self.keys[3]
        for (minutes, isThere) in [(2, true), (11, true), (12, false), (20, false)] as [(Int64, Bool)] {
            let past = try await past(harness, before: first.advanced(by: 1 + minutes), idleMinutes: 11)
            #expect(past.statistics.contains { $0.key == rare } == isThere, "\(minutes)")
        }
        await harness.stop()
    }

    @Test("of a user who is erased is nothing")
    func erased() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        _ = await live(harness)
        harness.accounts.retention.withLock { _ = $0.deleted.insert(Self.ann) }
        await harness.pipeline.erase(Self.ann)
        var isGone = false
        for _ in 0..<10 where !isGone {
            harness.clock.advance(byMilliseconds: 60_000)
            let passes = await harness.pipeline.snapshot().housekeeping.passes
            _ = await eventually { await harness.pipeline.snapshot().housekeeping.passes > passes }
            isGone = harness.accounts.erased.withLock { $0 == [Self.ann] }
        }
        #expect(isGone)
        let minute = Self.evening.minute.advanced(by: 12)
        #expect(try await past(harness, before: minute).statistics.isEmpty)
        #expect(try await past(harness, before: minute, of: Self.ben).statistics.count == 1)
        await harness.stop()
    }

    @Test("where only hours are left it is the last hour that was over, and says so")
    func hours() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        harness.accounts.retention.withLock { $0 = Retention(limits: .init(minuteDays: 1, hourDays: 30)) }
        // From 23:40 to 0:20: twenty minutes in an hour of each of two days.
        for _ in 0..<40 {
            #expect(
                await harness.pipeline.ingest.submit(batch([(Self.keys[0], [3]), (Self.keys[1], [4, 8])]), of: Self.ann)
                    == .accepted)
            harness.clock.advance(byMilliseconds: 60_000)
        }
        let midnight = Minute((Self.evening.minute.day + 1) * Minute.perDay)
        for _ in 0..<3 {
            harness.clock.advance(byMilliseconds: Self.day)
            // A pass lets go of minutes that are past their time; there is one on start.
            try await harness.shutDownAndRestart()
            #expect(await eventually { await harness.pipeline.snapshot().housekeeping.passes > 0 })
        }
        // The hour that a moment lies in was not over: the one before it was.
        for (minutes, age) in [(20, 0), (59, 0), (60, 0), (119, 0), (120, 60)] as [(Int64, Int64)] {
            let past = try await past(harness, before: midnight.advanced(by: minutes))
            #expect(past.stepMinutes == 60 && past.at == midnight.advanced(by: minutes / 60 * 60).start, "\(minutes)")
            let counter = try #require(past.statistics.first { $0.key == Self.keys[0] })
            let gauge = try #require(past.statistics.first { $0.key == Self.keys[1] })
            // Twenty minutes of 3 each, in an hour.
            #expect(counter.window.sum == (age == 0 ? 1 : 0) && gauge.last == 8, "\(minutes)")
            #expect(gauge.window.average(of: .gauge) == (age == 0 ? 6 : nil), "\(minutes)")
            #expect(counter.seen == past.at.advanced(byMilliseconds: -1 - age * 60_000), "\(minutes)")
        }
        await harness.stop()
    }

    @Test("ends when nobody waits for it, and where there are too many statistics")
    func limits() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        let samples = (0..<30).map { (key: StatisticKey(.counter, "s\($0)"), values: [1.0]) }
        #expect(await harness.pipeline.ingest.submit(batch(samples), of: Self.ann) == .accepted)
        harness.clock.advance(byMilliseconds: 60_000)
        let minute = Self.evening.minute.advanced(by: 1)
        #expect(try await past(harness, before: minute, atMost: 30).statistics.count == 30)
        await #expect(throws: PastError.tooMany(29)) { try await past(harness, before: minute, atMost: 29) }
        await #expect(throws: PastError.ended) {
            try await harness.pipeline.queries.status(
                of: Self.ann, before: minute, idleMinutes: 60, atMost: 99, isWanted: { false })
        }
        await harness.stop()
    }
}
