import DattssCore
import DattssTestSupport
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("A killed server", .serialized)
struct KillTests {
    static let kills = ProcessInfo.processInfo.environment["DATTSS_KILLS"].flatMap { Int($0) } ?? 20

    /// Goal: promise 1. Senders go on through every kill and send a batch again until it is acknowledged; in the end status
    /// and series count every acknowledged batch exactly once.
    @Test("has every acknowledged batch exactly once", arguments: [SyncMode.second, .always])
    func exactlyOnce(mode: SyncMode) async throws {
        let server = RealServer(["--sync", mode.rawValue])
        try await server.start()
        let key = try await server.key()
        let seed = UInt64(ProcessInfo.processInfo.environment["DATTSS_SEED"] ?? "") ?? 20_261_122
        var random = SeededGenerator(seed: seed)
        let kills = mode == .second ? Self.kills : max(1, Self.kills / 4)

        let senders = (0..<4).map { Sender(number: $0, key: key, server: server) }
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for sender in senders { group.addTask { try await sender.run() } }
            for _ in 0..<kills {
                // Waits: a kill may come at any moment of a real process.
                try await Task.sleep(for: .milliseconds(Int.random(in: 20..<400, using: &random)))
                try await server.kill()
                try await server.start()
            }
            for sender in senders { await sender.finish() }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let batches = counts.reduce(0, +)
        #expect(batches > kills, "too little traffic to mean anything (seed \(seed))")

        let counters = try await server.status(.counter, key: key)
        let timers = try await server.seriesTotals(.timer, "shared.wait", key: key)
        #expect(counters["shared.hits"]?.sum == Double(batches * 3), "seed \(seed)")
        #expect(timers.sum == Double(batches * 17) && timers.count == Double(batches * 2), "seed \(seed)")
        for (sender, count) in zip(senders, await withOrder(senders)) {
            let path = "sender\(sender.number).hits"
            #expect(counters[path]?.sum == Double(count), "seed \(seed)")
            #expect(try await server.seriesTotals(.counter, path, key: key).sum == Double(count), "seed \(seed)")
        }
        let verified = try await server.command("log", "verify")
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
        try await server.discard()
    }

    private func withOrder(_ senders: [Sender]) async -> [Int] {
        var counts: [Int] = []
        for sender in senders { counts.append(await sender.acknowledged) }
        return counts
    }

    /// Goal: promise 2. UDP samples survive but for the last second before the kill.
    @Test("has the UDP samples of more than a second before")
    func datagramsSurvive() async throws {
        let server = RealServer(["--statsd-user", "local"])
        try await server.start()
        let key = try await server.key()
        try await server.send((0..<1000).map { _ in Array("udp.hits:1|c\nudp.wait:5|ms".utf8) })
        #expect(try await eventually { try await server.status(.counter, key: key)["udp.hits"]?.sum == 1000 })
        try await server.kill()
        try await server.start()
        #expect(try await server.status(.counter, key: key)["udp.hits"]?.sum == 1000)
        #expect(try await server.seriesTotals(.timer, "udp.wait", key: key).sum == 5000)
        try await server.discard()
    }

    /// Goal: an ordered shutdown writes the open minute down, keeps everything, and exits with 0.
    @Test("and one that was asked to end keep the same")
    func orderedShutdown() async throws {
        let server = RealServer()
        try await server.start()
        let key = try await server.key()
        for sequence in 1...3 {
            let batch = Sender.batch(sender: 9, sequence: Int64(sequence))
            #expect(try await server.put(batch, key: key).status == 200)
            #expect(try await server.stop(sequence == 2 ? SIGINT : SIGTERM) == 0)
            let report = try await server.start()
            #expect(report.contains("replayed"))
            // The same number again counts once, also across the shutdown.
            #expect(try await server.put(batch, key: key).status == 200)
        }
        #expect(try await server.status(.counter, key: key)["shared.hits"]?.sum == 9)
        #expect(try await server.seriesTotals(.counter, "shared.hits", key: key).sum == 9)
        try await server.discard()
    }
}

/// A client that sends a batch until it is acknowledged, then the next.
actor Sender {
    nonisolated let number: Int
    private let key: String
    private let server: RealServer
    private var isFinishing = false
    private(set) var acknowledged = 0

    init(number: Int, key: String, server: RealServer) {
        (self.number, self.key, self.server) = (number, key, server)
    }

    func finish() { isFinishing = true }

    /// - Returns: how many batches were acknowledged.
    func run() async throws -> Int {
        var sequence: Int64 = 1
        var attempts = 0
        while true {
            // A batch that is begun is brought to its end: it may have been taken in though no answer came.
            if isFinishing, attempts == 0 { return acknowledged }
            attempts += 1
            let batch = Self.batch(sender: number, sequence: sequence)
            guard let answer = try? await server.put(batch, key: key) else {
                try await pause()
                continue
            }
            switch answer.status {
            case 200:
                acknowledged += 1
                sequence += 1
                attempts = 0
            case 503: try await pause()
            default: throw RealServer.Failure(description: "unexpected answer \(answer.status): \(answer.body)")
            }
        }
    }

    /// Before the same batch is sent again.
    private func pause() async throws {
        // Waits: a real server is away, or full.
        try await Task.sleep(for: .milliseconds(5))
    }

    static func batch(sender: Int, sequence: Int64) -> Batch {
        let samples: [(StatisticKey, [Double])] = [
            (StatisticKey(.counter, "shared.hits"), [1, 2]), (StatisticKey(.counter, "sender\(sender).hits"), [1]),
            (StatisticKey(.timer, "shared.wait"), [12, 5]), (StatisticKey(.gauge, "sender\(sender).last"), [Double(sequence)]),
        ]
        return Batch(
            partials: samples.compactMap { key, values in
                var accumulator = SampleAccumulator()
                for value in values { accumulator.add(value) }
                return accumulator.partial(of: key.kind).map { Partial(key, $0) }
            },
            origin: .init(client: "sender-\(sender)", sequence: sequence))
    }
}

/// The server's `--sync`.
enum SyncMode: String, CaseIterable { case second, always }
