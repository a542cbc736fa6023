import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Logging
import Testing

@testable import DattssServer

/// Goal: while a replicated log does not answer, lines are added up and wait, and each counts once in the end.
@Suite("Lines in front of a replicated log")
struct StreamLineTests {
    private static let joe = UserID("joe")!

    /// Any key is that of the user it begins with.
    private struct EverybodysKey: Authenticator {
        func owner(ofKey key: String) -> KeyOwner? { UserID(key.prefix { $0 != "." }).map { KeyOwner($0) } }
    }

    @Test("wait while it is away, count once, and deltas build on what it has in hand", .timeLimit(.minutes(10)))
    func away() async throws {
        let (clock, fileSystem) = (ManualClock(Timestamp(seconds: 1_795_330_010)), SimulatedFileSystem())
        let (engine, counters) = (SimulatedEngine(seed: 1, isCalm: true), DatagramCounters())
        try DataFolder.lock("/data", fileSystem: fileSystem).release()
        let pipeline = try await Pipeline(
            PipelineConfiguration(directory: "/data", syncMode: .never, fileSystem: fileSystem, clock: clock),
            owning: AcceptedStream(engine, node: "a"), onFailure: { _ in })
        let running = Task { await pipeline.run() }
        let intake = LineIntake(
            pipeline: pipeline, processes: ProcessRegistry(clock: clock), counters: counters, clock: clock,
            logger: Logger(label: "test"))
        var periods = intake.periods(
            of: DatagramCollector(authenticator: EverybodysKey(), statsdUser: Self.joe, limits: Limits()))
        func receive(_ lines: String) async {
            _ = periods.begin()
            Array(lines.utf8).withUnsafeBytes { periods.collector.receive($0) }
            await intake.take(periods.flush())
        }
        await receive("hits:1|c\nlevel:10|g")
        engine.setAway(true)
        // This one is in the hands of the log, the next two wait.
        await receive("hits:2|c\nlevel:+5|g")
        await receive("hits:4|c\nlevel:+1|g")
        await receive("hits:8|c")
        #expect(counters.snapshot.waitingPartials == 2 && counters.snapshot.refusedPartials.isEmpty)
        engine.setAway(false)
        while await pipeline.snapshot().stream?.isAnswering != true { await Task.yield() }
        await intake.retry()
        let status = await pipeline.queries.status(of: Self.joe).statistics
        #expect(status.first { $0.key.path == "hits" }?.sum == 15)
        #expect(status.first { $0.key.path == "level" }?.last == 16)
        #expect(counters.snapshot.waitingPartials == 0)
        pipeline.finish()
        await running.value
    }
}
