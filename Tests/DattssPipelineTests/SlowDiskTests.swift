import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Dispatch
import Synchronization
import Testing

@Suite("A slow disk")
struct SlowDiskTests {
    private let disk = SlowFileSystem()

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
    @Test("delays no acknowledgement while it syncs", .timeLimit(.minutes(1)))
    func acknowledgements() async throws {
        let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
        let (pipeline, running) = try await start(clock)
        #expect(try await send(pipeline) == .accepted)
        disk.gate.close()
        clock.advance(byMilliseconds: 1000)
        while disk.gate.waitingCount == 0 { await Task.yield() }
        #expect(try await send(pipeline) == .accepted)
        disk.gate.open()
        pipeline.finish()
        await running.value
        #expect(await pipeline.snapshot().accepted.syncs > 0)
    }

    /// Goal: little is left for the first batch of a minute to wait for.
    @Test("syncs shortly before the end of a minute, too", .timeLimit(.minutes(1)))
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

/// A disk on which a sync takes as long as a test wants.
private struct SlowFileSystem: FileSystem {
    let base = SimulatedFileSystem()
    let gate = Gate()

    final class Gate: Sendable {
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

    func createDirectory(_ path: String) throws(FileSystemError) { try base.createDirectory(path) }
    func list(_ path: String) throws(FileSystemError) -> [String] { try base.list(path) }
    func rename(_ path: String, to newPath: String) throws(FileSystemError) { try base.rename(path, to: newPath) }
    func remove(_ path: String) throws(FileSystemError) { try base.remove(path) }
    func size(of path: String) throws(FileSystemError) -> Int { try base.size(of: path) }
    func exists(_ path: String) throws(FileSystemError) -> Bool { try base.exists(path) }
    func lock(_ path: String) throws(FileSystemError) -> any FileLock { try base.lock(path) }
    func syncDirectory(_ path: String) throws(FileSystemError) { try base.syncDirectory(path) }

    func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        SlowFile(base: try base.open(path, mode), gate: gate)
    }

    private final class SlowFile: File {
        private let base: any File
        private let gate: Gate

        init(base: any File, gate: Gate) { (self.base, self.gate) = (base, gate) }

        var path: String { base.path }
        func size() throws(FileSystemError) -> Int { try base.size() }
        func append(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) -> Int { try base.append(bytes) }
        func truncate(to size: Int) throws(FileSystemError) { try base.truncate(to: size) }
        func close() { base.close() }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
            try base.read(into: buffer, at: offset)
        }

        func sync() throws(FileSystemError) {
            gate.pass()
            try base.sync()
        }
    }
}
