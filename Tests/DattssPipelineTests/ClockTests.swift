import DattssCore
import DattssLog
import DattssTestSupport
import Synchronization
import Testing

@testable import DattssPipeline

/// What the pipeline waits for is the clock that it was given.
@Suite("The pipeline's clock")
struct ClockTests {
    private static let ann = UserID("ann")!
    private static let hits = StatisticKey(.counter, "hits")
    private static let noSpace: Int32 = 28

    private func send(_ harness: PipelineHarness) async {
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [1])]), of: Self.ann) == .accepted)
    }

    /// Goal: a server that saw a clock ahead, which no batch tells of, starts again.
    @Test("a log whose time goes back by less than an hour is replayed")
    func timeGoesBack() throws {
        var replay = Replay(now: Timestamp(seconds: 1_795_330_000), limits: Limits())
        let noon = Timestamp(seconds: 1_795_176_000)
        for (number, seconds) in [1810, 1790, 1795, 1850, 1700].enumerated() {
            replay.restore(
                AcceptedBatch(
                    user: Self.ann, batch: batch([(Self.hits, [1])]),
                    at: noon.advanced(byMilliseconds: Int64(seconds) * 1000), lsn: LSN(UInt64(number + 1))),
                isCovered: false)
        }
        let outcome = replay.outcome(lastLSN: LSN(5))
        let counts = outcome.unwritten.flatMap { $0.users.flatMap { $0.aggregates.map(\.aggregate.count) } }
        #expect(counts == [1, 2, 1])
    }

    /// Goal: the clock is set while an aggregator is minutes behind, and no statistic gets what another one was sent.
    @Test("numbers that are under way are given to nobody else, however late an aggregator is")
    func lateAggregator() async throws {
        let (disk, clock) = (SimulatedFileSystem(), ManualClock(Timestamp(seconds: 1_795_330_020)))
        try DataFolder.lock("/data", fileSystem: disk).release()
        let pipeline = try Pipeline(
            PipelineConfiguration(directory: "/data", syncMode: .never, fileSystem: disk, clock: clock)
        ) { _ in }
        func send(_ path: String) async {
            let batch = batch([(StatisticKey(.counter, path), [1])])
            #expect(await pipeline.ingest.submit(batch, of: Self.ann) == .accepted)
        }
        let writing = Task { await pipeline.acceptedWriter.run() }
        await send("hits")
        for _ in 0..<2 {
            clock.advance(byMilliseconds: 60_000)
            await send("hits")
        }
        clock.jump(byMilliseconds: 3 * 86_400_000)
        let aggregating = Task { await pipeline.directory.run() }
        #expect(await pipeline.queries.status(of: Self.ann).statistics.map(\.sum) == [3])
        await send("others")
        await send("hits")
        let status = await pipeline.queries.status(of: Self.ann).statistics
        #expect(status.map(\.key.path) == ["hits", "others"] && status.map(\.sum) == [4, 1])
        pipeline.links.writeAhead.finish()
        await writing.value
        pipeline.directory.finish()
        await aggregating.value
    }

    /// Goal: `--sync second` costs a second at most, by the clock.
    @Test("what was accepted is synced when the clock has moved on by a second")
    func syncing() async throws {
        let harness = try PipelineHarness(at: Timestamp(seconds: 1_795_330_020), syncMode: .second)
        await send(harness)
        #expect(await harness.pipeline.snapshot().accepted.syncs == 0)
        for _ in 1...3 {
            // (The first batch of a minute may sync what was before it.)
            let before = await harness.pipeline.snapshot().accepted.syncs
            #expect(
                await eventually {
                    harness.clock.advance(byMilliseconds: 1000)
                    return await harness.pipeline.snapshot().accepted.syncs > before
                })
            await send(harness)
        }
        await harness.stop()
    }

    /// Goal: a full disk delays a minute, and the end of the server does not wait for a clock that stands still.
    @Test("a minute that could not be written is tried again a second later", arguments: [false, true])
    func retry(isStopped: Bool) async throws {
        let harness = try PipelineHarness()
        await send(harness)
        harness.fileSystem.fail(operation: 1, of: .append, with: .error(Self.noSpace), isPermanent: true)
        harness.clock.advance(byMilliseconds: 60_000)
        #expect(await eventually { await harness.pipeline.snapshot().failedMinuteWrites == 1 })
        if isStopped {
            await harness.stop()
        } else {
            harness.fileSystem.removeFaults()
            #expect(
                await eventually {
                    harness.clock.advance(byMilliseconds: 1000)
                    return await harness.pipeline.snapshot().minutes.frames > 0
                })
        }
        try await harness.killAndRestart()
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 1)
        await harness.stop()
    }

    /// Goal: nobody who waits for a moment waits for months because the clock was set back.
    @Test("a clock that is set back ends the open minute, though nobody sends anything")
    func setBack() async throws {
        let harness = try PipelineHarness()
        await send(harness)
        // The watch for the minute's end has begun.
        #expect(await eventually { harness.clock.sleeperCount == 1 })
        harness.clock.jump(byMilliseconds: -40 * 86_400_000)
        #expect(await eventually { await harness.pipeline.snapshot().minutes.frames >= 1 })
        await harness.stop()
    }

    /// Goal: what a clock that was ahead did to the totals is nothing, also when minutes ended there.
    @Test("a clock that was a month ahead for some minutes forgets no total")
    func aheadForMinutes() async throws {
        let harness = try PipelineHarness()
        let silent = StatisticKey(.counter, "silent")
        #expect(await harness.pipeline.ingest.submit(batch([(silent, [40])]), of: Self.ann) == .accepted)
        for hour in 0..<30 {
            if hour == 28 { harness.clock.jump(byMilliseconds: 30 * 86_400_000) }
            if hour == 29 { harness.clock.jump(byMilliseconds: -30 * 86_400_000) }
            for _ in 0..<3 {
                await send(harness)
                harness.clock.advance(byMilliseconds: hour < 28 ? 1_200_000 : 60_000)
            }
        }
        #expect(await harness.status(of: Self.ann).keys.sorted() == [Self.hits])
        try await harness.shutDownAndRestart()
        #expect(await harness.pipeline.ingest.submit(batch([(silent, [2])]), of: Self.ann) == .accepted)
        #expect(await harness.status(of: Self.ann)[silent]?.sum == 42)
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 90)
        await harness.stop()
    }

    /// Goal: the same when the clock was set between the look at it and the sleep.
    @Test("a clock that is set back before the watch sleeps is noticed")
    func setBackBetween() async throws {
        let clock = HastyClock(Timestamp(seconds: 1_795_330_000))
        let roller = MinuteRoller(
            link: Link("rolling", capacity: 1), writeAhead: Link("ahead", capacity: 1), minutes: Link("minutes", capacity: 1),
            clock: clock)
        let watching = Task { await roller.watchClock() }
        #expect(await eventually { clock.looks >= 3 })
        watching.cancel()
        await watching.value
    }
}

/// Is set back by a day right after somebody has looked at it, the first few times: a watch that never slept would keep a processor
/// from the test. Nobody who sleeps is woken for that.
private final class HastyClock: WallClock {
    private let state: Mutex<(now: Timestamp, looks: Int)>

    init(_ now: Timestamp) { state = Mutex((now, 0)) }

    var looks: Int { state.withLock { $0.looks } }

    func now() -> Timestamp {
        state.withLock { state in
            defer { state = (state.now.advanced(byMilliseconds: state.looks < 3 ? -86_400_000 : 0), state.looks + 1) }
            return state.now
        }
    }

    func sleep(until deadline: Timestamp, since seen: Timestamp) async throws {
        if state.withLock({ $0.now }) < seen { return try Task.checkCancellation() }
        try await Self.never()
    }

    /// Ends by cancellation alone.
    private static func never() async throws {
        let (stream, _) = AsyncStream.makeStream(of: Void.self)
        for await _ in stream {}
        try Task.checkCancellation()
    }

    func uptimeMilliseconds() -> Int64 { 0 }
}
