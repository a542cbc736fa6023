import DattssCore
import DattssLog
import DattssTestSupport
import Synchronization
import Testing

@testable import DattssPipeline

@Suite("Housekeeping")
struct HousekeepingTests {
    private static let ann = UserID("ann")!
    private static let bob = UserID("bob")!
    private static let hits = StatisticKey(.counter, "hits")
    private static let wait = StatisticKey(.timer, "wait")
    /// 23:50 UTC, ten minutes before a day's end.
    private static let evening = Timestamp(seconds: 20_780 * 86_400 - 600)

    private func send(_ harness: PipelineHarness, minutes: Int, users: [UserID] = [ann, bob]) async {
        for minute in 0..<minutes {
            for user in users {
                let answer = await harness.pipeline.ingest.submit(
                    batch([(Self.hits, [1, 1]), (Self.wait, [Double(minute), 20.5])]), of: user)
                #expect(answer == .accepted)
            }
            harness.clock.advance(byMilliseconds: 60_000)
        }
    }

    /// Lets minutes pass, one after the other, until something holds.
    private func withinMinutes(of harness: PipelineHarness, _ condition: () async -> Bool) async -> Bool {
        for _ in 0..<10 {
            harness.clock.advance(byMilliseconds: 60_000)
            let passes = await harness.pipeline.snapshot().housekeeping.passes
            _ = await eventually { await harness.pipeline.snapshot().housekeeping.passes > passes }
            if await condition() { return true }
        }
        return false
    }

    private func files(_ harness: PipelineHarness, _ part: String) -> [String] {
        harness.fileSystem.files.keys.filter { $0.contains(part) }.sorted()
    }

    private final class Answer: Sendable {
        let points = Mutex<Int?>(nil)
    }

    private func surveyed(_ harness: PipelineHarness, _ user: UserID) async throws -> (points: Int, restarts: Int) {
        var (points, restarts) = (0, 0)
        let reader = SurveyReader(
            slot: { _ in 0 },
            add: { _, _, _ in
                points += 1
                return true
            },
            restart: { (points, restarts) = (0, restarts + 1) }, keys: { [] }, setTotal: { _, _ in })
        let request = SurveyRequest(
            user: user, prefix: "", minutes: Minute(0)..<Minute(1 << 40), withSketches: false, withTotals: false)
        _ = try await harness.pipeline.queries.survey(request, into: reader)
        return (points, restarts)
    }

    /// Goal: sealing is not seen from outside, before, after, and after a kill; and the segments of the day go when a later
    /// checkpoint lets them.
    @Test("a day that is over is sealed, and its answers stay the same")
    func sealing() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        await send(harness, minutes: 9)
        let before = try await harness.minutes(Self.wait, of: Self.ann)
        #expect(before.count == 9)
        await send(harness, minutes: 1)
        #expect(await eventually { await harness.pipeline.snapshot().housekeeping.sealings == 1 })
        #expect(files(harness, ".day") == ["/data/days/2026-11-22.day"])
        #expect(files(harness, ".hours") == ["/data/hours/2026-11-22.hours"])
        #expect(try await harness.minutes(Self.wait, of: Self.ann).prefix(9) == before[...])
        try await harness.killAndRestart()
        #expect(try await harness.minutes(Self.wait, of: Self.ann).prefix(9) == before[...])
        #expect(await harness.status(of: Self.bob)[Self.hits]?.sum == 20)

        // The next hour's checkpoint lies in another segment.
        let segments = files(harness, "/minutes/")
        await send(harness, minutes: 61)
        #expect(await eventually { !files(harness, "/minutes/").contains(segments[0]) })
        #expect(try await harness.minutes(Self.wait, of: Self.ann).count == 71)
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 142)
        await harness.stop()
    }

    /// Goal: a question that is asked while the day is being sealed counts every minute once.
    @Test("readers do not notice the sealing")
    func concurrentReaders() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        await send(harness, minutes: 9)
        harness.clock.advance(byMilliseconds: 60_000)
        var questions = 0
        repeat {
            let points = try await harness.minutes(Self.hits, of: Self.ann)
            #expect(points.count == 9 && points.allSatisfy { $0.aggregate.count == 2 })
            questions += 1
        } while await harness.pipeline.snapshot().housekeeping.sealings == 0 && questions < 100_000
        #expect(await harness.pipeline.snapshot().housekeeping.sealings == 1)
        await harness.stop()
    }

    /// Goal: of a deleted user nothing is left in any file, and it is said when that is so; nobody else loses anything.
    @Test("a deleted user is erased from every file", arguments: [false, true])
    func deletion(isKilled: Bool) async throws {
        let harness = try PipelineHarness(at: Self.evening)
        await send(harness, minutes: 20)
        let kept = try await harness.minutes(Self.wait, of: Self.bob)
        #expect(kept.count == 20)
        harness.accounts.retention.withLock { _ = $0.deleted.insert(Self.ann) }
        await harness.pipeline.erase(Self.ann)
        #expect(await harness.status(of: Self.ann).isEmpty)
        if isKilled {
            // What a server does with users who were not erased when it ended.
            try await harness.killAndRestart()
            await harness.pipeline.erase(Self.ann)
        }
        #expect(await withinMinutes(of: harness) { harness.accounts.erased.withLock { $0 } == [Self.ann] })
        #expect(try await harness.minutes(Self.wait, of: Self.ann).isEmpty)
        #expect(try await harness.minutes(Self.wait, of: Self.bob) == kept)

        // As a reader of the files sees it who has never heard of the deletion.
        try await harness.killAndRestart()
        #expect(await harness.status(of: Self.ann).isEmpty)
        #expect(try await harness.minutes(Self.wait, of: Self.ann).isEmpty)
        #expect(try await harness.minutes(Self.wait, of: Self.bob) == kept)
        #expect(await harness.status(of: Self.bob)[Self.hits]?.sum == 40)
        // The name may be given to somebody else.
        await send(harness, minutes: 1, users: [Self.ann])
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 2)
        await harness.stop()
    }

    /// Goal: who has been quiet since the last checkpoint is answered from a file that holds later minutes of others, as the deletion of
    /// somebody seals them; the same for a question about all statistics.
    @Test("a quiet user is answered while others' minutes are sealed on the same day")
    func quietUser() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        await send(harness, minutes: 5)
        await send(harness, minutes: 2, users: [Self.bob])
        let pipeline = harness.pipeline
        #expect(
            await eventually { await pipeline.snapshot().links.allSatisfy { $0.ledger.queued == 0 && $0.ledger.reserved == 0 } })
        await pipeline.housekeeper.pass(pipeline.minuteWriter, includingToday: true)
        #expect(await pipeline.snapshot().housekeeping.sealings == 1)
        let answer = Answer()
        let (queries, minutes) = (pipeline.queries, Minute(0)..<Minute(1 << 40))
        Task {
            let found = try await queries.minutes(of: Self.hits, user: Self.ann, in: minutes)
            answer.points.withLock { $0 = found.aggregates.count }
        }
        #expect(await eventually { answer.points.withLock { $0 } == 5 })
        let survey = try await surveyed(harness, Self.ann)
        #expect(survey.points == 10 && survey.restarts == 0)
        await harness.stop()
    }

    /// Goal: minutes go after their days and leave hours; a user with a rule of their own keeps theirs.
    @Test("minutes past their time leave hours, but for who keeps them longer")
    func retention() async throws {
        let harness = try PipelineHarness(at: Self.evening)
        harness.accounts.retention.withLock {
            $0 = Retention(limits: .init(minuteDays: 2, hourDays: 5), overrides: [Self.bob: .init(minuteDays: 4, hourDays: 9)])
        }
        await send(harness, minutes: 9)
        func counts(_ user: UserID) async throws -> [Int64] {
            try await harness.minutes(Self.hits, of: user).map(\.aggregate.count)
        }
        var ofAnn: [[Int64]] = []
        var ofBob: [[Int64]] = []
        for _ in 0..<10 {
            harness.clock.advance(byMilliseconds: 86_400_000)
            // A pass that finds nothing to seal still lets go of what is past its time; there is one on start.
            try await harness.shutDownAndRestart()
            #expect(await eventually { await harness.pipeline.snapshot().housekeeping.passes > 0 })
            ofAnn.append(try await counts(Self.ann))
            ofBob.append(try await counts(Self.bob))
        }
        let (minutes, hours) = ([Int64](repeating: 2, count: 9), [Int64(18)])
        #expect(ofAnn == [minutes, minutes, hours, hours, hours, [], [], [], [], []])
        #expect(ofBob == [minutes, minutes, minutes, minutes, hours, hours, hours, hours, hours, []])
        #expect(files(harness, ".day").isEmpty && files(harness, ".hours").isEmpty)
        await harness.stop()
    }
}
