import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Synchronization
import Testing

/// Goal: a disk that refuses minutes keeps nobody from coming to an end.
@Suite("The end of a pipeline that cannot write its minutes")
struct FailingEndTests {
    private static let ann = UserID("ann")!
    private static let level = StatisticKey(.gauge, "level")
    private static let noSpace: Int32 = 28

    @Test("who asks for the present is answered once the end is near, though minutes have filled all links")
    func readers() async throws {
        var limits = Limits()
        limits.queuedPartials = 2
        let harness = try PipelineHarness(limits: limits)
        for minute in 0..<8 {
            harness.fileSystem.removeFaults()
            // (When the links are full the aggregator waits, and so does what comes behind.)
            let answer = await harness.pipeline.ingest.submit(batch([(Self.level, [Double(minute)])]), of: Self.ann)
            #expect(answer == .accepted)
            harness.fileSystem.fail(operation: 1, of: .append, with: .error(Self.noSpace), isPermanent: true)
            let failures = await harness.pipeline.snapshot().failedMinuteWrites
            harness.clock.advance(byMilliseconds: 60_000)
            #expect(await eventually { await harness.pipeline.snapshot().failedMinuteWrites > failures })
        }
        let answered = Mutex(false)
        let pipeline = harness.pipeline
        let asking = Task {
            _ = await pipeline.queries.lastValues(of: [Self.level], user: Self.ann)
            answered.withLock { $0 = true }
        }
        // It waits: nothing changes however often others are let in.
        for _ in 0..<1000 { await Task.yield() }
        #expect(!answered.withLock { $0 })
        pipeline.prepareToFinish()
        await asking.value
        harness.fileSystem.removeFaults()
        try await harness.shutDownAndRestart()
        #expect(await harness.status(of: Self.ann)[Self.level]?.last == 7)
        #expect(try await harness.minutes(Self.level, of: Self.ann).map(\.aggregate.last) == (0..<8).map(Double.init))
        await harness.stop()
    }
}
