import DattssCore
import Dispatch
import LibC
import Testing

@testable import DattssClient

/// The client as a program uses it, over a scripted transport and a clock that the test turns.
@Suite struct DattssTests {
    private func client(
        _ transport: ScriptedTransport, _ clock: HandClock = HandClock(),
        _ configuration: Dattss.Configuration = .quiet(process: "api")
    ) -> Dattss {
        Dattss(configuration, transport: transport, clock: clock, seed: 1)
    }

    @Test("partials are what naive arithmetic over the samples says", arguments: [1, 2, 3] as [UInt64])
    func exactness(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let transport = ScriptedTransport()
        let stats = client(transport)
        var samples: [StatisticKey: [Double]] = [:]
        for _ in 0..<2000 {
            let path = "p\(Int.random(in: 0..<40, using: &random))"
            let value = Double(Int.random(in: -500...500, using: &random)) / 4
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                stats.count(path, by: value)
                samples[StatisticKey(.counter, path), default: []].append(value)
            case 1:
                stats.time(path, milliseconds: value)
                samples[StatisticKey(.timer, path), default: []].append(value)
            default:
                stats.agg(path, "\(value)g")
                samples[StatisticKey(.gauge, path), default: []].append(value)
            }
        }
        #expect(await stats.flush())
        let partials = try transport.batches()[0].partials
        #expect(partials.count == samples.count)
        for partial in partials {
            let values = try #require(samples[partial.key])
            let sorted = values.sorted()
            let aggregate = partial.aggregate
            #expect(values.count <= SampleAccumulator.exactSamplesMax)
            #expect(aggregate.sum == values.reduce(0, +) && aggregate.count == values.count, "seed \(seed)")
            #expect(aggregate.min == sorted.first && aggregate.max == sorted.last)
            #expect(aggregate.first == values.first && aggregate.last == values.last)
            #expect(aggregate.bottom == sorted[Int((0.1 * Double(values.count)).rounded(.up)) - 1])
            #expect(aggregate.top == sorted[Int((0.9 * Double(values.count)).rounded(.up)) - 1])
            #expect((aggregate.sketch != nil) == (partial.key.kind == .timer))
        }
    }

    @Test("a signal ends the program only after what was recorded has been sent")
    func termination() async throws {
        // Goal: SIGTERM loses nothing. (By a signal that nobody else here sends.)
        let transport = ScriptedTransport()
        let stats = client(transport)
        stats.count("hits")
        let (ends, end) = AsyncStream.makeStream(of: (signal: Int32, sent: Int).self)
        stats.stop(on: [SIGUSR2], within: 5) { end.yield(($0, transport.requests.count)) }
        kill(getpid(), SIGUSR2)
        let ended = try #require(await ends.first { _ in true })
        #expect(ended.signal == SIGUSR2 && ended.sent == 1)
        #expect(try transport.batches()[0].aggregate(.counter, "hits")?.sum == 1)
    }

    @Test("every push period sends what was recorded in it, and a silent one sends nothing")
    func periods() async throws {
        let (transport, clock) = (ScriptedTransport(), HandClock())
        let stats = client(transport, clock)
        stats.start()
        for round in 1...3 as ClosedRange<Int64> {
            await clock.untilSomebodySleeps(until: Timestamp(milliseconds: 1_000_000 + (2 * round - 1) * 5000))
            stats.count("hits", by: Double(round))
            clock.advance(milliseconds: 5000)
            await transport.untilAsked(Int(round))
            await clock.untilSomebodySleeps(until: Timestamp(milliseconds: 1_000_000 + 2 * round * 5000))
            clock.advance(milliseconds: 5000)
        }
        #expect(try transport.batches().map { $0.aggregate(.counter, "hits")?.sum } == [1, 2, 3])
        #expect(try transport.batches().map { $0.origin?.sequence } == [1, 2, 3])
        #expect(try transport.batches().map { $0.uptimeSeconds } == [5, 15, 25])
        #expect(await stats.stop())
        #expect(transport.requests.count == 3)
    }

    @Test("a batch without an answer is sent again as it was, and what came later follows")
    func repeats() async throws {
        let clock = HandClock()
        let transport = ScriptedTransport([
            .noAnswer, .answer(TransportAnswer(status: 503, retryAfterSeconds: 3)), .noAnswer,
        ])
        let stats = client(transport, clock)
        stats.count("hits")
        #expect(await !stats.flush())
        stats.count("hits", by: 10)
        #expect(await !stats.flush())
        #expect(await stats.lastProblem?.contains("no answer") == true)
        for attempt in 2...4 {
            clock.advance(milliseconds: 30_000)
            await transport.untilAsked(attempt)
            while attempt < 4, clock.nextDeadline.map({ $0 > clock.now() }) != true { await Task.yield() }
        }
        await transport.untilAsked(5)
        #expect(await stats.flush())
        #expect(Set(transport.requests.prefix(4).map(\.body)).count == 1)
        let last = try transport.batches()[4]
        #expect(last.origin?.sequence == 2 && last.aggregate(.counter, "hits")?.sum == 10)
        #expect(stats.drops.total == 0)
        #expect(await stats.lastProblem == nil)
    }

    @Test("a refused batch is counted, reported, and does not stop the next one")
    func refused() async throws {
        let transport = ScriptedTransport([.answer(TransportAnswer(status: 400, body: "prt.c[0].sum"))])
        let stats = client(transport)
        for _ in 0..<3 { stats.count("hits") }
        #expect(await !stats.flush())
        #expect(stats.drops[.refused] == 3)
        stats.count("hits")
        #expect(await stats.flush())
        #expect(try transport.batches()[1].aggregate(.counter, "dattss.client.dropped")?.sum == 3)
        #expect(stats.drops.total == 3)
    }

    @Test("a batch that was to report drops and is lost itself does not take the report with it")
    func reportsSurvive() async throws {
        let refusal = ScriptedTransport.Reply.answer(TransportAnswer(status: 413))
        let transport = ScriptedTransport([refusal, refusal])
        let stats = client(transport)
        for _ in 0..<3 {
            stats.count("hits")
            await stats.flush()
        }
        let reports = try transport.batches().map { $0.aggregate(.counter, "dattss.client.dropped")?.sum }
        #expect(reports == [nil, 1, 2])
    }

    @Test("bad paths and samples are dropped, counted by reason and reported, and throw nothing")
    func badSamples() async throws {
        let transport = ScriptedTransport()
        let stats = client(transport)
        stats.count("with space")
        stats.count("")
        stats.count(String(repeating: "x", count: 256))
        stats.gauge("load", .nan)
        stats.time("query", milliseconds: .infinity)
        for text in ["", "c", "12", "1x", "1cc", "nang", "1e999g"] { stats.agg("text", text) }
        #expect(stats.drops[.badPath] == 3)
        #expect(stats.drops[.badSample] == 9)
        await stats.flush()
        let batch = try transport.batches()[0]
        #expect(batch.partials.count == 1)
        #expect(batch.aggregate(.counter, "dattss.client.dropped")?.sum == 12)
    }

    @Test("more statistics than are remembered are counted, and the known ones go on")
    func tooMany() {
        let stats = client(ScriptedTransport())
        for index in 0..<20_010 { stats.count("path.\(index)") }
        stats.count("path.0")
        #expect(stats.drops[.tooManyStatistics] == 10)
    }

    @Test("counts of ten threads add up")
    func threads() async throws {
        let transport = ScriptedTransport()
        let stats = client(transport)
        DispatchQueue.concurrentPerform(iterations: 10) { _ in
            for _ in 0..<100_000 { stats.count("hits") }
        }
        #expect(await stats.flush())
        let hits = try transport.batches()[0].aggregate(.counter, "hits")
        #expect(hits?.count == 1_000_000 && hits?.sum == 1_000_000)
    }

    @Test("stop sends what is left")
    func stopFlushes() async throws {
        let transport = ScriptedTransport()
        let stats = client(transport)
        stats.start()
        stats.count("hits")
        #expect(await stats.stop())
        #expect(try transport.batches().map { $0.aggregate(.counter, "hits")?.sum } == [1])
    }

    @Test("a client that a program lets go of sends what is left")
    func letGo() async throws {
        let transport = ScriptedTransport()
        do {
            let stats = client(transport)
            stats.start()
            stats.count("hits")
        }
        await transport.untilAsked(1)
        #expect(try transport.batches()[0].aggregate(.counter, "hits")?.sum == 1)
    }

    @Test("stop tries at once what waits for a later attempt")
    func stopHurries() async throws {
        let transport = ScriptedTransport([.noAnswer])
        let stats = client(transport)
        stats.count("hits")
        #expect(await !stats.flush())
        #expect(await stats.stop())
        #expect(transport.requests.count == 2)
    }

    @Test("stop waits no longer than it was told, and counts what it gives up")
    func stopIsBounded() async throws {
        let (transport, clock) = (ScriptedTransport([.silence]), HandClock())
        let stats = client(transport, clock)
        stats.count("hits")
        async let isComplete = stats.stop(within: 2)
        await clock.untilSomebodySleeps(until: Timestamp(milliseconds: 1_002_000))
        clock.advance(milliseconds: 2000)
        #expect(await !isComplete)
        #expect(stats.drops[.stopped] == 1)
    }

    @Test("a server that is away longer than the buffer lasts loses the oldest, and is told how many")
    func overflow() async throws {
        var configuration = Dattss.Configuration.quiet()
        configuration.bufferBatches = 2
        let transport = ScriptedTransport([.noAnswer])
        let clock = HandClock()
        let stats = client(transport, clock, configuration)
        for value in 1...4 {
            stats.gauge("load", Double(value))
            await stats.flush()
        }
        #expect(stats.drops[.bufferFull] == 2)
        clock.advance(milliseconds: 1000)
        await transport.untilAsked(3)
        #expect(await stats.flush())
        stats.gauge("load", 5)
        #expect(await stats.flush())
        #expect(try transport.batches().map { $0.aggregate(.gauge, "load")?.last } == [1, 3, 4, nil, 5])
        #expect(try transport.batches()[3].aggregate(.counter, "dattss.client.dropped")?.sum == 2)
    }

    @Test("measure times a body and hands on what it returns or throws")
    func measure() async throws {
        struct Failure: Error {}
        let transport = ScriptedTransport()
        let stats = client(transport)
        #expect(stats.measure("query") { 42 } == 42)
        #expect(
            await stats.measure("query") {
                await Task.yield(); return 43
            } == 43)
        #expect(throws: Failure.self) { try stats.measure("query") { () throws(Failure) in throw Failure() } }
        await #expect(throws: Failure.self) {
            try await stats.measure("query") { () async throws(Failure) in
                await Task.yield()
                throw Failure()
            }
        }
        await stats.flush()
        let query = try #require(try transport.batches()[0].aggregate(.timer, "query"))
        #expect(query.count == 4 && query.min >= 0)
    }

    @Test("emphasis travels, by parameter and by exclamation mark")
    func emphasis() async throws {
        let transport = ScriptedTransport()
        let stats = client(transport)
        stats.agg("a", "1c!")
        stats.count("b", emphasised: true)
        stats.count("c")
        await stats.flush()
        let batch = try transport.batches()[0]
        #expect(["a", "b", "c"].map { batch.aggregate(.counter, $0)?.isEmphasised } == [true, true, false])
    }

    @Test("a program that is asked to stop hears of it once; one that did not ask for it is silent")
    func stopRequest() async throws {
        let transport = ScriptedTransport([
            .answer(TransportAnswer(status: 200)), .answer(TransportAnswer(status: 200, body: "local.key-api")),
        ])
        let clock = HandClock()
        var configuration = Dattss.Configuration.quiet(process: "api")
        let (requests, continuation) = AsyncStream.makeStream(of: Void.self)
        configuration.onStopRequest = { continuation.yield() }
        configuration.canBeStopped = true
        let stats = client(transport, clock, configuration)
        stats.start()
        await clock.untilSomebodySleeps(until: Timestamp(milliseconds: 1_001_000))
        clock.advance(milliseconds: 1000)
        for await _ in requests { break }
        #expect(transport.requests.map(\.path) == ["/process", "/process"])
        stats.count("a")
        await stats.flush()
        let client = try #require(try transport.batches().first?.origin?.client)
        let expected = #"{"auth":"local.key","process":"api","cid":"\#(client)"}"#
        #expect(String(decoding: transport.requests[0].body, as: UTF8.self) == expected)
        await stats.stop()
    }

    @Test("a program that does not say what to do when it is to stop ends, with everything sent")
    func stopEnds() async throws {
        let transport = ScriptedTransport([.answer(TransportAnswer(status: 200, body: "local.key-api"))])
        var configuration = Dattss.Configuration.quiet(process: "api")
        let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
        configuration.canBeStopped = true
        configuration.endProgram = { continuation.yield() }
        let stats = client(transport, HandClock(), configuration)
        stats.count("last")
        stats.start()
        for await _ in ends { break }
        #expect(transport.requests.map(\.path) == ["/process", "/agg"])
        await stats.stop()
    }
}
