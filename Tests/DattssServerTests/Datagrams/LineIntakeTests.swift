import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Logging
import NIOCore
import Testing

@testable import DattssServer

/// Lines from their listeners to the log, on a simulated disk and a clock that the test moves.
@Suite("LineIntake")
struct LineIntakeTests {
    private static let joe = UserID("joe")!
    private static let conns = StatisticKey(.gauge, "conns")
    private static let hits = StatisticKey(.counter, "hits")

    /// A pipeline with two listeners' collectors, each of which may be started anew.
    private final class Scene {
        let clock: ManualClock
        let fileSystem = SimulatedFileSystem()
        let counters = DatagramCounters()
        private let limits: Limits
        private let syncMode: SyncMode
        private let waitingPartialsMax: Int
        private(set) var pipeline: Pipeline
        private var running: Task<Void, Never>
        private(set) var intake: LineIntake
        private var listeners: [LinePeriods]

        init(
            at start: Timestamp = Timestamp(seconds: 1_795_330_010), limits: Limits = Limits(), syncMode: SyncMode = .never,
            waitingPartialsMax: Int = 1000
        ) throws {
            clock = ManualClock(start)
            (self.limits, self.syncMode, self.waitingPartialsMax) = (limits, syncMode, waitingPartialsMax)
            try DataFolder.lock("/data", fileSystem: fileSystem).release()
            (pipeline, running) = try Self.start(fileSystem, clock, limits, syncMode)
            intake = Self.intake(pipeline, counters, clock, waitingPartialsMax)
            listeners = []
            listen()
        }

        private static func start(
            _ fileSystem: SimulatedFileSystem, _ clock: ManualClock, _ limits: Limits, _ syncMode: SyncMode
        ) throws -> (Pipeline, Task<Void, Never>) {
            let pipeline = try Pipeline(
                PipelineConfiguration(
                    directory: "/data", syncMode: syncMode, limits: limits, fileSystem: fileSystem, clock: clock)
            ) { _ in }
            return (pipeline, Task { await pipeline.run() })
        }

        private static func intake(
            _ pipeline: Pipeline, _ counters: DatagramCounters, _ clock: ManualClock, _ waiting: Int
        ) -> LineIntake {
            LineIntake(
                pipeline: pipeline, processes: ProcessRegistry(clock: clock), counters: counters, clock: clock,
                logger: Logger(label: "test"), waitingPartialsMax: waiting)
        }

        private func listen() {
            listeners = (0..<2).map { _ in
                intake.periods(
                    of: DatagramCollector(authenticator: EverybodysKey(), statsdUser: LineIntakeTests.joe, limits: limits))
            }
        }

        /// Ends in order and starts anew, with nothing but what is on the disk.
        func restart() async throws {
            await stop()
            (pipeline, running) = try Self.start(fileSystem, clock, limits, syncMode)
            intake = Self.intake(pipeline, counters, clock, waitingPartialsMax)
            listen()
        }

        func stop() async {
            pipeline.finish()
            await running.value
        }

        /// - Returns: what was collected in a minute that is over.
        @discardableResult
        func receive(_ lines: String, by listener: Int = 0) -> DatagramCollector.Collected? {
            let ended = listeners[listener].begin()
            Array(lines.utf8).withUnsafeBytes { listeners[listener].collector.receive($0) }
            return ended
        }

        /// What every listener does at the end of a minute.
        func handOnEnded() async {
            for listener in listeners.indices where listeners[listener].remainingMilliseconds == 0 { await flush(by: listener) }
        }

        func collect(by listener: Int = 0) -> DatagramCollector.Collected { listeners[listener].flush() }

        /// A second goes by.
        func flush(by listener: Int = 0) async { await intake.take(collect(by: listener)) }

        /// Returns when a batch is in front of the log.
        func offered() async {
            while await pipeline.snapshot().links[0].ledger.admitted == 0 { await Task.yield() }
        }

        /// What connections share.
        func sharedCollector() -> SharedCollector {
            let collector = DatagramCollector(
                authenticator: EverybodysKey(), statsdUser: LineIntakeTests.joe, limits: limits)
            return SharedCollector(intake.periods(of: collector), source: .unixStream, counters: counters)
        }

        func status(_ key: StatisticKey, of user: UserID = LineIntakeTests.joe) async -> StatisticStatus? {
            await pipeline.queries.status(of: user).statistics.first { $0.key == key }
        }

        func minutes(_ key: StatisticKey) async throws -> [Minute: Double] {
            let minutes = try await pipeline.queries.minutes(of: key, user: LineIntakeTests.joe, in: Minute(0)..<Minute(1 << 40))
            return minutes.aggregates.reduce(into: [:]) { $0[$1.minute, default: 0] += $1.aggregate.sum }
        }
    }

    /// Any key is that of the user it begins with.
    private struct EverybodysKey: Authenticator {
        func owner(ofKey key: String) -> KeyOwner? { UserID(key.prefix { $0 != "." }).map { KeyOwner($0) } }
    }

    // MARK: Minutes

    /// Goal: a piece that has to wait for the end of the minute before does not keep others of that minute from being counted in it.
    @Test("what came in a minute that has just begun is handed on when the one before has ended for everybody")
    func youngMinute() async throws {
        // A tenth of a second before a minute's end.
        let scene = try Scene(at: Timestamp(milliseconds: 1_795_330_019_900))
        let shared = scene.sharedCollector()
        func minutes(isLast: Bool = false) async -> [Int64] {
            var found: [Int64] = []
            for period in shared.flush(isLast: isLast) {
                found.append((period.minute?.index ?? 0) - 1_795_330_020 / 60)
                await scene.intake.take(period)
            }
            return found
        }
        shared.receive(lines: ByteBuffer(string: "hits:1|c\n"))
        scene.clock.advance(byMilliseconds: 150)
        #expect(await minutes() == [-1])
        shared.receive(lines: ByteBuffer(string: "hits:2|c\n"))
        #expect(await minutes() == [])
        shared.receive(lines: ByteBuffer(string: "hits:4|c\n"))
        scene.clock.advance(byMilliseconds: MinuteHolds.graceMilliseconds)
        #expect(await minutes() == [0])
        scene.clock.advance(byMilliseconds: 59_750)
        shared.receive(lines: ByteBuffer(string: "hits:8|c\n"))
        #expect(await minutes(isLast: true) == [1])
        await scene.stop()
        #expect(try await scene.minutes(Self.hits).values.sorted() == [1, 6, 8])
    }

    // MARK: Gauges

    /// Goal: what a delta builds on is the user's status: whichever way it was set, after an hour's silence, and after a restart.
    @Test("a gauge's delta builds on its last value over listeners, silence and restarts")
    func deltas() async throws {
        let scene = try Scene()
        func expect(_ last: Double, _ comment: Comment) async {
            #expect(await scene.status(Self.conns)?.last == last, comment)
        }
        scene.receive("conns:+5|g")
        await scene.flush()
        scene.receive("conns:-2|g", by: 1)
        await scene.flush(by: 1)
        await expect(3, "the other listener knows what this one sent")
        scene.receive("conns:+1:+1|g")
        await scene.flush()
        await expect(5, "and this one what the other did, whatever it remembers")
        for _ in 0...AccumulatorTable.idleSecondsMax + 1 { await scene.flush() }
        scene.clock.advance(byMilliseconds: 14 * 60_000)
        scene.receive("conns:-2|g")
        await scene.flush()
        await expect(3, "after a silence past the table's own horizon")
        try await scene.restart()
        scene.receive("conns:+4|g\nconns:-1|g")
        await scene.flush()
        await expect(6, "after a restart")
        scene.receive("conns:+4|g\nconns:20|g\nconns:+1|g")
        await scene.flush()
        await expect(21, "a value that is set ends what builds on the status")
        let status = try #require(await scene.status(Self.conns))
        #expect(status.window.max == 21)
        _ = await scene.pipeline.ingest.submit(
            Batch(partials: [Partial(Self.conns, Aggregate(sample: 100))]), of: Self.joe)
        scene.receive("conns:-1|g")
        await scene.flush()
        await expect(99, "what came over HTTP counts as well")
        await scene.stop()
    }

    /// Goal: a day's silence ends a statistic's life in memory, and not its value.
    @Test("a gauge that left memory keeps the value that a delta builds on")
    func dormantGauge() async throws {
        var limits = Limits()
        limits.idleSeconds = 120
        let scene = try Scene(limits: limits)
        scene.receive("conns:+5|g")
        await scene.flush()
        for _ in 0..<8 {
            scene.clock.advance(byMilliseconds: 60_000)
            scene.receive("hits:1|c")
            await scene.flush()
        }
        #expect(await scene.status(Self.conns) == nil, "it left memory")
        try await scene.restart()
        scene.receive("conns:-2|g")
        await scene.flush()
        #expect(await scene.status(Self.conns)?.last == 3)
        await scene.stop()
    }

    /// Goal: deltas that two listeners collect in one second all count, and so do those of many seconds at once.
    @Test("deltas of two listeners add up, however their seconds lie")
    func concurrentDeltas() async throws {
        let scene = try Scene()
        var generator = SeededGenerator(seed: 16)
        var expected = 0.0
        for _ in 0..<50 {
            for listener in 0..<2 {
                for _ in 0..<3 {
                    let step = Int.random(in: -9...9, using: &generator)
                    expected += Double(step)
                    scene.receive("conns:\(step < 0 ? "" : "+")\(step)|g", by: listener)
                }
            }
            let periods = [scene.collect(by: 0), scene.collect(by: 1)]
            await withTaskGroup { group in
                for period in periods { group.addTask { [intake = scene.intake] in await intake.take(period) } }
            }
            #expect(await scene.status(Self.conns)?.last == expected)
        }
        await scene.stop()
    }

    // MARK: Minutes

    /// Goal: a line counts in the minute in which it came, though it is handed on after its end; what came after the end waits for
    /// it, and counts in the next; and a restart finds it so.
    @Test("a line at the very end of a minute counts in that minute")
    func minuteEdge() async throws {
        let minute = Minute(29_922_166)
        let scene = try Scene(at: minute.end.advanced(byMilliseconds: -150))
        scene.receive("hits:1|c")
        scene.clock.advance(byMilliseconds: 160)
        let pipeline = scene.pipeline
        async let later = pipeline.ingest.submit(Batch(partials: [Partial(Self.hits, Aggregate(sample: 10))]), of: Self.joe)
        await scene.offered()
        let ended = try #require(scene.receive("hits:100|c"))
        #expect(ended.minute == minute)
        await scene.intake.take(ended)
        #expect(await later == .accepted)
        scene.clock.advance(byMilliseconds: 500)
        await scene.flush()
        let expected = [minute: 1.0, minute.advanced(by: 1): 110]
        #expect(try await scene.minutes(Self.hits) == expected)
        try await scene.restart()
        #expect(try await scene.minutes(Self.hits) == expected)
        scene.clock.advance(byMilliseconds: 120_000)
        scene.receive("hits:1000|c")
        await scene.flush()
        #expect(try await scene.minutes(Self.hits)[minute] == 1)
        await scene.stop()
    }

    /// Goal: whatever second a line comes in, and however late it is handed on within the grace, its minute is that of its coming.
    @Test("lines and batches around many minute edges each count in their own minute", arguments: [1, 2, 3] as [UInt64])
    func manyEdges(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let scene = try Scene(at: Minute(29_922_166).end.advanced(byMilliseconds: -400))
        var expected: [Minute: Double] = [:]
        for _ in 0..<40 {
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let listener = Int.random(in: 0...1, using: &generator)
                expected[scene.clock.now().minute, default: 0] += 1
                if let ended = scene.receive("hits:1|c", by: listener) { await scene.intake.take(ended) }
                scene.clock.advance(byMilliseconds: Int64.random(in: 1...90, using: &generator))
                await scene.handOnEnded()
            }
            let now = scene.clock.now()
            scene.clock.set(min(now.minute.end, now.advanced(byMilliseconds: 500)))
            await scene.handOnEnded()
            scene.clock.advance(byMilliseconds: 500)
            for listener in 0...1 { await scene.flush(by: listener) }
            #expect(
                await scene.pipeline.ingest.submit(Batch(partials: [Partial(Self.hits, Aggregate(sample: 5))]), of: Self.joe)
                    == .accepted)
            expected[scene.clock.now().minute, default: 0] += 5
            scene.clock.set(scene.clock.now().minute.end.advanced(byMilliseconds: -Int64.random(in: 1...200, using: &generator)))
        }
        #expect(try await scene.minutes(Self.hits) == expected, "seed \(seed)")
        try await scene.restart()
        #expect(try await scene.minutes(Self.hits) == expected, "seed \(seed)")
        await scene.stop()
    }

    /// Goal: a listener that hangs keeps nobody waiting for longer than the grace.
    @Test("the end of a minute waits for samples for a quarter of a second, and no longer")
    func grace() async throws {
        let minute = Minute(29_922_166)
        let scene = try Scene(at: minute.end.advanced(byMilliseconds: -150))
        scene.receive("hits:1|c")
        scene.clock.set(minute.end)
        let pipeline = scene.pipeline
        async let later = pipeline.ingest.submit(Batch(partials: [Partial(Self.hits, Aggregate(sample: 10))]), of: Self.joe)
        await scene.offered()
        scene.clock.set(minute.end.advanced(byMilliseconds: MinuteHolds.graceMilliseconds))
        #expect(await later == .accepted)
        await scene.flush()
        #expect(try await scene.minutes(Self.hits) == [minute.advanced(by: 1): 11], "late, and not lost")
        await scene.stop()
    }

    // MARK: A busy log

    /// Goal: what a log that is full refuses waits, merged, and is counted exactly once when there is room, deltas in their order.
    @Test("what the log refuses for a moment goes with the next second")
    func waiting() async throws {
        let scene = try Scene()
        scene.receive("hits:1|c\nconns:5|g")
        await scene.flush()
        scene.fileSystem.capacityBytes = scene.fileSystem.usedBytes
        for _ in 0..<3 {
            scene.receive("hits:2|c\nconns:+1|g\nwait:7|ms")
            await scene.flush()
        }
        #expect(scene.counters.snapshot.refusedPartials.isEmpty)
        #expect(scene.counters.snapshot.waitingPartials == 3)
        #expect(await scene.status(Self.hits)?.sum == 1)
        scene.fileSystem.capacityBytes = nil
        scene.receive("hits:2|c\nconns:-10|g")
        await scene.flush()
        #expect(scene.counters.snapshot.waitingPartials == 0)
        #expect(await scene.status(Self.hits)?.sum == 9)
        #expect(await scene.status(Self.conns)?.last == -2)
        #expect(await scene.status(StatisticKey(.timer, "wait"))?.sum == 21)
        #expect(await scene.pipeline.snapshot().ingest.acceptedSamples == 2 + 9 + 2)
        await scene.stop()
    }

    /// Goal: without new lines, too; and what finds no room to wait is counted as refused.
    @Test("what waits is bounded, and is tried again by itself")
    func boundedWaiting() async throws {
        let scene = try Scene(waitingPartialsMax: 2)
        scene.receive("hits:1|c")
        await scene.flush()
        scene.fileSystem.capacityBytes = scene.fileSystem.usedBytes
        for _ in 0..<2 {
            scene.receive("a:1|c\nb:1|c\nc:1|c")
            await scene.flush()
        }
        #expect(scene.counters.snapshot.waitingPartials == 2)
        #expect(scene.counters.snapshot.refusedPartials == [.logUnavailable: 2])
        scene.fileSystem.capacityBytes = nil
        await scene.intake.retry()
        #expect(scene.counters.snapshot.waitingPartials == 0)
        #expect(await scene.status(StatisticKey(.counter, "a"))?.sum == 2)
        #expect(await scene.status(StatisticKey(.counter, "c")) == nil)
        await scene.stop()
    }

    /// Goal: with `--sync always` a second of a thousand users costs a few forced writes, not a thousand.
    @Test("what many users sent in a second is written together")
    func manyUsers() async throws {
        let scene = try Scene(syncMode: .always)
        var collector = DatagramCollector(authenticator: EverybodysKey(), statsdUser: nil, limits: Limits())
        for number in 0..<1000 {
            Array("u\(number).0123.hits:1|c\nu\(number).0123.conns:+1|g".utf8).withUnsafeBytes { collector.receive($0) }
        }
        let before = await scene.pipeline.snapshot().accepted.syncs
        await scene.intake.take(collector.flush())
        #expect(await scene.pipeline.snapshot().accepted.syncs - before <= 2)
        #expect(await scene.pipeline.snapshot().ingest.acceptedSamples == 2000)
        #expect(await scene.status(Self.conns, of: UserID("u999")!)?.last == 1)
        await scene.stop()
    }
}
