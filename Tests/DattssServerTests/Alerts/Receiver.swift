import NIOCore
import NIOPosix
import Synchronization

/// A server of HTTP on loopback that answers as a test wants it to, and remembers what it was asked.
final class Receiver: Sendable {
    /// How it answers.
    enum Manner: Sendable {
        /// With a status, and headers in lines that end with CR LF.
        case status(Int, headers: String = "", body: String = "ok")
        /// Not at all.
        case hangs
        /// With a head that has no end, a byte at a time.
        case drips
        /// With something that is no HTTP.
        case text(String)
        /// By the end of the connection.
        case closes
        /// With a body that has no end.
        case endless
    }

    struct Request: Sendable {
        var head: String
        var body: String
    }

    private let state: Mutex<(manner: Manner, requests: [Request], connections: Int)>
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: Mutex<(any Channel)?> = Mutex(nil)

    init(_ manner: Manner = .status(200)) { state = Mutex((manner, [], 0)) }

    var requests: [Request] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }
    var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    func set(_ manner: Manner) { state.withLock { $0.manner = manner } }

    func start() async throws {
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                self.state.withLock { $0.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(receiver: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.channel.withLock { $0 = channel }
    }

    func stop() async throws {
        try await channel.withLock { $0 }?.close()
        try await group.shutdownGracefully()
    }

    private func take(_ request: Request) -> Manner {
        state.withLock { state in
            state.requests.append(request)
            return state.manner
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let receiver: Receiver
        private var text = ""

        init(receiver: Receiver) { self.receiver = receiver }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            text += bytes.readString(length: bytes.readableBytes) ?? ""
            guard let end = text.firstRange(of: "\r\n\r\n") else { return }
            let head = String(text[..<end.lowerBound])
            let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
            let body = String(text[end.upperBound...])
            guard body.utf8.count >= length ?? 0 else { return }
            text = ""
            switch receiver.take(Request(head: head, body: body)) {
            case .hangs: break
            case .drips:
                let channel = context.channel
                channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nX: "), promise: nil)
                context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(50)) { task in
                    guard channel.isActive else { return task.cancel() }
                    channel.writeAndFlush(ByteBuffer(string: "x"), promise: nil)
                }
            case .text(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            case .closes: context.close(promise: nil)
            case .status(let status, let headers, let body):
                let answer =
                    "HTTP/1.1 \(status) X\r\n\(headers)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            case .endless:
                context.writeAndFlush(
                    wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 200_000))),
                    promise: nil)
            }
        }
    }
}
