import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Synchronization
import Testing

/// Goal: a clock that is wrong erases nothing, for however short or long; and what is said of it is true.
@Suite("A clock that is wrong")
struct WrongClockTests {
    private static let ann = UserID("ann")!
    private static let hits = StatisticKey(.counter, "hits")
    private static let silent = StatisticKey(.counter, "silent")
    private static let day: Int64 = 86_400_000
    private static let start = Timestamp(seconds: 20_780 * 86_400 + 3600)

    /// Twelve days of a server, of which eight are kept as minutes.
    private func life() async throws -> PipelineHarness {
        let harness = try PipelineHarness(at: Self.start)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.silent, [40])]), of: Self.ann) == .accepted)
        for _ in 0..<12 {
            await send(harness)
            harness.clock.advance(byMilliseconds: Self.day)
        }
        #expect(await eventually { await harness.pipeline.snapshot().sealed.files >= 12 + 8 })
        await settled(harness)
        return harness
    }

    private func send(_ harness: PipelineHarness) async {
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [1, 1])]), of: Self.ann) == .accepted)
    }

    /// Lets hours end until a pass that began after this is over.
    private func settled(_ harness: PipelineHarness) async {
        for _ in 0..<2 {
            let passes = await harness.pipeline.snapshot().housekeeping.passes
            await send(harness)
            harness.clock.advance(byMilliseconds: 3_600_000)
            #expect(await eventually { await harness.pipeline.snapshot().housekeeping.passes > passes })
        }
    }

    private func points(_ harness: PipelineHarness) async throws -> [Int64] {
        try await harness.minutes(Self.hits, of: Self.ann).map(\.aggregate.count)
    }

    private func sealed(_ harness: PipelineHarness) -> Set<String> {
        Set(harness.fileSystem.files.keys.filter { $0.hasSuffix(".day") || $0.hasSuffix(".hours") })
    }

    @Test("set forward for some seconds, or for hours, it erases nothing", arguments: [9, 30, 410])
    func ahead(days: Int64) async throws {
        let harness = try await life()
        let (files, deletions) = (sealed(harness), harness.accounts.deletions.withLock { $0.count })
        harness.accounts.clockNews.withLock { $0 = [] }
        harness.clock.jump(byMilliseconds: days * Self.day)
        for _ in 0..<3 { await settled(harness) }
        let report = await harness.pipeline.snapshot()
        #expect(report.housekeeping.heldFiles > 0)
        #expect(report.confirmedTime.doubt?.aheadMilliseconds == days * Self.day)
        harness.clock.jump(byMilliseconds: -days * Self.day)
        await settled(harness)
        #expect(sealed(harness).isSuperset(of: files))
        #expect(harness.accounts.deletions.withLock { $0.count } == deletions)
        #expect(harness.accounts.clockNews.withLock { $0 } == [.doubted, .resolved])
        #expect(await harness.pipeline.snapshot().housekeeping.heldFiles == 0)
        await harness.stop()
    }

    @Test(
        "a server that starts with it erases nothing, nor one that starts again and again",
        arguments: [-20_000, -30, 9, 30, 410])
    func started(days: Int64) async throws {
        let harness = try await life()
        let files = sealed(harness)
        #expect(await harness.status(of: Self.ann)[Self.silent] == nil)
        try await harness.shutDownAndRestart(clockJump: days * Self.day)
        for _ in 0..<4 {
            // So that something gets idle, and totals are looked through.
            for _ in 0..<2 { await settled(harness) }
            try await harness.killAndRestart()
        }
        try await harness.shutDownAndRestart(clockJump: -days * Self.day)
        await settled(harness)
        #expect(sealed(harness).isSuperset(of: files))
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [1])]), of: Self.ann) == .accepted)
        await harness.stop()
    }

    @Test("right for three days it is believed, and what is past its time goes, with a word for each file")
    func confirmed() async throws {
        let harness = try await life()
        harness.accounts.clockNews.withLock { $0 = [] }
        harness.accounts.deletions.withLock { $0 = [] }
        harness.clock.jump(byMilliseconds: 30 * Self.day)
        for _ in 0..<40 { await settled(harness) }
        #expect(harness.accounts.clockNews.withLock { $0 } == [.doubted, .confirmed])
        let deletions = harness.accounts.deletions.withLock { $0 }
        #expect(deletions.count >= 8)
        for deletion in deletions {
            #expect(deletion.step == .minute && deletion.ageDays > 8 && deletion.users == 1)
            #expect(harness.fileSystem.files[deletion.path] == nil || deletion.reason == .partlyPast)
            #expect("\(deletion)".contains("\(deletion.path)") && "\(deletion)".contains("\(deletion.ageDays) days old"))
        }
        await harness.stop()
    }

    @Test("an operator who says that it is right is believed at once")
    func trusted() async throws {
        let harness = try await life()
        harness.accounts.trustsClock.withLock { $0 = true }
        try await harness.shutDownAndRestart(clockJump: 30 * Self.day)
        #expect(await eventually { await harness.pipeline.snapshot().housekeeping.passes > 0 })
        #expect(sealed(harness).allSatisfy { $0.hasSuffix(".hours") })
        await harness.stop()
    }

    @Test("a folder of before there was a word of the time goes by its newest data")
    func withoutWord() async throws {
        let harness = try await life()
        let files = sealed(harness)
        await harness.stop()
        try harness.fileSystem.remove("/data/clock")
        try await harness.shutDownAndRestart(clockJump: 30 * Self.day)
        #expect(await eventually { await harness.pipeline.snapshot().housekeeping.passes > 0 })
        #expect(sealed(harness).isSuperset(of: files))
        await harness.stop()
    }

    @Test("a server that starts with it, in 1970 or ahead, drops no total", arguments: [-20_000, 9, 30])
    func totals(days: Int64) async throws {
        let harness = try PipelineHarness(at: Self.start)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.silent, [40])]), of: Self.ann) == .accepted)
        func live(_ days: Int64) async {
            for _ in 0..<days * 2 {
                await send(harness)
                harness.clock.advance(byMilliseconds: Self.day / 2)
                await send(harness)
                harness.clock.advance(byMilliseconds: 60_000)
            }
        }
        await live(3)
        try await harness.shutDownAndRestart(clockJump: days * Self.day)
        // (Other statistics get idle, which is when totals are looked through.)
        #expect(await harness.pipeline.ingest.submit(batch([(StatisticKey(.counter, "other"), [1])]), of: Self.ann) == .accepted)
        await live(2)
        try await harness.shutDownAndRestart(clockJump: -days * Self.day)
        await live(1)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.silent, [2])]), of: Self.ann) == .accepted)
        #expect(await harness.status(of: Self.ann)[Self.silent]?.sum == 42)
        await harness.stop()
    }
}
