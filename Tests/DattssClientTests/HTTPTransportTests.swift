import DattssCore
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import DattssClient

/// The client over a real socket: a server on 127.0.0.1 that the test starts and ends.
@Suite struct HTTPTransportTests {
    @Test("a batch goes over HTTP with its key, is repeated after a 503, and is acknowledged")
    func overTheWire() async throws {
        let server = try await TestServer(statuses: [.serviceUnavailable])
        var configuration = Dattss.Configuration(auth: "local.key", host: "127.0.0.1", port: server.port, process: "api")
        configuration.log = { _ in }
        let stats = Dattss(configuration)
        stats.count("hits", by: 3)
        #expect(await !stats.flush())
        #expect(await stats.lastProblem == "the server answered 503: busy")
        #expect(await stats.stop())
        let requests = server.requests
        #expect(requests.count == 2)
        #expect(requests.allSatisfy { $0.head.method == .PUT && $0.head.uri == "/agg" })
        #expect(requests.allSatisfy { $0.head.headers["Authorization"] == ["Bearer local.key"] })
        #expect(requests.allSatisfy { $0.head.headers["Content-Type"] == ["application/json"] })
        #expect(requests[0].body == requests[1].body)
        #expect(try decode(requests[0].body).aggregate(.counter, "hits")?.sum == 3)
        try await server.stop()
    }

    @Test("no server is a failure, and nothing is lost by it")
    func noServer() async throws {
        let server = try await TestServer(statuses: [])
        let port = server.port
        try await server.stop()
        var configuration = Dattss.Configuration(auth: "local.key", host: "127.0.0.1", port: port)
        configuration.log = { _ in }
        let stats = Dattss(configuration)
        stats.count("hits")
        #expect(await !stats.flush())
        #expect(stats.drops.total == 0)
        #expect(await !stats.stop(within: 0))
        #expect(stats.drops[.stopped] == 1)
    }

    @Test("a single delivery says what the server said")
    func singleDelivery() async throws {
        let server = try await TestServer(statuses: [.badRequest, .unauthorized, .internalServerError])
        let transport = HTTPTransport(url: "http://127.0.0.1:\(server.port)", auth: "local.key")
        let delivery = SingleDelivery(transport: transport)
        let partial = Partial(StatisticKey(.counter, "hits"), Aggregate(sample: 1))
        for status in [400, 401] {
            await #expect(throws: DeliveryError(message: "the server answered \(status): busy")) {
                try await delivery.deliver([partial])
            }
        }
        try await delivery.deliver([partial])
        #expect(server.requests.count == 4)
        #expect(server.requests[2].body == server.requests[3].body)
        try await server.stop()
    }
}

/// Answers `statuses`, then 200, and remembers the requests.
final class TestServer: Sendable {
    struct Request: Sendable {
        var head: HTTPRequestHead
        var body: [UInt8]
    }

    private let channel: any Channel
    private let log: Log

    struct State {
        var requests: [Request] = []
        var statuses: [HTTPResponseStatus]
    }

    final class Log: Sendable {
        let state: Mutex<State>
        init(_ statuses: [HTTPResponseStatus]) { state = Mutex(State(statuses: statuses)) }

        func note(_ request: Request) -> HTTPResponseStatus {
            state.withLock { state in
                state.requests.append(request)
                return state.statuses.isEmpty ? .ok : state.statuses.removeFirst()
            }
        }
    }

    init(statuses: [HTTPResponseStatus]) async throws {
        let log = Log(statuses)
        self.log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var requests: [Request] { log.state.withLock { $0.requests } }

    func stop() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let log: Log
        private var request: Request?

        init(_ log: Log) { self.log = log }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): request = Request(head: head, body: [])
            case .body(let buffer): request?.body += Array(buffer.readableBytesView)
            case .end:
                guard let request else { return }
                let status = log.note(request)
                let body = status == .ok ? #"{"ok":true}"# : "busy"
                let head = HTTPResponseHead(
                    version: .http1_1, status: status, headers: ["Content-Length": "\(body.utf8.count)"])
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
