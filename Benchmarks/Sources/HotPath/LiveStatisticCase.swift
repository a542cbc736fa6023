import AllocationCounting
import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport

/// A kind of statistic, as a client sends it: measures what a live one keeps.
///
/// A pipeline is fed every statistic every five seconds, over several minutes: every slot of the windows is filled, minutes
/// are closed and written, the open one is half full. Counted is what is in use then.
struct LiveStatisticCase: Sendable {
    let name: String
    let kind: Kind
    let samplesPerPartial: Int
    /// Samples differ from partial to partial, and within one.
    var varies = true

    static let all = [
        LiveStatisticCase(name: "counter of ones", kind: .counter, samplesPerPartial: 20, varies: false),
        LiveStatisticCase(name: "counter, a varying sample a partial", kind: .counter, samplesPerPartial: 1),
        LiveStatisticCase(name: "gauge that stays", kind: .gauge, samplesPerPartial: 1, varies: false),
        LiveStatisticCase(name: "gauge, a varying sample a partial", kind: .gauge, samplesPerPartial: 1),
        LiveStatisticCase(name: "gauge, 20 samples a partial", kind: .gauge, samplesPerPartial: 20),
        LiveStatisticCase(name: "timer, a sample a partial", kind: .timer, samplesPerPartial: 1),
        LiveStatisticCase(name: "timer, 20 samples a partial", kind: .timer, samplesPerPartial: 20),
    ]

    private static let batchPartials = 1000
    /// Four minutes and a half: until then the log's names of new statistics are written more than once, and kept.
    private static let pushes = 54

    /// - Parameter folder: for the log; made, and left behind.
    func bytes(of count: Int, in folder: String) async throws -> Double {
        var limits = Limits()
        limits.liveStatisticsPerUser = count
        // 2026-11-23T00:00:00Z
        let clock = ManualClock(Timestamp(seconds: 1_795_392_000))
        var configuration = PipelineConfiguration(
            directory: folder, syncMode: .never, limits: limits, fileSystem: POSIXFileSystem(), clock: clock)
        // What that keeps of each statistic is its own matter, and bounded by itself.
        configuration.watchesUnusual = false
        let pipeline = try Pipeline(configuration) { _ in }
        let running = Task { await pipeline.run() }
        func send(_ pushes: Range<Int>, of count: Int, by user: UserID) async {
            for push in pushes {
                clock.advance(byMilliseconds: 5000)
                for first in stride(from: 0, to: count, by: Self.batchPartials) {
                    let answer = await pipeline.ingest.submit(
                        batch(first..<min(first + Self.batchPartials, count), push), of: user)
                    precondition(answer == .accepted, "the pipeline did not take a batch in: \(answer)")
                }
            }
            while await pipeline.snapshot().links.contains(where: { $0.ledger.queued > 0 }) { await Task.yield() }
        }
        // The compressors' memory is as large as minutes of that size want it before anything is counted: those of another user,
        // of whom then nothing is left but what lives.
        await send(0..<Self.pushes, of: count, by: .another)
        await send(Self.pushes..<2 * Self.pushes, of: 1, by: .someone)
        let before = AllocationCount.liveBytes ?? 0
        await send(2 * Self.pushes..<3 * Self.pushes, of: count, by: .someone)
        // The closed minute is let go once it is written, when the next batch comes.
        _ = await pipeline.ingest.submit(batch(0..<1, 3 * Self.pushes), of: .someone)
        _ = await pipeline.queries.status(of: .someone)
        let bytes = (AllocationCount.liveBytes ?? 0) - before
        pipeline.finish()
        await running.value
        return Double(bytes) / Double(count)
    }

    private func batch(_ numbers: Range<Int>, _ push: Int) -> Batch {
        Batch(
            partials: numbers.map { number in
                var samples = SampleAccumulator()
                for sample in 0..<samplesPerPartial {
                    samples.add(varies ? Double((number + push * 7 + sample * 13) % 1000 + 1) : 1)
                }
                let key = StatisticKey(kind, "shop.checkout.host\(number % 10).item\(number)")
                return samples.partial(of: kind).map { Partial(key, $0) }
            }.compactMap { $0 })
    }
}

struct NobodysKeys: Authenticator {
    func owner(ofKey key: String) -> KeyOwner? { nil }
}

extension UserID {
    static let someone = named("someone")
    static let another = named("another")

    private static func named(_ name: String) -> UserID {
        guard let user = UserID(name) else { preconditionFailure("a valid name") }
        return user
    }
}
