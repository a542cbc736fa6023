import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import Testing

/// The whole pipeline against a few naive lines.
@Suite("The pipeline and the brute-force oracle")
struct PipelineOracleTests {
    static let schedulesPerSlice = 125

    /// Goal: whatever the order of users, kinds, duplicates, late batches, minute edges, kills and restarts: totals, last
    /// values and every minute are those of the oracle, which keeps every sample and computes at the end.
    @Test("agree over random schedules", arguments: 0..<8)
    func agree(slice: Int) async throws {
        for number in 0..<Self.schedulesPerSlice {
            let seed = UInt64(slice * Self.schedulesPerSlice + number)
            var schedule = try await Schedule(seed: seed)
            try await schedule.run()
        }
    }

    /// Goal: the same with a replicated stream as accepted log, whose engine loses, delays and doubles what it can; machines are lost
    /// with their folders, and others take over from pipelines that go on without knowing.
    @Test("agree over random schedules on a replicated stream", arguments: 0..<8)
    func agreeOnStream(slice: Int) async throws {
        var (refused, lost, takeovers) = (0, 0, 0)
        for number in 0..<Self.streamSchedulesPerSlice {
            let seed = UInt64(slice * Self.streamSchedulesPerSlice + number)
            var schedule = try await Schedule(seed: seed, on: SimulatedEngine(seed: seed))
            try await schedule.run()
            refused += schedule.refused
            lost += schedule.lostMachines
            takeovers += schedule.takeovers
        }
        // That the faults happen at all.
        #expect(refused > 20 && lost > 5 && takeovers > 5, "\(refused) \(lost) \(takeovers)")
    }

    static let streamSchedulesPerSlice =
        (ProcessInfo.processInfo.environment["DATTSS_STREAM_SCHEDULES"].flatMap { Int($0) } ?? 400) / 8
}

/// One random run, and the comparison at its end.
private struct Schedule {
    private let seed: UInt64
    private var random: SeededGenerator
    private let harness: PipelineHarness
    private var oracle = Oracle()
    private typealias Message = (user: UserID, batch: Batch, samples: [(key: StatisticKey, values: [Double])])
    private var sent: [Message] = []
    private var delayed: [Message] = []
    private var nextSequence: Int64 = 1
    /// What the faults of a replicated stream led to.
    private(set) var (refused, lostMachines, takeovers) = (0, 0, 0)

    private static let users = ["ann", "bob", "eve", "joe"].compactMap { UserID($0) }
    private static let keys = ["a", "shop.cart.added", "query.time", "temperature", "x!y:z-1"].flatMap { path in
        Kind.allCases.map { StatisticKey($0, path) }
    }

    init(seed: UInt64, on engine: SimulatedEngine? = nil) async throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        let start = 1_795_330_000_000 + Int64.random(in: 0..<3_600_000, using: &random)
        // In half of the runs all minutes are worked out by the thread for large ones, beside what comes meanwhile.
        let (time, settledByLoopsMax) = (Timestamp(milliseconds: start), random.oneIn(2) ? 0 : 500)
        if let engine {
            harness = try await PipelineHarness(at: time, on: engine, settledByLoopsMax: settledByLoopsMax)
        } else {
            harness = try PipelineHarness(at: time, settledByLoopsMax: settledByLoopsMax)
        }
    }

    mutating func run() async throws {
        for _ in 0..<Int.random(in: 10..<40, using: &random) { try await step() }
        while let late = delayed.popLast() { try await send([late]) }
        try await compare()
        await harness.stop()
        // The books balance when all is at rest.
        for (name, ledger) in await harness.pipeline.snapshot().links {
            #expect(ledger.offered == ledger.admitted + ledger.refused, "seed \(seed): \(name)")
            #expect(ledger.admitted == ledger.processed && ledger.reserved == 0, "seed \(seed): \(name)")
        }
    }

    private mutating func step() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<45: try await send([fresh()])
        case ..<53: try await send((0..<Int.random(in: 2...5, using: &random)).map { _ in fresh() })
        case ..<55:
            let message = fresh()
            try await send([fresh(), message, fresh(), message])
        case ..<65: delayed.append(fresh())
        case ..<70: if let late = delayed.popLast() { try await send([late]) }
        case ..<80: if !sent.isEmpty { try await send([random.element(of: sent)]) }
        case ..<92: harness.clock.advance(byMilliseconds: Int64.random(in: 0..<25_000, using: &random))
        case ..<95: harness.clock.advance(byMilliseconds: Int64.random(in: 0..<600_000, using: &random))
        case ..<98: if harness.engine == nil { try await harness.killAndRestart() } else { try await lose() }
        default: try await harness.shutDownAndRestart()
        }
    }

    /// A process, or a machine, is lost; or is taken for lost, and goes on.
    private mutating func lose() async throws {
        let message = fresh()
        switch Int.random(in: 0..<4, using: &random) {
        case 0: try await harness.killAndRestart()
        case 1:
            lostMachines += 1
            try await harness.loseMachineAndRestart()
        case 2:
            takeovers += 1
            let deposed = try await harness.takeOver(onCopy: random.oneIn(2))
            let answers = try await harness.take([(BatchEncoder.encode(message.batch), message.user)], by: deposed.pipeline)
            #expect(
                answers.allSatisfy { if case .refused = $0 { true } else { false } }, "seed \(seed): a deposed one took in a batch")
            deposed.pipeline.finish()
            await deposed.running.value
        default:
            takeovers += 1
            // A batch is under way meanwhile. Who sent it sends it again, whatever it was told.
            let pipeline = harness.pipeline
            let answer = Task { await pipeline.ingest.submit(message.batch, of: message.user) }
            for _ in 0..<Int.random(in: 0..<30, using: &random) { await Task.yield() }
            let deposed = try await harness.takeOver(onCopy: random.oneIn(2))
            deposed.pipeline.finish()
            await deposed.running.value
            _ = await answer.value
        }
        try await send([message])
    }

    private mutating func fresh() -> Message {
        let user = random.element(of: Self.users)
        let samples = (0..<Int.random(in: 1..<6, using: &random)).map { _ in
            let count = Int.random(in: 1..<(random.oneIn(10) ? 200 : 8), using: &random)
            return (
                key: random.element(of: Self.keys),
                // Quarters add up exactly, in whatever order.
                values: (0..<count).map { _ in Double(Int.random(in: -400..<4000, using: &random)) / 4 }
            )
        }
        nextSequence += 1
        let origin = Batch.Origin(client: "client-\(user)", sequence: nextSequence)
        return (user, batch(samples, origin: origin), samples)
    }

    /// Sends messages as bodies that one event loop reads in a turn.
    private mutating func send(_ messages: [Message]) async throws {
        let answers = try await harness.take(messages.map { (BatchEncoder.encode($0.batch), $0.user) })
        #expect(answers.count == messages.count, "seed \(seed)")
        for (message, first) in zip(messages, answers) {
            let isRepeated = sent.contains { $0.batch.origin == message.batch.origin && $0.user == message.user }
            let answer = try await persist(message, first)
            if harness.engine == nil || isRepeated {
                #expect(answer == (isRepeated ? .duplicate : .accepted), "seed \(seed)")
            }
            // JSON groups partials by kind; samples of one statistic keep their order.
            oracle.accept(
                message.samples, of: message.user, id: "\(message.batch.origin?.sequence ?? 0)",
                at: harness.clock.now().minute)
            if !isRepeated { sent.append(message) }
        }
    }

    /// Sends a batch again until it is acknowledged, as clients do.
    private mutating func persist(_ message: Message, _ first: IngestAnswer) async throws -> IngestAnswer {
        var answer = first
        for _ in 0..<100_000 {
            guard harness.engine != nil, case .refused(let error) = answer else { return answer }
            #expect(error.reason == .outcomeUnknown || error.reason == .logUnavailable, "seed \(seed): \(error)")
            refused += 1
            await Task.yield()
            answer = try await harness.take([(BatchEncoder.encode(message.batch), message.user)])[0]
        }
        return answer
    }

    private func compare() async throws {
        for user in Self.users {
            let status = await harness.status(of: user)
            #expect(Set(status.keys) == oracle.keys(of: user), "seed \(seed): statistics of \(user)")
            for key in oracle.keys(of: user) {
                #expect(status[key]?.sum == oracle.total(key, of: user), "seed \(seed): \(user) \(key) total")
                #expect(status[key]?.last == oracle.last(key, of: user), "seed \(seed): \(user) \(key) last")
                try await compareMinutes(key, user)
            }
        }
    }

    private func compareMinutes(_ key: StatisticKey, _ user: UserID) async throws {
        let points = try await harness.minutes(key, of: user)
        let expected = oracle.values(key, of: user)
        #expect(points.map(\.start) == expected.map(\.minute), "seed \(seed): \(user) \(key) minutes")
        for (point, (minute, values)) in zip(points, expected) {
            let found = point.aggregate
            let place = "seed \(seed): \(user) \(key) \(minute)"
            #expect(found.sum == values.reduce(0, +) && found.count == Int64(values.count), "\(place)")
            #expect(found.max == values.max() && found.min == values.min(), "\(place)")
            #expect(found.first == values.first && found.last == values.last, "\(place)")
            guard key.kind == .timer else { continue }
            let sorted = values.sorted()
            for (quantile, value) in [(0.1, found.bottom), (0.9, found.top)] {
                let exact = sorted[Int(nearestRank(quantile, of: Int64(values.count))) - 1]
                #expect(
                    (value - exact).magnitude <= exact.magnitude * SketchIndex.relativeError * 1.0001,
                    "\(place) quantile \(quantile)")
            }
        }
    }
}
