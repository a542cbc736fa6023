import DattssCore
import DattssLog
import DattssTestSupport
import NIOCore
import NIOEmbedded
import Testing

@testable import DattssPipeline
@testable import DattssServer

/// Goal: exports that are soon read are taken in on the fast path as the router takes them in: in the user's turn, all or none of
/// those that go to the log together, and answered in their own format.
@Suite("Exports on the fast path", .timeLimit(.minutes(10)))
struct ExportFastPathTests {
    private static let hits = StatisticKey(.counter, "hits")

    private final class Scene: Sendable {
        let ann: UserID
        let accounts: Accounts
        let pipeline: Pipeline
        let telemetry: OTLPIntake
        let disk = SimulatedFileSystem()
        private let endpoint: AggregateEndpoint
        private let intakes: AggregateIntakes
        private let running: Task<Void, Never>
        private let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
        private let folder: TestFolder

        init(_ change: (inout Limits) -> Void = { _ in }) throws {
            ann = try #require(UserID("ann"))
            folder = try TestFolder()
            accounts = try Accounts(directory: folder.path)
            try accounts.add(ann, at: clock.now())
            try DataFolder.lock("/data", fileSystem: disk).release()
            var limits = Limits()
            change(&limits)
            let pipeline = try Pipeline(
                PipelineConfiguration(directory: "/data", syncMode: .never, limits: limits, fileSystem: disk, clock: clock),
                onFailure: { _ in })
            self.pipeline = pipeline
            running = Task { await pipeline.run() }
            telemetry = OTLPIntake(startedAt: Timestamp(seconds: 0))
            endpoint = AggregateEndpoint(
                ingest: pipeline.ingest, processes: ProcessRegistry(clock: clock), accounts: accounts, limits: limits,
                decoding: DecodingPool(), telemetry: telemetry, clock: clock)
            intakes = AggregateIntakes(endpoint)
        }

        var key: String { get throws { try #require(accounts.key(of: ann)) } }

        /// - Parameter loop: the connections of one loop are taken in together.
        func connect(on loop: NIOAsyncTestingEventLoop = NIOAsyncTestingEventLoop()) async throws -> Connection {
            let channel = NIOAsyncTestingChannel(loop: loop)
            try await channel.testingEventLoop.executeInContext { [self] in
                let fastPath = AggregateFastPath(
                    intakes.intake(on: channel.eventLoop),
                    deadline: FastPathDeadline(seconds: 15, idleSeconds: 120, onTimeout: {}),
                    uploads: ByteBudget(bytesMax: 1 << 20), refusals: RefusalPace(clock: clock))
                try channel.pipeline.syncOperations.addHandler(fastPath)
            }
            try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).get()
            return Connection(channel: channel)
        }

        func deleteUser() throws { try accounts.delete(ann, at: clock.now()) }

        func sum(of key: StatisticKey = hits) async -> Double? {
            await pipeline.queries.status(of: ann).statistics.first { $0.key == key }?.sum
        }

        func stop() async {
            pipeline.finish()
            await running.value
        }
    }

    private struct Connection {
        let channel: NIOAsyncTestingChannel

        func send(_ bytes: [UInt8]) async throws { try await channel.writeInbound(ByteBuffer(bytes: bytes)) }

        /// The next answer, as text.
        func answer() async throws -> String? {
            guard case .byteBuffer(let bytes) = try await channel.waitForOutboundWrite(as: IOData.self) else { return nil }
            return String(buffer: bytes)
        }
    }

    private static func request(_ key: String, _ body: [UInt8], _ fields: String = "") -> [UInt8] {
        Array(
            ("POST /v1/metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\nContent-Type: application/x-protobuf\r\n"
                + "\(fields)Content-Length: \(body.count)\r\n\r\n").utf8) + body
    }

    private static func total(_ value: Double, at time: UInt64, _ name: String = "hits") -> [UInt8] {
        ProtobufExport.bytes(of: OTLPExport.of(OTLPExport.sum(name, (5, time, value))))
    }

    @Test("are taken in, one after the other of a connection, and answered in their format")
    func order() async throws {
        let scene = try Scene()
        let connection = try await scene.connect()
        let key = try scene.key
        try await connection.send(
            Self.request(key, Self.total(10, at: 10)) + Self.request(key, Self.total(10, at: 10))
                + Self.request(key, Self.total(25, at: 20)) + Self.request(key, [0x0A]) + Self.request("nobody", [])
                + Self.request(key, Self.total(1, at: 30, "")) + Self.request(key, Self.total(30, at: 30), "Connection: close\r\n"))
        var answers: [String] = []
        for _ in 0..<7 { answers.append(try #require(try await connection.answer())) }
        #expect(
            answers.map { $0.prefix { $0 != "\r\n" } } == [
                "HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 400 Bad Request", "HTTP/1.1 401 Unauthorized",
                "HTTP/1.1 200 OK", "HTTP/1.1 200 OK",
            ])
        #expect(answers.allSatisfy { $0.contains("Content-Type: application/x-protobuf\r\n") })
        #expect(answers[0].hasSuffix("Content-Length: 0\r\nCache-Control: no-store\r\n\r\n"))
        #expect(answers[3].contains("the body is no ExportMetricsServiceRequest"))
        // One point was rejected: field 1 of the partial success is 1.
        #expect(answers[5].contains("\r\n\r\n\u{0A}") && answers[5].contains("\u{08}\u{01}") && answers[5].contains("is no name"))
        #expect(answers[6].contains("Connection: close\r\n"))
        #expect(await scene.sum() == 30)
        #expect(scene.telemetry.counters.snapshot.repeated == 1)
        #expect(scene.telemetry.counters.snapshot.rejected == 1)
        await scene.stop()
    }

    @Test("of many connections and of the router's turns count once each")
    func together() async throws {
        // Goal: whoever comes at the same time waits for the turn, is worked out behind the others, and is not lost.
        let scene = try Scene()
        let key = try scene.key
        var connections: [Connection] = []
        let loop = NIOAsyncTestingEventLoop()
        for place in 0..<8 { connections.append(place < 4 ? try await scene.connect(on: loop) : try await scene.connect()) }
        await withCheckedContinuation { turn in scene.telemetry.turns.enter(scene.ann) { turn.resume() } }
        for round in 0..<5 as Range<UInt64> {
            for (place, connection) in connections.enumerated() {
                let name = place % 2 == 0 ? "hits" : "misses"
                let body = Self.total(Double(round + 1), at: 10 + round, name)
                try await connection.send(Self.request(key, body))
            }
            if round == 0 { scene.telemetry.turns.leave(scene.ann) }
            for connection in connections { #expect(try await connection.answer()?.hasPrefix("HTTP/1.1 200") == true) }
        }
        #expect(await scene.sum() == 5)
        #expect(await scene.sum(of: StatisticKey(.counter, "misses")) == 5)
        #expect(scene.telemetry.counters.snapshot.repeated == 5 * 6)
        await scene.stop()
    }

    @Test("that cannot be written are refused together, those with nothing new included, and count when they come again")
    func unwritten() async throws {
        // Goal: what is new in an export depends on those before it, so nothing of a group that is not written is remembered.
        let scene = try Scene()
        let connection = try await scene.connect()
        let key = try scene.key
        try await connection.send(Self.request(key, Self.total(1, at: 10)))
        _ = try await connection.answer()
        // All in one turn of the user: 4 more, the same again, a point without anything new, and another series.
        let loop = NIOAsyncTestingEventLoop()
        await withCheckedContinuation { turn in scene.telemetry.turns.enter(scene.ann) { turn.resume() } }
        var connections: [Connection] = []
        for body in [Self.total(5, at: 20), Self.total(5, at: 20), Self.total(5, at: 25), Self.total(7, at: 20, "other")] {
            let connection = try await scene.connect(on: loop)
            try await connection.send(Self.request(key, body))
            connections.append(connection)
        }
        scene.disk.capacityBytes = scene.disk.usedBytes
        scene.telemetry.turns.leave(scene.ann)
        for connection in connections { #expect(try await connection.answer()?.hasPrefix("HTTP/1.1 503") == true) }
        scene.disk.capacityBytes = nil
        #expect(await scene.sum() == 1)
        #expect(scene.telemetry.counters.snapshot.repeated == 0)
        for (value, time, name) in [(5.0, 20, "hits"), (5, 25, "hits"), (7, 20, "other")] as [(Double, UInt64, String)] {
            try await connection.send(Self.request(key, Self.total(value, at: time, name)))
            #expect(try await connection.answer()?.hasPrefix("HTTP/1.1 200") == true)
        }
        #expect(await scene.sum() == 5)
        #expect(await scene.sum(of: StatisticKey(.counter, "other")) == 7)
        await scene.stop()
    }

    @Test("over the user's limit of statistics are taken in as far as they fit, and the rest is told")
    func limit() async throws {
        let scene = try Scene { $0.liveStatisticsPerUser = 1 }
        let connection = try await scene.connect()
        let key = try scene.key
        try await connection.send(Self.request(key, Self.total(1, at: 10)) + Self.request(key, Self.total(1, at: 10, "more")))
        #expect(try await connection.answer()?.contains("Content-Length: 0\r\n") == true)
        #expect(try await connection.answer()?.contains("more than 1 ") == true)
        #expect(await scene.sum() == 1)
        await scene.stop()
    }

    @Test("that are dear to read, compressed or JSON are the router's")
    func foreign() async throws {
        let scene = try Scene()
        let key = try scene.key
        let small = Self.total(1, at: 10)
        let large = small + [UInt8](repeating: 0x78, count: DecodingPool.exportBytesMin)
        let json = Array("POST /v1/metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\nContent-Length: 2\r\n\r\n{}".utf8)
        for (behind, isForeign) in [
            (Self.request(key, large), true), (Self.request(key, small, "Content-Encoding: gzip\r\n"), true), (json, true),
            (Self.request(key, small), false),
        ] {
            // Also behind one that was taken in, whose head it repeats but for the length.
            let connection = try await scene.connect()
            try await connection.send(Self.request(key, small))
            _ = try await connection.answer()
            try await connection.send(behind)
            if isForeign {
                let passed = try #require(try await connection.channel.readInbound(as: ByteBuffer.self))
                #expect(Array(passed.readableBytesView) == behind)
            } else {
                #expect(try await connection.answer()?.hasPrefix("HTTP/1.1 200") == true)
            }
        }
        await scene.stop()
    }

    @Test("of a user who was deleted meanwhile are refused, and nothing is kept")
    func deleted() async throws {
        let scene = try Scene()
        let connection = try await scene.connect()
        let key = try scene.key
        await withCheckedContinuation { turn in scene.telemetry.turns.enter(scene.ann) { turn.resume() } }
        try await connection.send(Self.request(key, Self.total(1, at: 10)))
        try scene.deleteUser()
        scene.telemetry.turns.leave(scene.ann)
        #expect(try await connection.answer()?.hasPrefix("HTTP/1.1 401") == true)
        #expect(scene.telemetry.size.series == 0)
        await scene.stop()
    }
}
