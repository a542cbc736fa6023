import DattssCore
import DattssPipeline
import DattssTestSupport
import Testing

/// What is unusual is found minute after minute while samples come in, and nothing of it is lost by a kill.
@Suite struct UnusualWatcherTests {
    private static let ann = UserID("ann")!
    private static let ben = UserID("ben")!
    private static let load = StatisticKey(.gauge, "load")

    /// Five minutes: the load of ann is what a test makes of it, that of ben is quiet.
    private func send(_ harness: PipelineHarness, load: Double, _ generator: inout SeededGenerator) async {
        let quiet = 4 + generator.normal() / 4
        #expect(await harness.pipeline.ingest.submit(batch([(Self.load, [load])]), of: Self.ann) == .accepted)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.load, [quiet])]), of: Self.ben) == .accepted)
        harness.clock.advance(byMilliseconds: 300_000)
    }

    /// Seventeen hours, which are enough to know it.
    private func sendCalm(_ harness: PipelineHarness, _ generator: inout SeededGenerator) async {
        for _ in 0..<200 {
            let load = 4 + generator.normal() / 4
            await send(harness, load: load, &generator)
        }
    }

    @Test("a load that grows tenfold is unusual, also after a kill, and of nobody else; a restart makes nothing unusual")
    func storm() async throws {
        // Goal: seventeen hours are enough to know it; then a storm of an hour, and a kill in the middle of it.
        let harness = try PipelineHarness(at: Timestamp(seconds: 1_795_305_600))
        var generator = SeededGenerator(seed: 11)
        await sendCalm(harness, &generator)
        #expect(await harness.status(of: Self.ann).count == 1)
        try await harness.killAndRestart()
        for _ in 0..<2 { await send(harness, load: 4, &generator) }
        #expect(await eventually { await harness.pipeline.unusual.unusual(of: Self.ann).knownCount == 1 })
        #expect(await harness.pipeline.unusual.unusual(of: Self.ann).statistics.isEmpty)

        for _ in 0..<6 { await send(harness, load: 40, &generator) }
        #expect(await eventually { await harness.pipeline.unusual.unusual(of: Self.ann).statistics.count == 1 })
        let found = try #require(await harness.pipeline.unusual.unusual(of: Self.ann).statistics.first)
        #expect(found.key == Self.load && found.points.count == 24)
        // In short it is the same, for whoever looks at the status.
        #expect(await eventually { harness.pipeline.unusual.summary(of: Self.ann)[Self.load]?.since == found.since })
        let summary = try #require(harness.pipeline.unusual.summary(of: Self.ann)[Self.load])
        #expect(summary.score > 1 && harness.pipeline.unusual.summary(of: Self.ben).isEmpty)
        try await compareLookingBack(harness, found)

        try await harness.killAndRestart()
        await send(harness, load: 40, &generator)
        #expect(await eventually { await harness.pipeline.unusual.unusual(of: Self.ann).statistics.first?.since == found.since })
        #expect(await harness.pipeline.unusual.unusual(of: Self.ben).statistics.isEmpty)
        await harness.stop()
    }

    /// Goal: whoever looks back finds what was found then, and before the storm nothing.
    private func compareLookingBack(_ harness: PipelineHarness, _ found: UnusualList.Statistic) async throws {
        let queries = harness.pipeline.queries
        let now = harness.clock.now().minute
        func unusual(before minute: Minute, hasTime: Bool = true) async throws -> UnusualList {
            try await queries.unusual(
                of: Self.ann, before: minute, among: [Self.load], isWanted: { true }, hasTime: { hasTime })
        }
        let then = try await unusual(before: now)
        #expect(then.knownCount == 1 && then.unknownCount == 0)
        #expect(then.statistics.map(\.key) == [Self.load] && then.statistics.first?.since == found.since)
        // What was found is a list of some minutes ago, if the watcher has not come further: then the one begins later than the other.
        let (values, later) = (found.points.map(\.value), then.statistics.first?.points.map(\.value) ?? [])
        #expect((0...6).contains { values.dropFirst($0).elementsEqual(later.dropLast($0)) && later.count == values.count })
        let calm = try await unusual(before: found.since.minute)
        #expect(calm.knownCount == 1 && calm.statistics.isEmpty)
        // What there is no time for, and of which too little is known, is not known.
        for list in [try await unusual(before: now, hasTime: false), try await unusual(before: now.advanced(by: -17 * 60))] {
            #expect(list.knownCount == 0 && list.unknownCount == 1 && list.statistics.isEmpty)
        }
        await #expect(throws: PastError.ended) {
            try await queries.unusual(
                of: Self.ann, before: now, among: [Self.load], isWanted: { false }, hasTime: { true })
        }
    }

    @Test("what is unusual is told at once after a clock that was ahead is set back")
    func setBack() async throws {
        // Goal: hours that never were, and nobody waits until they come.
        let harness = try PipelineHarness(at: Timestamp(seconds: 1_795_305_600))
        var generator = SeededGenerator(seed: 12)
        await sendCalm(harness, &generator)
        harness.clock.jump(byMilliseconds: 5 * 3_600_000)
        for _ in 0..<3 { await send(harness, load: 4, &generator) }
        #expect(await eventually { await harness.pipeline.unusual.unusual(of: Self.ann).knownCount == 1 })
        harness.clock.jump(byMilliseconds: -5 * 3_600_000)
        for _ in 0..<2 { await send(harness, load: 4, &generator) }
        for _ in 0..<6 { await send(harness, load: 40, &generator) }
        #expect(await eventually { await harness.pipeline.unusual.unusual(of: Self.ann).statistics.first?.key == Self.load })
        await harness.stop()
    }

    @Test("of a new statistic, and of a user who is not there, nothing is known")
    func nothing() async throws {
        let harness = try PipelineHarness()
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<3 { await send(harness, load: 1, &generator) }
        #expect(await eventually { await harness.pipeline.unusual.unusual(of: Self.ann).unknownCount == 1 })
        #expect(await harness.pipeline.unusual.unusual(of: Self.ann).knownCount == 0)
        #expect(await harness.pipeline.unusual.unusual(of: UserID("nobody")!).unknownCount == 0)
        await harness.pipeline.erase(Self.ann)
        await sendOfBen(harness)
        #expect(harness.pipeline.unusual.summary(of: Self.ann).isEmpty)
        #expect(await eventually { await harness.pipeline.unusual.unusual(of: Self.ann).unknownCount == 0 })
        await harness.stop()
    }

    private func sendOfBen(_ harness: PipelineHarness) async {
        #expect(await harness.pipeline.ingest.submit(batch([(Self.load, [1])]), of: Self.ben) == .accepted)
        harness.clock.advance(byMilliseconds: 60_000)
    }
}
