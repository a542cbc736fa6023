import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Synchronization

/// A pipeline on a simulated disk and a clock that the test moves, which can be killed and started again.
final class PipelineHarness {
    let clock: ManualClock
    private(set) var fileSystem: SimulatedFileSystem
    private(set) var pipeline: Pipeline
    private var running: Task<Void, Never>
    private let limits: Limits
    private let syncMode: SyncMode
    private let settledByLoopsMax: Int
    /// The accepted log, where it is a replicated stream.
    let engine: SimulatedEngine?
    var keptMilliseconds: Int64 = AcceptedStream.standardKeptMilliseconds
    let accounts = TestAccounts()
    /// What an event loop keeps from one body to the next.
    private var names = NameCache(SharedNames())

    init(
        at start: Timestamp = Timestamp(seconds: 1_795_330_000), limits: Limits = Limits(),
        syncMode: SyncMode = .never, settledByLoopsMax: Int = 500
    ) throws {
        clock = ManualClock(start)
        fileSystem = SimulatedFileSystem()
        (self.limits, self.syncMode, self.settledByLoopsMax) = (limits, syncMode, settledByLoopsMax)
        engine = nil
        let configuration = try Self.configuration(fileSystem, clock, limits, syncMode, settledByLoopsMax, accounts)
        let pipeline = try Pipeline(configuration) { _ in }
        (self.pipeline, running) = (pipeline, Task { await pipeline.run() })
    }

    /// A pipeline whose accepted log is a stream of `engine`.
    init(
        at start: Timestamp = Timestamp(seconds: 1_795_330_000), on engine: SimulatedEngine, limits: Limits = Limits(),
        settledByLoopsMax: Int = 500, keptMilliseconds: Int64 = AcceptedStream.standardKeptMilliseconds
    ) async throws {
        clock = ManualClock(start)
        fileSystem = SimulatedFileSystem()
        (self.limits, syncMode, self.settledByLoopsMax) = (limits, .never, settledByLoopsMax)
        (self.engine, self.keptMilliseconds) = (engine, keptMilliseconds)
        let configuration = try Self.configuration(fileSystem, clock, limits, .never, settledByLoopsMax, accounts)
        let pipeline = try await Pipeline(
            configuration, owning: AcceptedStream(engine, node: "a", keptMilliseconds: keptMilliseconds), onFailure: accounts.fail)
        (self.pipeline, running) = (pipeline, Task { await pipeline.run() })
    }

    private func start() async throws -> (Pipeline, Task<Void, Never>) {
        let configuration = try Self.configuration(fileSystem, clock, limits, syncMode, settledByLoopsMax, accounts)
        let pipeline: Pipeline
        if let engine {
            let stream = AcceptedStream(engine, node: "a", keptMilliseconds: keptMilliseconds)
            pipeline = try await Pipeline(configuration, owning: stream, onFailure: accounts.fail)
        } else {
            pipeline = try Pipeline(configuration) { _ in }
        }
        return (pipeline, Task { await pipeline.run() })
    }

    private static func configuration(
        _ fileSystem: SimulatedFileSystem, _ clock: ManualClock, _ limits: Limits, _ syncMode: SyncMode,
        _ settledByLoopsMax: Int, _ accounts: TestAccounts
    ) throws -> PipelineConfiguration {
        // As the server does: this also makes the folder.
        try DataFolder.lock("/data", fileSystem: fileSystem).release()
        var configuration = PipelineConfiguration(
            directory: "/data", syncMode: syncMode, limits: limits, retention: { accounts.retention.withLock { $0 } },
            onErased: { user in
                accounts.retention.withLock { _ = $0.deleted.remove(user) }
                accounts.erased.withLock { $0.append(user) }
            }, fileSystem: fileSystem, clock: clock)
        // Tests leave no processor idle.
        configuration.housekeepingNiceness = 0
        configuration.settledByLoopsMax = settledByLoopsMax
        configuration.trustsClock = accounts.trustsClock.withLock { $0 }
        configuration.onDeletion = { deletion in accounts.deletions.withLock { $0.append(deletion) } }
        configuration.onClockNews = { news, _ in accounts.clockNews.withLock { $0.append(news) } }
        return configuration
    }

    /// What `kill -9` and a new start do: the disk as it is at this moment, and nothing else.
    func killAndRestart() async throws {
        let remains = fileSystem.copy()
        await stop()
        fileSystem = remains
        (pipeline, running) = try await start()
    }

    /// The machine is lost, and another one goes on with an empty folder.
    func loseMachineAndRestart() async throws {
        await stop()
        fileSystem = SimulatedFileSystem()
        (pipeline, running) = try await start()
    }

    /// Another process takes the stream over, on an empty folder or on what the folder is at this moment, while this one goes on
    /// without knowing.
    /// - Returns: the one that is deposed.
    func takeOver(onCopy: Bool) async throws -> (pipeline: Pipeline, running: Task<Void, Never>) {
        let deposed = (pipeline, running)
        fileSystem = onCopy ? fileSystem.copy() : SimulatedFileSystem()
        (pipeline, running) = try await start()
        return deposed
    }

    /// Power loss: what was not synced is gone.
    func losePowerAndRestart() async throws {
        let remains = fileSystem.remainsAfterPowerLoss()
        await stop()
        fileSystem = remains
        (pipeline, running) = try await start()
    }

    /// - Parameter clockJump: what a machine's clock is wrong by when it starts again.
    func shutDownAndRestart(clockJump: Int64 = 0) async throws {
        await stop()
        clock.jump(byMilliseconds: clockJump)
        (pipeline, running) = try await start()
    }

    /// Starts again on the same folder after ``finish()``.
    func restart() async throws { (pipeline, running) = try await start() }

    /// Asks the pipeline to end.
    func finish() -> Task<Void, Never> {
        pipeline.finish()
        return running
    }

    /// Ends the pipeline in order.
    func stop() async {
        pipeline.finish()
        await running.value
    }

    /// Takes in bodies that an event loop read in one turn: decoded, decided on, written and answered as those of requests are.
    func take(_ bodies: [(bytes: [UInt8], user: UserID)]) async throws -> [IngestAnswer] {
        try await take(bodies, by: pipeline)
    }

    /// The same by a pipeline that may have been deposed.
    func take(_ bodies: [(bytes: [UInt8], user: UserID)], by pipeline: Pipeline) async throws -> [IngestAnswer] {
        var (group, answers) = (BatchGroup(), [Int: IngestAnswer]())
        var copies: [(position: Int, first: FirstCopy)] = []
        for (position, body) in bodies.enumerated() {
            let batch = try body.bytes.withUnsafeBufferPointer { bytes in
                try BatchDecoder.decode(UnsafeRawBufferPointer(bytes), limits: limits, paths: &names)
            }
            switch pipeline.ingest.admit(batch, of: body.user, into: &group) {
            case .grouped: break
            case .answered(let answer): answers[position] = answer
            case .copyOfPending(let first): copies.append((position, first))
            }
        }
        let answerOfGroup = group.isEmpty ? nil : await pipeline.ingest.submit(group)
        for copy in copies { answers[copy.position] = await copy.first.answer() }
        return bodies.indices.compactMap { answers[$0] ?? answerOfGroup }
    }

    func status(of user: UserID) async -> [StatisticKey: StatisticStatus] {
        let statuses = await pipeline.queries.status(of: user).statistics
        return Dictionary(uniqueKeysWithValues: statuses.map { ($0.key, $0) })
    }

    /// The minutes of a statistic over all time, merged.
    func minutes(_ key: StatisticKey, of user: UserID) async throws -> [Series.Point] {
        let everything = Minute(0)..<Minute(1 << 40)
        let minutes = try await pipeline.queries.minutes(of: key, user: user, in: everything)
        return Series.points(minutes.aggregates, stepMinutes: 1)
    }
}

/// How long what is kept, and who was said to be erased.
final class TestAccounts: Sendable {
    let retention = Mutex(Retention())
    let erased = Mutex<[UserID]>([])
    let deletions = Mutex<[RetentionDeletion]>([])
    let clockNews = Mutex<[ConfirmedTime.News]>([])
    let trustsClock = Mutex(false)
    let failures = Mutex<[String]>([])

    func fail(_ message: String) { failures.withLock { $0.append(message) } }
}

/// A batch as a client builds it out of samples.
func batch(_ samples: [(key: StatisticKey, values: [Double])], origin: Batch.Origin? = nil) -> Batch {
    Batch(
        partials: samples.compactMap { key, values in
            var accumulator = SampleAccumulator()
            for value in values { accumulator.add(value) }
            return accumulator.partial(of: key.kind).map { Partial(key, $0) }
        },
        origin: origin)
}

/// Waits for what the background does; the limit is only for a test that fails.
func eventually(_ condition: () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(300)
    var looks = 0
    while ContinuousClock.now < deadline {
        if await condition() { return true }
        looks += 1
        // Waits: others need the processor more than a look that comes too early.
        if looks < 100 { await Task.yield() } else { try? await Task.sleep(for: .milliseconds(1)) }
    }
    return await condition()
}
