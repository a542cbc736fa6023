import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Dispatch
import Synchronization
import Testing

@Suite("A slow disk")
struct SlowDiskTests {
    private let gate: Gate
    /// A disk on which a file's sync takes as long as the gate is closed.
    private let disk: ForgetfulFileSystem

    init() {
        let gate = Gate()
        self.gate = gate
        disk = ForgetfulFileSystem(base: SimulatedFileSystem()) { operation, _ in
            if operation == .sync { gate.pass() }
            return false
        }
    }

    /// A pipeline that runs, and knows of the end of the minute and of the next sync.
    private func start(_ clock: ManualClock) async throws -> (pipeline: Pipeline, running: Task<Void, Never>) {
        try DataFolder.lock("/data", fileSystem: disk).release()
        let pipeline = try Pipeline(
            PipelineConfiguration(directory: "/data", syncMode: .second, fileSystem: disk, clock: clock), onFailure: { _ in })
        let running = Task { await pipeline.run() }
        while clock.sleeperCount < 2 { await Task.yield() }
        return (pipeline, running)
    }

    private func send(_ pipeline: Pipeline) async throws -> IngestAnswer {
        await pipeline.ingest.submit(batch([(StatisticKey(.counter, "hits"), [1])]), of: try #require(UserID("ann")))
    }

    /// Goal: with `--sync second` nobody waits for the disk; it may take tens of milliseconds.
    @Test("delays no acknowledgement while it syncs", .timeLimit(.minutes(10)))
    func acknowledgements() async throws {
        let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
        let (pipeline, running) = try await start(clock)
        #expect(try await send(pipeline) == .accepted)
        gate.close()
        clock.advance(byMilliseconds: 1000)
        while gate.waitingCount == 0 { await Task.yield() }
        #expect(try await send(pipeline) == .accepted)
        gate.open()
        pipeline.finish()
        await running.value
        #expect(await pipeline.snapshot().accepted.syncs > 0)
    }

    /// Goal: little is left for the first batch of a minute to wait for.
    @Test("syncs shortly before the end of a minute, too", .timeLimit(.minutes(10)))
    func minuteEnd() async throws {
        let end = Timestamp(seconds: 1_795_330_000).minute.end
        let clock = ManualClock(end.advanced(byMilliseconds: -500))
        let (pipeline, running) = try await start(clock)
        #expect(try await send(pipeline) == .accepted)
        clock.advance(byMilliseconds: 400)
        while await pipeline.snapshot().accepted.syncs == 0 { await Task.yield() }
        pipeline.finish()
        await running.value
    }
}

/// What blocks while a test has it closed.
private final class Gate: Sendable {
    private let state = Mutex((isClosed: false, waiting: [DispatchSemaphore]()))

    var waitingCount: Int { state.withLock { $0.waiting.count } }

    func close() { state.withLock { $0.isClosed = true } }

    func open() {
        let waiting = state.withLock { state in
            defer { state = (false, []) }
            return state.waiting
        }
        for semaphore in waiting { semaphore.signal() }
    }

    /// Blocks while it is closed.
    func pass() {
        let semaphore = DispatchSemaphore(value: 0)
        let waits = state.withLock { state in
            if state.isClosed { state.waiting.append(semaphore) }
            return state.isClosed
        }
        if waits { semaphore.wait() }
    }
}
