import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Testing

@testable import DattssServer

/// Goal: whatever a sender writes ahead, few of its requests are read at a time, all of them in the end, and in order.
@Suite("Requests that are written ahead")
struct RequestValveTests {
    private final class EventWatch: ChannelInboundHandler {
        typealias InboundIn = HTTPRequestPart
        var isInputClosed = false

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .inputClosed? = event as? ChannelEvent { isInputClosed = true }
        }
    }

    private final class ReadWatch: ChannelOutboundHandler {
        typealias OutboundIn = IOData
        var reads = 0

        func read(context: ChannelHandlerContext) {
            reads += 1
            context.read()
        }
    }

    private let channel = EmbeddedChannel()
    private let reads = ReadWatch()
    private let events = EventWatch()
    private let uploads = ByteBudget(bytesMax: 200_000)

    init() throws {
        let requests = FastPathChannel.Deadlines(seconds: 15).request
        let heads = HeadWatch()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([
            reads, RequestValve(requests, turns: LoopTurns(on: channel.embeddedEventLoop), uploads: uploads),
            HTTPResponseEncoder(),
            ByteToMessageHandler(RequestDecoder(limits: .init(), heads: heads)), heads, HTTP1ToHTTPServerCodec(secure: false),
            requests, events,
        ])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// What the router would be given since the last call: the paths of requests, and how many bytes of bodies.
    private func arrived() throws -> (paths: [String], bodyBytes: Int) {
        var (paths, bodyBytes) = ([String](), 0)
        while let part = try channel.readInbound(as: HTTPRequestPart.self) {
            switch part {
            case .head(let head): paths.append(head.path ?? "")
            case .body(let bytes): bodyBytes += bytes.readableBytes
            case .end: break
            }
        }
        return (paths, bodyBytes)
    }

    private func answer() throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok, headerFields: [.contentLength: "0"])))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(2))
    }

    @Test("come through a few at a time, each few when those before are answered")
    func pipelined() throws {
        let count = 500
        let text = (0..<count).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
        try channel.writeInbound(ByteBuffer(string: text))
        channel.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        var paths: [String] = []
        var rounds = 0
        while paths.count < count {
            if uploads.use.bytes > 0 {
                rounds += 1
                #expect(!events.isInputClosed)
                let before = reads.reads
                channel.read()
                #expect(reads.reads == before, "nothing more is read as long as something waits")
            }
            let few = try arrived().paths
            try #require(!few.isEmpty && few.count < 20)
            paths += few
            for _ in few { try answer() }
        }
        #expect(rounds > count / 20)
        #expect(paths == (0..<count).map { "/\($0)" })
        #expect(events.isInputClosed && uploads.use.bytes == 0)
        #expect(try arrived().paths.isEmpty)
    }

    @Test("leave a body whole, and wait behind it")
    func body() throws {
        let body = String(repeating: "b", count: 100_000)
        let gets = String(repeating: "GET /next HTTP/1.1\r\nHost: x\r\n\r\n", count: 50)
        try channel.writeInbound(
            ByteBuffer(string: "POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n\(body)\(gets)"))
        var first = try arrived()
        #expect(first.bodyBytes == 100_000 && first.paths.count < 10)
        var count = first.paths.count - 1
        while count < 50 {
            for _ in first.paths { try answer() }
            first = try arrived()
            try #require(!first.paths.isEmpty)
            count += first.paths.count
        }
        #expect(count == 50)
    }

    @Test("end the connection when there is no room for them")
    func room() throws {
        let gets = String(repeating: "GET /next HTTP/1.1\r\nHost: x\r\n\r\n", count: 8000)
        // The decoder may complain that the last one is not complete.
        _ = try? channel.writeInbound(ByteBuffer(string: gets))
        channel.embeddedEventLoop.run()
        #expect(!channel.isActive && uploads.use == (0, 1))
    }
}
