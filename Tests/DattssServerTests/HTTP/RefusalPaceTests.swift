import DattssCore
import DattssPipeline
import DattssTestSupport
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import DattssServer

@Suite("RefusalPace")
struct RefusalPaceTests {
    private let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
    private static let delay = TimeAmount.milliseconds(RefusalPace.delayMilliseconds)

    private func address(_ text: String) throws -> SocketAddress { try SocketAddress(ipAddress: text, port: 1) }

    /// Goal: who has a wrong key now and then, and whoever else is there, never waits.
    @Test("slows down those who send many wrong keys, and nobody else")
    func pace() throws {
        let pace = RefusalPace(clock: clock, proxies: try #require(TrustedProxies("10.0.0.1")))
        let (flood, other) = (try address("192.0.2.1"), try address("192.0.2.2"))
        for _ in 0..<RefusalPace.promptPerSecond { #expect(!pace.isTooFast(flood)) }
        for _ in 0..<100 { #expect(pace.isTooFast(flood)) }
        #expect(!pace.isTooFast(other))
        // Who has an IPv6 address has all of its network.
        for number in 0..<RefusalPace.promptPerSecond { #expect(try !pace.isTooFast(address("2001:db8::\(number)"))) }
        #expect(try pace.isTooFast(address("2001:db8::ffff")) && !pace.isTooFast(address("2001:db8:0:1::1")))
        // What a proxy passes on is told apart where it says from whom it is, and else is nobody's.
        for _ in 0..<1000 { #expect(try !pace.isTooFast(address("10.0.0.1"))) }
        #expect(pace.isTooFast(RequestOrigin(address: "192.0.2.1", isSecure: false, host: nil)))
        #expect(pace.lateCount == 102)
        clock.advance(byMilliseconds: 1000)
        #expect(!pace.isTooFast(flood))
    }

    // MARK: In the fast path

    /// A connection of its own to the fast path, from 192.0.2.1.
    private struct Connection {
        let channel = EmbeddedChannel()
        let pipeline: Pipeline
        let key: String

        init(_ clock: ManualClock, _ folder: TestFolder) throws {
            let user = try #require(UserID("ann"))
            let accounts = try Accounts(directory: folder.path)
            try accounts.add(user, at: clock.now())
            key = try #require(accounts.key(of: user))
            pipeline = try Pipeline(
                PipelineConfiguration(directory: "/data", fileSystem: SimulatedFileSystem(), clock: clock), onFailure: { _ in })
            let endpoint = AggregateEndpoint(
                ingest: pipeline.ingest, processes: ProcessRegistry(clock: clock), accounts: accounts, limits: Limits(),
                decoding: DecodingPool(), telemetry: OTLPIntake(startedAt: clock.now()), clock: clock)
            let fastPath = AggregateFastPath(
                AggregateIntakes(endpoint).intake(on: channel.embeddedEventLoop),
                deadline: FastPathDeadline(seconds: 15, idleSeconds: 120, onTimeout: {}),
                uploads: ByteBudget(bytesMax: 1 << 20), refusals: RefusalPace(clock: clock))
            try channel.pipeline.syncOperations.addHandler(fastPath)
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        }

        static let body = "{}"

        static func request(_ key: String) -> String {
            "PUT /agg?auth=\(key) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

        /// The status lines of what was answered since the last time.
        func answers() throws -> [String] {
            var text = ""
            while case .byteBuffer(let bytes)? = try channel.readOutbound(as: IOData.self) { text += String(buffer: bytes) }
            return text.split(separator: "HTTP/1.1 ").map { String($0.prefix { $0 != "\r\n" }) }
        }
    }

    /// Goal: a flood gets no more answers than its pace, whether it waits for them or not; what comes behind is read then.
    @Test("answers a flood of wrong keys late, one after the other")
    func fastPath() throws {
        let folder = try TestFolder()
        let connection = try Connection(clock, folder)
        let wrong = Connection.request("ann." + String(repeating: "0", count: 32))
        for _ in 0..<RefusalPace.promptPerSecond { try connection.send(wrong) }
        #expect(try connection.answers().count == RefusalPace.promptPerSecond)
        // Three at once, the last of them cut in two.
        try connection.send(wrong + wrong + wrong.dropLast())
        #expect(try connection.answers().isEmpty)
        for _ in 0..<2 {
            connection.channel.embeddedEventLoop.advanceTime(by: Self.delay - .milliseconds(1))
            #expect(try connection.answers().isEmpty)
            connection.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
            #expect(try connection.answers() == ["401 Unauthorized"])
        }
        try connection.send(String(wrong.suffix(1)))
        // What is right does not wait, but for what stands in front of it.
        try connection.send(Connection.request(connection.key))
        #expect(try connection.answers().isEmpty)
        connection.channel.embeddedEventLoop.advanceTime(by: Self.delay)
        #expect(try connection.answers().first == "401 Unauthorized")
        _ = try? connection.channel.finish()
    }

    /// Goal: it may hang up while it is being kept waiting.
    @Test("forgets who hangs up")
    func hangsUp() throws {
        let folder = try TestFolder()
        let connection = try Connection(clock, folder)
        let wrong = Connection.request("ann." + String(repeating: "0", count: 32))
        for _ in 0...RefusalPace.promptPerSecond { try connection.send(wrong) }
        #expect(try connection.answers().count == RefusalPace.promptPerSecond)
        _ = try connection.channel.finish()
        connection.channel.embeddedEventLoop.advanceTime(by: Self.delay)
        #expect(try connection.answers().isEmpty)
    }

    // MARK: Behind it

    /// Goal: the routes behind the fast path keep the same pace.
    @Test("answers late on every other route, too")
    func routes() async throws {
        let routes = try RoutesTests.routes()
        let clock = try #require(routes.clock as? ManualClock)
        let responder = routes.makeRouter().buildResponder()
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: address("192.0.2.1"))
        let (answers, continuation) = AsyncStream.makeStream(of: HTTPResponse.Status.self)
        func ask(_ path: String) {
            Task {
                let request = Request(
                    head: HTTPRequest(
                        method: .get, scheme: nil, authority: "x", path: path, headerFields: [.authorization: "Bearer ann.0"]),
                    body: RequestBody(buffer: ByteBuffer()))
                let context = ServerContext(source: .init(channel: channel, logger: Logger(label: "test")))
                continuation.yield(try await responder.respond(to: request, context: context).status)
            }
        }
        var iterator = answers.makeAsyncIterator()
        for _ in 0..<RefusalPace.promptPerSecond {
            ask("/api/v1/status")
            #expect(await iterator.next() == .unauthorized)
        }
        ask("/api/v1/status")
        while clock.sleeperCount == 0 { await Task.yield() }
        // It waits, and nobody else does.
        ask("/assets/nothing")
        #expect(await iterator.next() == .notFound)
        clock.advance(byMilliseconds: RefusalPace.delayMilliseconds)
        #expect(await iterator.next() == .unauthorized)
        #expect(routes.web.refusals.lateCount == 1)
    }

    /// Goal: whoever has letters sent, or tries passwords, as fast as the server refuses, is refused at a pace.
    @Test("answers attempts late of which there are too many", .timeLimit(.minutes(10)))
    func attempts() async throws {
        let folder = try TestFolder()
        let routes = try RoutesTests.routes(in: folder)
        let clock = try #require(routes.clock as? ManualClock)
        let responder = routes.makeRouter().buildResponder()
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: address("192.0.2.1"))
        let ask: @Sendable (Int) async throws -> HTTPResponse.Status = { number in
            let head = HTTPRequest(method: .post, scheme: nil, authority: "x", path: "/api/v1/password-reset")
            let body = RequestBody(buffer: ByteBuffer(string: #"{"email":"someone\#(number)@example.com"}"#))
            let context = ServerContext(source: .init(channel: channel, logger: Logger(label: "test")))
            return try await responder.respond(to: Request(head: head, body: body), context: context).status
        }
        var prompt = 0
        for number in 0..<80 where try await ask(number) == .tooManyRequests { prompt += 1 }
        #expect(prompt == RefusalPace.promptPerSecond)
        async let late = ask(80)
        while clock.sleeperCount == 0 { await Task.yield() }
        #expect(routes.web.refusals.lateCount == 1)
        clock.advance(byMilliseconds: RefusalPace.delayMilliseconds)
        #expect(try await late == .tooManyRequests)
    }
}
