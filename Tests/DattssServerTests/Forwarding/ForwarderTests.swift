import DattssLog
import DattssPipeline
import DattssTestSupport
import Logging
import Synchronization
import Testing

@testable import DattssCore
@testable import DattssServer

/// Goal: whatever becomes of a target, of the server and of the clock, each minute gets there, always with the same values.
@Suite("Forwarding")
struct ForwarderTests {
    /// A target that keeps what it is sent, by line and time.
    private final class Receiver: ForwardSender {
        private struct State {
            var values: [String: String] = [:]
            var conflicts: [String] = []
            var batches = 0
            var answer: @Sendable (String, Int) -> ForwardProblem.Kind? = { _, _ in nil }
            var wasRestarted = false
        }
        private let state = Mutex(State())

        var values: [String: String] { state.withLock { $0.values } }
        var conflicts: [String] { state.withLock { $0.conflicts } }
        var batches: Int { state.withLock { $0.batches } }
        var wasRestarted: Bool {
            state.withLock { state in
                defer { state.wasRestarted = false }
                return state.wasRestarted
            }
        }

        /// - Parameter answer: what becomes of a batch, the how many-th it is from 1 on; nil when it is taken.
        func set(_ answer: @escaping @Sendable (String, Int) -> ForwardProblem.Kind?) {
            state.withLock { ($0.answer, $0.batches) = (answer, 0) }
        }

        func forget() { state.withLock { ($0.values, $0.wasRestarted) = ([:], true) } }

        func send(_ batch: ForwardBatch) async throws(ForwardProblem) {
            let text = String(decoding: batch.bytes, as: UTF8.self)
            let problem = state.withLock { state -> ForwardProblem.Kind? in
                state.batches += 1
                if let problem = state.answer(text, state.batches) { return problem }
                for line in text.split(separator: "\n") {
                    // A name, a value and a time.
                    let parts = line.split(separator: " ")
                    let (place, value) = ("\(parts[0]) \(parts[2])", String(parts[1]))
                    if let earlier = state.values.updateValue(value, forKey: place), earlier != value {
                        state.conflicts.append("\(place): \(earlier), \(value)")
                    }
                }
                return nil
            }
            if let problem { throw ForwardProblem(kind: problem, description: "as it was told") }
        }
    }

    private static let start = Timestamp(seconds: 1_790_040_720)

    private static func makeForwarder(_ server: LivingServer, _ receiver: Receiver) throws -> Forwarder {
        var logger = Logger(label: "forwarding") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let target = try #require(ForwardTarget("graphite://h?user=local"))
        let accounts = server.parts.accounts
        return Forwarder(
            target, receiver, server.parts.pipeline.minutes,
            ForwardBase(queries: server.parts.pipeline.queries) { try accounts.users().map(\.id) },
            ForwardFiles(target, directory: server.folder.path, server.disk), isKnown: { accounts.key(of: $0) != nil },
            threads: QueryThreads(count: 1, niceness: 0), clock: server.clock, logger: logger)
    }

    private static func count(_ server: LivingServer, _ path: String, _ value: Double) async {
        let batch = Batch(partials: [Partial(StatisticKey(.counter, path), Aggregate(sample: value))])
        #expect(await server.parts.pipeline.ingest.submit(batch, of: .local) == .accepted)
    }

    /// Lets the minute pass, and waits until it is written.
    private static func endMinute(_ server: LivingServer) async throws {
        let minute = server.clock.now().minute
        // Lines that are being collected hold up the end of a minute for a moment.
        server.clock.set(minute.end.advanced(byMilliseconds: 10_000))
        try await server.lookAtClock()
        #expect(try await eventually { server.parts.pipeline.minutes.last.map { $0 >= minute } ?? false })
    }

    /// A server with a target, which begins behind the first minute that is written. (One in which nobody sent anything is not.)
    private static func begin(_ receiver: Receiver) async throws -> (LivingServer, Forwarder) {
        let server = try LivingServer(at: start, LivingServer.Settings())
        _ = try server.parts.server.prepareLocalUser()
        await count(server, "first", 1)
        try await endMinute(server)
        let forwarder = try makeForwarder(server, receiver)
        try await finish(forwarder)
        return (server, forwarder)
    }

    /// Takes steps until there is nothing to do.
    private static func finish(_ forwarder: Forwarder) async throws {
        while true {
            do { if try await !forwarder.step() { return } } catch is SendAgain { await forwarder.sendAgain() }
        }
    }

    private static func place(_ path: String, _ minute: Int) -> String {
        "stats.counters.\(path).count \(start.seconds + Int64(minute) * 60)"
    }

    @Test("what a kill cut off is sent again, to the same values")
    func kill() async throws {
        let receiver = Receiver()
        let (server, first) = try await Self.begin(receiver)
        var forwarder = first
        for minute in 1...6 {
            await Self.count(server, "hits", Double(minute))
            if minute == 3 {
                // The first half of a minute is written ahead, and nothing else is known of it.
                try await server.killAndRestart()
                forwarder = try Self.makeForwarder(server, receiver)
                await Self.count(server, "hits", 0.5)
            }
            if minute == 5 { forwarder = try Self.makeForwarder(server, receiver) }
            try await Self.endMinute(server)
            try await Self.finish(forwarder)
        }
        for (minute, value) in [(1, "1"), (2, "2"), (3, "3.5"), (4, "4"), (5, "5"), (6, "6")] {
            #expect(receiver.values[Self.place("hits", minute)] == value, "minute \(minute)")
        }
        #expect(receiver.conflicts.isEmpty)
        #expect(Forwarding.lagSeconds(forwarder.counters.snapshot) == 0)
        await server.stop()
    }

    @Test("one series that is refused takes no others with it, and is counted")
    func refusal() async throws {
        let receiver = Receiver()
        let (server, forwarder) = try await Self.begin(receiver)
        receiver.set { text, _ in text.contains("bad.rate") ? .refused : nil }
        for path in ["a", "b", "bad", "c", "d"] { await Self.count(server, path, 1) }
        try await Self.endMinute(server)
        try await Self.finish(forwarder)
        #expect(receiver.values.count == 9)
        #expect(receiver.values[Self.place("bad", 1)] == "1")
        let counts = forwarder.counters.snapshot
        #expect((counts.refused, counts.sent) == (1, 9))
        #expect(Forwarding.lagSeconds(counts) == 0)
        await server.stop()
    }

    @Test("a target that was started anew gets the last minutes again")
    func restartedTarget() async throws {
        let receiver = Receiver()
        let (server, forwarder) = try await Self.begin(receiver)
        for minute in 1...4 {
            await Self.count(server, "hits", Double(minute))
            try await Self.endMinute(server)
            if minute == 4 { receiver.forget() }
            try await Self.finish(forwarder)
        }
        for minute in 1...4 { #expect(receiver.values[Self.place("hits", minute)] == "\(minute)") }
        await server.stop()
    }

    @Test("a clock that is set back by hours is followed")
    func clock() async throws {
        let receiver = Receiver()
        let (server, forwarder) = try await Self.begin(receiver)
        await Self.count(server, "hits", 1)
        try await Self.endMinute(server)
        try await Self.finish(forwarder)
        server.clock.jump(byMilliseconds: -3 * 3_600_000)
        await Self.count(server, "hits", 2)
        server.clock.set(server.clock.now().minute.end.advanced(byMilliseconds: 10_000))
        await Self.count(server, "later", 1)
        let back = server.clock.now().minute
        #expect(try await eventually { server.parts.pipeline.minutes.last.map { $0 == back.advanced(by: -1) } ?? false })
        try await Self.finish(forwarder)
        try await Self.endMinute(server)
        try await Self.finish(forwarder)
        #expect(receiver.values[Self.place("hits", 1)] == "1")
        #expect(receiver.values["stats.counters.later.count \(back.start.seconds)"] == "1")
        await server.stop()
    }
}
