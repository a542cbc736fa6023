import DattssCore
import FoundationEssentials
import NIOCore
import NIOPosix

/// What a server of NATS says of itself when somebody connects.
struct NatsInfo: Sendable, Codable {
    var server_name: String?
    var version: String
    var max_payload: Int
    var headers: Bool?
    var jetstream: Bool?
    var tls_required: Bool?
    var auth_required: Bool?
}

/// Who this is to a server of NATS: read from a file, so that it is not in the list of processes.
struct NatsLogin: Sendable {
    var user: String?
    var password: String?
    var token: String?

    /// `USER:PASSWORD`, or a token, which has no colon.
    init(_ text: String) {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { (user, password) = (String(parts[0]), String(parts[1])) } else { token = line }
    }
}

/// The first line that is sent.
private struct NatsConnect: Encodable {
    var verbose = false
    var pedantic = false
    var headers = true
    var no_responders = true
    var echo = true
    var lang = "swift"
    var version = "1"
    var name = "dattss"
    var user: String?
    var pass: String?
    var auth_token: String?

    init(_ login: NatsLogin?) { (user, pass, auth_token) = (login?.user, login?.password, login?.token) }
}

/// One connection to a server of NATS: requests and their answers, and one subject that is answered with the same words to everybody.
final class NatsConnection: Sendable {
    /// A subject, and what whoever asks there is told.
    struct Responder: Sendable {
        var subject: String
        var body: [UInt8]
    }

    let info: NatsInfo
    private let channel: any Channel
    private let handler: NIOLoopBound<NatsHandler>

    static let connectSeconds: Int64 = 2

    private init(_ channel: any Channel, _ handler: NIOLoopBound<NatsHandler>, _ info: NatsInfo) {
        (self.channel, self.handler, self.info) = (channel, handler, info)
    }

    /// Connects and introduces itself.
    static func open(_ address: HostPort, _ login: NatsLogin?, _ responder: Responder?) async throws -> NatsConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let ready = loop.makePromise(of: NatsInfo.self)
        let handler = try await loop.submit {
            NIOLoopBound(NatsHandler(login, responder, ready), eventLoop: loop)
        }.get()
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(connectSeconds))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(NatsFrameDecoder()))
                    try channel.pipeline.syncOperations.addHandler(handler.value)
                }
            }
        let channel: any Channel
        do { channel = try await bootstrap.connect(host: address.host, port: address.port).get() } catch {
            ready.fail(error)
            throw error
        }
        let timeout = loop.scheduleTask(in: .seconds(connectSeconds)) {
            ready.fail(StreamProblem("\(address) does not introduce itself as a server of NATS"))
        }
        defer { timeout.cancel() }
        do { return NatsConnection(channel, handler, try await ready.futureResult.get()) } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    var isActive: Bool { channel.isActive }

    func close() { channel.close(promise: nil) }

    /// Publishes, and waits for the answer; whoever waits gives up by itself, and then closes.
    func request(_ subject: String, headers: [(name: String, value: String)], _ body: [UInt8]) async throws -> NatsMessage {
        let promise = channel.eventLoop.makePromise(of: NatsMessage.self)
        channel.eventLoop.execute { [handler] in handler.value.request(subject, headers, body, promise) }
        return try await promise.futureResult.get()
    }

    /// From now on whoever asks at this subject is answered.
    func answer(_ responder: Responder) {
        channel.eventLoop.execute { [handler] in handler.value.answer(responder) }
    }
}

/// On the connection's event loop.
private final class NatsHandler: ChannelInboundHandler {
    typealias InboundIn = NatsFrame
    typealias OutboundOut = ByteBuffer

    private let login: NatsLogin?
    private var responder: NatsConnection.Responder?
    private let ready: EventLoopPromise<NatsInfo>
    private var info: NatsInfo?
    private var isReady = false
    private var context: ChannelHandlerContext?
    private var waiting: [String: EventLoopPromise<NatsMessage>] = [:]
    private var requestCount = 0
    private let inbox = "_INBOX.\(UInt64.random(in: 0 ... .max)).\(UInt64.random(in: 0 ... .max))"

    private static let answers = 1
    private static let questions = 2
    /// More than anybody asks for at once.
    private static let waitingMax = 1000

    init(_ login: NatsLogin?, _ responder: NatsConnection.Responder?, _ ready: EventLoopPromise<NatsInfo>) {
        (self.login, self.responder, self.ready) = (login, responder, ready)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelInactive(context: ChannelHandlerContext) {
        fail(StreamProblem("the connection has ended"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        context = nil
        ready.fail(error)
        let promises = waiting.values
        waiting = [:]
        for promise in promises { promise.fail(error) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .info(let json): introduce(json, context)
        case .ping: write("PONG\r\n")
        case .pong: becomeReady()
        case .ok: break
        case .error(let text): errorCaught(context: context, error: StreamProblem("the server of NATS says:\(text)"))
        case .message(let message): take(message)
        }
    }

    private func introduce(_ json: [UInt8], _ context: ChannelHandlerContext) {
        // Sent again when the cluster has changed.
        guard info == nil else { return }
        do {
            let info = try JSONDecoder().decode(NatsInfo.self, from: Data(json))
            if info.tls_required == true { throw StreamProblem("the server of NATS wants TLS, which is not spoken to it yet") }
            self.info = info
            write("CONNECT ")
            write(String(decoding: try JSONEncoder().encode(NatsConnect(login)), as: UTF8.self))
            write("\r\nSUB \(inbox).* \(Self.answers)\r\nPING\r\n")
            if let responder { write("SUB \(responder.subject) \(Self.questions)\r\n") }
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    private func becomeReady() {
        guard !isReady, let info else { return }
        isReady = true
        ready.succeed(info)
    }

    private func take(_ message: NatsMessage) {
        if message.subscription == Self.questions {
            guard let reply = message.reply, let responder else { return }
            publish(reply, reply: nil, [], responder.body)
        } else {
            waiting.removeValue(forKey: message.subject)?.succeed(message)
        }
    }

    func answer(_ responder: NatsConnection.Responder) {
        guard self.responder == nil else { return }
        self.responder = responder
        write("SUB \(responder.subject) \(Self.questions)\r\n")
    }

    func request(
        _ subject: String, _ headers: [(name: String, value: String)], _ body: [UInt8], _ promise: EventLoopPromise<NatsMessage>
    ) {
        guard context != nil, waiting.count < Self.waitingMax else {
            return promise.fail(StreamProblem(context == nil ? "the connection has ended" : "too much is asked at once"))
        }
        requestCount += 1
        let reply = "\(inbox).\(requestCount)"
        waiting[reply] = promise
        publish(subject, reply: reply, headers, body)
    }

    private func publish(_ subject: String, reply: String?, _ headers: [(name: String, value: String)], _ body: [UInt8]) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: body.count + 512)
        NatsText.publish(subject, reply: reply, headers: headers, body, into: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func write(_ text: String) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
