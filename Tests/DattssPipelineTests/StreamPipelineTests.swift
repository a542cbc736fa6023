import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Synchronization
import Testing

/// Goal: with a replicated stream as accepted log nobody waits for an engine that does not answer, nobody is told what is not certain,
/// and what does not fit together is refused by name.
@Suite("A pipeline on a replicated stream")
struct StreamPipelineTests {
    private static let ann = UserID("ann")!
    private static let hits = StatisticKey(.counter, "hits")

    private func hit(_ number: Int64, _ value: Double = 1) -> Batch {
        batch([(Self.hits, [value])], origin: Batch.Origin(client: "c", sequence: number))
    }

    private func send(_ number: Int64, _ harness: PipelineHarness, _ value: Double = 1) async -> IngestAnswer {
        await harness.pipeline.ingest.submit(hit(number, value), of: Self.ann)
    }

    private func total(_ harness: PipelineHarness) async -> Double? { await harness.status(of: Self.ann)[Self.hits]?.sum }

    private func keptPosition(_ harness: PipelineHarness) async -> UInt64 { await harness.pipeline.snapshot().stream?.kept ?? 0 }

    private func reason(_ answer: IngestAnswer) -> WireError.Reason? {
        if case .refused(let error) = answer { error.reason } else { nil }
    }

    @Test(
        "an engine that is away costs a refusal, no batch, and no reading; what was under way counts once in the minute in which it came"
    )
    func away() async throws {
        let engine = SimulatedEngine(seed: 1, isCalm: true)
        let harness = try await PipelineHarness(on: engine)
        #expect(await send(1, harness) == .accepted)
        let minute = harness.clock.now().minute
        engine.setAway(true)
        #expect(reason(await send(2, harness)) == .outcomeUnknown)
        #expect(harness.pipeline.problem != nil)
        // The same again finds it pending; another one is not even sent.
        #expect(reason(await send(2, harness)) == .logUnavailable)
        #expect(reason(await send(3, harness)) == .logUnavailable)
        #expect(await total(harness) == 1)
        let standing = await harness.pipeline.snapshot().stream
        #expect(standing?.isAnswering == false && standing?.isOwned == true && standing?.uncertainAppends == 1)
        harness.clock.advance(byMilliseconds: 180_000)
        #expect(await total(harness) == 1)
        engine.setAway(false)
        #expect(await eventually { await harness.pipeline.snapshot().stream?.isAnswering == true })
        #expect(harness.pipeline.problem == nil)
        #expect(await send(2, harness) == .duplicate)
        #expect(await send(3, harness) == .accepted)
        #expect(await total(harness) == 3)
        let minutes = try await harness.minutes(Self.hits, of: Self.ann)
        #expect(minutes.map(\.start) == [minute, minute.advanced(by: 3)] && minutes.map(\.aggregate.sum) == [2, 1])
        await harness.stop()
        for (name, ledger) in await harness.pipeline.snapshot().links {
            #expect(ledger.offered == ledger.admitted + ledger.refused, "\(name)")
            #expect(ledger.admitted == ledger.processed && ledger.reserved == 0, "\(name)")
        }
    }

    @Test(
        "a server that ends while the engine is away does not wait for it; the next one finds out what counts",
        arguments: [false, true])
    func endsAway(isStored: Bool) async throws {
        let engine = SimulatedEngine(seed: 2, isCalm: true)
        let harness = try await PipelineHarness(on: engine)
        #expect(await send(1, harness) == .accepted)
        engine.setAway(true)
        #expect(reason(await send(2, harness)) == .outcomeUnknown)
        let (old, running) = (harness.pipeline, harness.finish())
        await running.value
        #expect(old.problem != nil)
        // The attempts of the one that has ended may go on: they are of a process that is still being killed.
        engine.setAway(false)
        if isStored { #expect(await eventually { engine.messageCount == 3 }) }
        try await harness.restart()
        let answer = await send(2, harness)
        #expect(answer == .duplicate || answer == .accepted && !isStored)
        #expect(await total(harness) == 2)
        await harness.stop()
    }

    @Test("groups gather while one is under way, and share a message")
    func gather() async throws {
        let engine = SimulatedEngine(seed: 3, isCalm: true)
        let harness = try await PipelineHarness(on: engine)
        let pipeline = harness.pipeline
        let before = engine.messageCount
        let answers = await withTaskGroup(of: IngestAnswer.self) { group in
            for number in 1...200 { group.addTask { [hit] in await pipeline.ingest.submit(hit(Int64(number), 1), of: Self.ann) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0 == .accepted })
        #expect(engine.messageCount - before < 150)
        #expect(await total(harness) == 200)
        await harness.stop()
    }

    @Test("no message is larger than the engine takes")
    func split() async throws {
        let engine = SimulatedEngine(seed: 4, isCalm: true, messageBytesMax: (64 << 10) + 400)
        let harness = try await PipelineHarness(on: engine)
        let pipeline = harness.pipeline
        let answers = await withTaskGroup(of: IngestAnswer.self) { group in
            for number in 1...100 { group.addTask { [hit] in await pipeline.ingest.submit(hit(Int64(number), 1), of: Self.ann) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0 == .accepted } && engine.largestMessage <= 600)
        // One that does not fit alone is refused with the limit, and takes nothing else with it.
        let large = batch((0..<200).map { (StatisticKey(.timer, "t\($0 * 7919 % 1009)"), [Double($0) * 1.37]) })
        #expect(reason(await harness.pipeline.ingest.submit(large, of: Self.ann)) == .logUnavailable)
        #expect(await send(101, harness) == .accepted)
        try await harness.loseMachineAndRestart()
        #expect(await total(harness) == 101)
        await harness.stop()
    }

    @Test("whoever is deposed refuses, says so, and ends")
    func deposed() async throws {
        let engine = SimulatedEngine(seed: 5, isCalm: true)
        let harness = try await PipelineHarness(on: engine)
        #expect(await send(1, harness) == .accepted)
        let old = try await harness.takeOver(onCopy: false)
        #expect(reason(await old.pipeline.ingest.submit(hit(2), of: Self.ann)) == .logUnavailable)
        #expect(old.pipeline.problem?.contains("another server owns") == true)
        #expect(await old.pipeline.snapshot().stream?.isOwned == false)
        #expect(harness.accounts.failures.withLock { $0.count } == 1)
        #expect(reason(await old.pipeline.ingest.submit(hit(3), of: Self.ann)) == .logUnavailable)
        #expect(await send(2, harness) == .accepted)
        old.pipeline.finish()
        await old.running.value
        #expect(await total(harness) == 2)
        await harness.stop()
    }

    @Test("an empty folder gets back hours of minutes, a few in memory at a time")
    func hours() async throws {
        let engine = SimulatedEngine(seed: 6, isCalm: true)
        let harness = try await PipelineHarness(on: engine)
        for number in 1...100 {
            #expect(await send(Int64(number), harness, Double(number)) == .accepted)
            harness.clock.advance(byMilliseconds: 60_000)
        }
        let before = try await harness.minutes(Self.hits, of: Self.ann).map(\.aggregate.sum)
        try await harness.loseMachineAndRestart()
        #expect(try await harness.minutes(Self.hits, of: Self.ann).map(\.aggregate.sum) == before)
        #expect(await send(100, harness) == .duplicate && before.count == 100)
        // The second reading found nearly all in blocks.
        #expect(harness.pipeline.recovery.blocks > 90 && harness.pipeline.recovery.batches < 10)
        #expect(await total(harness) == 5050)
        await harness.stop()
    }

    @Test("what is in blocks and old enough is let go, and a folder with these blocks misses nothing of it")
    func retire() async throws {
        let engine = SimulatedEngine(seed: 7, isCalm: true)
        let harness = try await PipelineHarness(on: engine, keptMilliseconds: 600_000)
        var kept: UInt64 = 0
        for number in 1...60 {
            #expect(await send(Int64(number), harness) == .accepted)
            harness.clock.advance(byMilliseconds: 60_000)
            #expect(await eventually { (try? await harness.minutes(Self.hits, of: Self.ann).count) == number })
            // A minute can be read before it is in a block, and only then is anything let go.
            let before = kept
            if number >= 15 { #expect(await eventually { await keptPosition(harness) > before }) }
            kept = await keptPosition(harness)
        }
        #expect(await send(61, harness) == .accepted)
        let first = Int(engine.firstPosition.value)
        #expect(engine.faults.purges > 20 && first > 30 && engine.messageCount - first < 60)
        try await harness.killAndRestart()
        #expect(await total(harness) == 61 && harness.pipeline.recovery.corrupt.isEmpty)
        #expect(await send(61, harness) == .duplicate)
        // An empty folder is told what it misses.
        try await harness.loseMachineAndRestart()
        let found = await total(harness) ?? 0
        #expect(found >= 11 && found < 61)
        #expect(harness.pipeline.recovery.corrupt.contains { $0.problem.contains("were let go") })
        await harness.stop()
    }

    @Test("a damaged message costs itself, and is named; one that the engine has lost is no reason to go on")
    func damage() async throws {
        let engine = SimulatedEngine(seed: 8, isCalm: true)
        let harness = try await PipelineHarness(on: engine)
        for number in 1...5 { #expect(await send(Int64(number), harness) == .accepted) }
        engine.flipBit(in: StreamPosition(4))
        try await harness.loseMachineAndRestart()
        #expect(await total(harness) == 4)
        #expect(harness.pipeline.recovery.corrupt.map(\.offset) == [4])
        #expect(await send(6, harness) == .accepted)
        // Blocks are written of all, then the engine loses the end: the folder has seen more.
        try await harness.shutDownAndRestart()
        await harness.stop()
        engine.lose(2)
        await #expect(throws: LogError.self) { try await harness.restart() }
    }

    @Test("a folder belongs to one stream, or to none")
    func mixture() async throws {
        let engine = SimulatedEngine(seed: 9, isCalm: true)
        let harness = try await PipelineHarness(on: engine)
        #expect(await send(1, harness) == .accepted)
        await harness.stop()
        // Without its stream.
        let configuration = PipelineConfiguration(
            directory: "/data", syncMode: .never, fileSystem: harness.fileSystem, clock: harness.clock)
        #expect(throws: LogError.self) { try Pipeline(configuration) { _ in } }
        // With another one.
        let other = AcceptedStream(SimulatedEngine(seed: 10, isCalm: true), node: "b")
        await #expect(throws: LogError.self) { try await Pipeline(configuration, owning: other) { _ in } }
        // One that has batches of its own, and a stream that has some, too.
        let own = try PipelineHarness()
        #expect(await own.pipeline.ingest.submit(hit(7), of: Self.ann) == .accepted)
        await own.stop()
        let ours = PipelineConfiguration(directory: "/data", syncMode: .never, fileSystem: own.fileSystem, clock: own.clock)
        await #expect(throws: LogError.self) { try await Pipeline(ours, owning: AcceptedStream(engine, node: "b")) { _ in } }
        // The same with a stream that has none begins to follow it, and keeps what it had.
        let pipeline = try await Pipeline(ours, owning: other) { _ in }
        let running = Task { await pipeline.run() }
        #expect(await pipeline.ingest.submit(hit(8), of: Self.ann) == .accepted)
        #expect(await pipeline.ingest.submit(hit(7), of: Self.ann) == .duplicate)
        #expect(await pipeline.queries.status(of: Self.ann).statistics.first?.sum == 2)
        pipeline.finish()
        await running.value
    }
}
