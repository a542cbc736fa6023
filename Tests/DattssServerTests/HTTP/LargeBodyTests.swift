import DattssCore
import DattssLog
import DattssTestSupport
import Dispatch
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import DattssPipeline
@testable import DattssServer

/// Goal: a body that is dear to read keeps nobody waiting but its own connection, and all that holds for a body that is read at once
/// holds for it: order, limits, duplicates, and whatever comes to an end meanwhile.
@Suite("Large bodies", .timeLimit(.minutes(10)))
struct LargeBodyTests {
    private static let hits = StatisticKey(.counter, "hits")

    /// A server's fast path, of which the one thread that reads large bodies is busy until ``open()``.
    private final class Scene: Sendable {
        let (ann, bob): (UserID, UserID)
        let accounts: Accounts
        let pipeline: Pipeline
        let uploads: ByteBudget
        let decoding: DecodingPool
        private let running: Task<Void, Never>
        private let intakes: AggregateIntakes
        private let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
        private let folder: TestFolder
        private let disk = SimulatedFileSystem()
        private let gate = DispatchSemaphore(value: 0)

        init(uploadBytes: Int = 16 << 20, waitingMax: Int = 1024) throws {
            (ann, bob) = (try #require(UserID("ann")), try #require(UserID("bob")))
            folder = try TestFolder()
            accounts = try Accounts(directory: folder.path)
            for user in [ann, bob] { try accounts.add(user, at: clock.now()) }
            try DataFolder.lock("/data", fileSystem: disk).release()
            let pipeline = try Pipeline(
                PipelineConfiguration(directory: "/data", syncMode: .never, fileSystem: disk, clock: clock), onFailure: { _ in })
            self.pipeline = pipeline
            running = Task { await pipeline.run() }
            uploads = ByteBudget(bytesMax: uploadBytes)
            decoding = DecodingPool(width: 1, waitingMax: waitingMax)
            intakes = AggregateIntakes(
                AggregateEndpoint(
                    ingest: pipeline.ingest, processes: ProcessRegistry(clock: clock), accounts: accounts, limits: Limits(),
                    decoding: decoding, telemetry: OTLPIntake(startedAt: clock.now()), clock: clock))
            decoding.start(of: .local, cost: 1, { [gate] in gate.wait() }, onRefusal: { _ in })
        }

        func key(of user: UserID) throws -> String { try #require(accounts.key(of: user)) }

        func connect() async throws -> Connection {
            let channel = NIOAsyncTestingChannel()
            try await channel.testingEventLoop.executeInContext { [self] in
                let fastPath = AggregateFastPath(
                    intakes.intake(on: channel.eventLoop),
                    deadline: FastPathDeadline(seconds: 15, idleSeconds: 120, onTimeout: {}), uploads: uploads,
                    refusals: RefusalPace(clock: clock))
                try channel.pipeline.syncOperations.addHandler(fastPath)
            }
            try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).get()
            return Connection(channel: channel)
        }

        /// From now on large bodies are read.
        func open() { gate.signal() }

        func waitFor(waiting count: Int) async { while decoding.counts.waiting != count { await Task.yield() } }

        func waitForAll() async { while decoding.counts.underWay > 0 { await Task.yield() } }

        func sum(of user: UserID) async -> Double? {
            await pipeline.queries.status(of: user).statistics.first { $0.key == LargeBodyTests.hits }?.sum
        }

        /// Whose batches are in the log, in its order.
        func written() throws -> [UserID] {
            var written = Written()
            _ = try Recovery.run(fileSystem: disk.copy(), directory: "/data", policy: .never, into: &written)
            return written.users
        }

        func stop() async {
            open()
            pipeline.finish()
            await running.value
        }
    }

    private struct Connection {
        let channel: NIOAsyncTestingChannel

        func send(_ bytes: [UInt8]) async throws { try await channel.writeInbound(ByteBuffer(bytes: bytes)) }

        /// The next answer's status.
        func answer() async throws -> Int? {
            guard case .byteBuffer(let bytes) = try await channel.waitForOutboundWrite(as: IOData.self) else { return nil }
            return Int(String(buffer: bytes).dropFirst("HTTP/1.1 ".count).prefix(3))
        }

        /// Whether nothing is answered that was not asked for by ``answer()``.
        func isSilent() async throws -> Bool { try await channel.readOutbound(as: IOData.self) == nil }
    }

    /// - Parameter padding: as long as the body is, at least.
    private static func body(padding: Int, sequence: Int? = nil, path: String = "hits") -> [UInt8] {
        let origin = sequence.map { #","cid":"c","seq":\#($0)"# } ?? ""
        let counter = #"{"pth":"\#(path)","sum":1,"cnt":1,"max":1,"min":1,"fst":1,"lst":1,"top":1,"bot":1}"#
        return Array(#"{"prt":{"c":[\#(counter)],"ms":[],"g":[]}\#(origin)\#(String(repeating: " ", count: padding))}"#.utf8)
    }

    private static let large = body(padding: 100_000)

    private static func request(_ key: String, _ body: [UInt8], _ fields: String = "") -> [UInt8] {
        Array("PUT /agg?auth=\(key) HTTP/1.1\r\nHost: x\r\n\(fields)Content-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    @Test("wait for their turn, and the answers of their connection with them; others are answered meanwhile")
    func order() async throws {
        let scene = try Scene()
        let (one, other) = (try await scene.connect(), try await scene.connect())
        let (ann, bob) = (try scene.key(of: scene.ann), try scene.key(of: scene.bob))
        let compressed = GzipBody.stored(Self.body(padding: 40_000))
        try await one.send(
            Self.request(ann, Self.large) + Self.request(ann, Array("{".utf8)) + Self.request(ann, Self.body(padding: 0))
                + Self.request(ann, compressed, "Content-Encoding: gzip\r\n") + Self.request("nobody", Self.large))
        await scene.waitFor(waiting: 1)
        try await other.send(Self.request(bob, Self.body(padding: 0)) + Self.request(ann, Self.body(padding: 0)))
        #expect(try await other.answer() == 200)
        #expect(try await other.answer() == 200)
        #expect(try await one.isSilent())
        #expect(await scene.sum(of: scene.ann) == 1)
        scene.open()
        var answers: [Int?] = []
        for _ in 0..<5 { answers.append(try await one.answer()) }
        #expect(answers == [200, 400, 200, 200, 401])
        #expect(await scene.sum(of: scene.ann) == 4)
        #expect(await scene.sum(of: scene.bob) == 1)
        await scene.stop()
    }

    /// Goal: what a few compressed bytes become does not show before it is tried.
    @Test("are also those that are small only as long as they are compressed")
    func bomb() async throws {
        let scene = try Scene()
        let (one, other) = (try await scene.connect(), try await scene.connect())
        let ann = try scene.key(of: scene.ann)
        let (small, large) = (
            ZstdBody.spaces(behind: Self.body(padding: 0), count: 1), ZstdBody.spaces(behind: Self.body(padding: 0), count: 7)
        )
        try await one.send(Self.request(ann, large, "Content-Encoding: zstd\r\n"))
        await scene.waitFor(waiting: 1)
        try await other.send(Self.request(ann, small, "Content-Encoding: zstd\r\n"))
        await scene.waitFor(waiting: 2)
        scene.open()
        #expect(try await one.answer() == 200)
        #expect(try await other.answer() == 200)
        await scene.stop()
    }

    @Test("of one user wait behind each other, and not in front of another's")
    func turns() async throws {
        let scene = try Scene()
        let (ann, bob) = (scene.ann, scene.bob)
        var connections: [Connection] = []
        for user in [ann, ann, ann, bob] {
            let connection = try await scene.connect()
            connections.append(connection)
            try await connection.send(Self.request(try scene.key(of: user), Self.large))
            await scene.waitFor(waiting: connections.count)
        }
        scene.open()
        for connection in connections { #expect(try await connection.answer() == 200) }
        #expect(try scene.written() == [ann, bob, ann, ann])
        await scene.stop()
    }

    /// Whose batches are in a log, in its order.
    private struct Written: RecoveryHandler {
        var users: [UserID] = []

        mutating func restore(_ checkpoint: Checkpoint) {}
        mutating func restore(_ block: MinuteBlock) {}
        mutating func restore(_ accepted: AcceptedBatch, isCovered: Bool) { users.append(accepted.user) }
    }

    @Test("count when their connection has ended meanwhile, and are held until they are read")
    func closed() async throws {
        let scene = try Scene()
        let connection = try await scene.connect()
        let request = Self.request(try scene.key(of: scene.ann), Self.large)
        // In two pieces, as a socket gives them.
        try await connection.send(Array(request[..<50_000]))
        #expect(scene.uploads.use.bytes == Self.large.count)
        try await connection.send(Array(request[50_000...]))
        await scene.waitFor(waiting: 1)
        #expect(scene.uploads.use.bytes == Self.large.count)
        try await connection.channel.close().get()
        #expect(scene.uploads.use.bytes == Self.large.count)
        scene.open()
        await scene.waitForAll()
        while await scene.sum(of: scene.ann) != 1 { await Task.yield() }
        #expect(scene.uploads.use == (0, 0))
        await scene.stop()
    }

    @Test("are refused when too many bytes wait, or too many bodies")
    func limits() async throws {
        let scene = try Scene(uploadBytes: 250_000, waitingMax: 4)
        let ann = try scene.key(of: scene.ann)
        let first = try await scene.connect()
        try await first.send(Self.request(ann, Self.large))
        await scene.waitFor(waiting: 1)
        // One of ann is as many as may wait of her.
        let second = try await scene.connect()
        try await second.send(Self.request(ann, Self.large))
        #expect(try await second.answer() == 503)
        #expect(scene.decoding.counts.refusedOfUser == 1 && scene.uploads.use.bytes == Self.large.count)
        let third = try await scene.connect()
        try await third.send(Self.request(try scene.key(of: scene.bob), Self.body(padding: 200_000)))
        #expect(try await third.answer() == 503)
        #expect(scene.uploads.use == (Self.large.count, 1))
        scene.open()
        #expect(try await first.answer() == 200)
        // All of them go on.
        for connection in [first, second, third] {
            try await connection.send(Self.request(ann, Self.body(padding: 0)))
            #expect(try await connection.answer() == 200)
        }
        await scene.waitForAll()
        #expect(scene.uploads.use.bytes == 0)
        await scene.stop()
    }

    @Test("whose turn comes behind the server's end are refused, and whoever sent them learns of it")
    func shutdown() async throws {
        let scene = try Scene()
        let connection = try await scene.connect()
        let ended = Mutex(false)
        let watch = EventWatch { ended.withLock { $0 = true } }
        try await connection.channel.pipeline.addHandler(watch).get()
        try await connection.send(Self.request(try scene.key(of: scene.ann), Self.large))
        await scene.waitFor(waiting: 1)
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        scene.pipeline.finish()
        #expect(!ended.withLock { $0 })
        scene.open()
        #expect(try await connection.answer() == 503)
        while !ended.withLock({ $0 }) { await Task.yield() }
        await scene.stop()
        #expect(await scene.sum(of: scene.ann) == nil)
    }

    private final class EventWatch: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let onEnd: @Sendable () -> Void

        init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is ChannelShouldQuiesceEvent { onEnd() }
        }
    }

    /// Goal: nobody comes back by what was sent before the end.
    @Test("of a user who was deleted meanwhile are refused, and leave nothing behind")
    func erased() async throws {
        let scene = try Scene()
        let (one, other) = (try await scene.connect(), try await scene.connect())
        try await one.send(Self.request(try scene.key(of: scene.ann), Self.large))
        await scene.waitFor(waiting: 1)
        try await other.send(Self.request(try scene.key(of: scene.bob), Self.large))
        await scene.waitFor(waiting: 2)
        try scene.accounts.delete(scene.ann, at: Timestamp(seconds: 1_795_330_001))
        await scene.pipeline.erase(scene.ann)
        scene.open()
        #expect(try await one.answer() == 401)
        // Everybody's keys are looked at anew.
        #expect(try await other.answer() == 200)
        #expect(await scene.pipeline.snapshot().userCount == 1)
        await scene.stop()
    }

    @Test("that are sent again count once, whichever copy is read first")
    func duplicates() async throws {
        let scene = try Scene()
        let connections = [try await scene.connect(), try await scene.connect()]
        let request = Self.request(try scene.key(of: scene.ann), Self.body(padding: 100_000, sequence: 7))
        for (number, connection) in connections.enumerated() {
            try await connection.send(request)
            await scene.waitFor(waiting: number + 1)
        }
        // A small copy that overtakes them.
        let third = try await scene.connect()
        try await third.send(Self.request(try scene.key(of: scene.ann), Self.body(padding: 0, sequence: 7)))
        #expect(try await third.answer() == 200)
        scene.open()
        for connection in connections { #expect(try await connection.answer() == 200) }
        try await third.send(request)
        #expect(try await third.answer() == 200)
        #expect(await scene.sum(of: scene.ann) == 1)
        await scene.stop()
    }
}

/// Deflate's blocks that are not compressed (RFC 1951, section 3.2.4), in a gzip member: more bytes than there is content.
private enum GzipBody {
    static func stored(_ content: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        for start in stride(from: 0, to: content.count, by: 65_535) {
            let part = content[start..<min(start + 65_535, content.count)]
            let (length, isLast) = (UInt16(part.count), start + part.count == content.count)
            bytes += [isLast ? 1 : 0, UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8)] + part
        }
        var check: UInt32 = .max
        for byte in content {
            check ^= UInt32(byte)
            for _ in 0..<8 { check = check & 1 == 1 ? check >> 1 ^ 0xEDB8_8320 : check >> 1 }
        }
        check = ~check
        for value in [check, UInt32(content.count)] { bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
        return bytes
    }
}

/// A zstd frame of some content and, behind it, blocks of 128 KiB of spaces, four bytes each (RFC 8878, section 3.1.1.2).
private enum ZstdBody {
    static func spaces(behind content: [UInt8], count: Int) -> [UInt8] {
        var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, (23 - 10) << 3]
        func header(_ size: Int, _ type: Int, isLast: Bool) -> [UInt8] {
            let value = size << 3 | type << 1 | (isLast ? 1 : 0)
            return (0..<3).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        bytes += header(content.count, 0, isLast: false) + content
        for number in 0..<count { bytes += header(1 << 17, 1, isLast: number == count - 1) + [UInt8(ascii: " ")] }
        return bytes
    }
}
