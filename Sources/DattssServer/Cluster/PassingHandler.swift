import DattssCore
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix

/// One connection at a server that stands by: passes each request on to the owner, over a connection of its own, and the answer back.
///
/// Bodies go through in both directions as they come; neither side is read while the other takes nothing, so that what is held is about
/// what one read brings. Requests that are not passed on are read to their end and answered here.
final class PassingHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case idle
        /// This is answered when the request has come to its end.
        case refusing(PassingRefusal)
        case answering(String)
        case passing
    }

    private let port: StandbyPort
    private var context: ChannelHandlerContext?
    private var phase = Phase.idle
    private var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    private var isRequestDone = true
    private var isAnswerBegun = false
    private var isReadHeld = false
    private var owner: OwnerConnection?
    /// Until the owner is connected to.
    private var waiting: [HTTPClientRequestPart] = []
    private var timer: ConnectionTimer?

    private static let idle = TimeAmount.seconds(60)
    /// Longer than a process waits for being asked to stop.
    private static let answer = TimeAmount.seconds(90)

    init(_ port: StandbyPort) { self.port = port }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // (Released with the connection: `stop` lets go of this handler.)
        timer = ConnectionTimer(context.eventLoop, interval: .seconds(5)) { self.end() }
        timer?.set(in: port.requestTime)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.stop()
        owner?.close()
        (self.context, owner, waiting) = (nil, nil, [])
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Somebody takes too long.
    private func end() {
        guard case .passing = phase, isRequestDone, !isAnswerBegun else { return close() }
        lose()
    }

    private func close() { context?.close(promise: nil) }

    // MARK: The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let bytes): if case .passing = phase { pass(.body(.byteBuffer(bytes))) }
        case .end(let trailers):
            isRequestDone = true
            timer?.clear()
            switch phase {
            case .idle: break
            case .refusing(let refusal): refuse(refusal)
            case .answering(let text): answer(text)
            case .passing:
                if !isAnswerBegun { timer?.set(in: Self.answer) }
                pass(.end(trailers))
            }
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        (self.head, isRequestDone, isAnswerBegun) = (head, false, false)
        timer?.set(in: port.requestTime)
        switch port.decision(for: head) {
        case .health: phase = .answering(port.health)
        case .metrics: phase = .answering(port.exposition)
        case .refuse(let refusal): phase = .refusing(refusal)
        case .pass(let address):
            phase = .passing
            if head.headers[canonicalForm: "Expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                write(.head(HTTPResponseHead(version: head.version, status: .continue)))
                context.flush()
            }
            connect(to: address, context)
            pass(.head(port.rules.passed(head, from: context.remoteAddress?.ipAddress)))
        }
    }

    private func pass(_ part: HTTPClientRequestPart) {
        if let owner, owner.isConnected { owner.write(part) } else { waiting.append(part) }
    }

    func read(context: ChannelHandlerContext) {
        if case .passing = phase, !(owner?.isWritable ?? false) { isReadHeld = true } else { context.read() }
    }

    /// The owner takes something again, or nothing is passed to it any more.
    func readOn() {
        guard isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    // MARK: The owner

    private func connect(to address: HostPort, _ context: ChannelHandlerContext) {
        if let owner, owner.address == address, owner.isConnected { return }
        owner?.close()
        let connection = OwnerConnection(address, self)
        owner = connection
        let bound = NIOLoopBound((self, connection), eventLoop: context.eventLoop)
        connection.open(on: context.eventLoop, port).whenComplete { result in
            let (handler, connection) = bound.value
            guard handler.owner === connection else { return connection.close() }
            if case .failure = result { return handler.lose() }
            for part in handler.waiting { connection.write(part) }
            handler.waiting = []
            handler.readOn()
        }
    }

    /// The owner is lost, or cannot be reached.
    func lose() {
        let isSent = owner?.hasWritten ?? false
        owner?.close()
        (owner, waiting) = (nil, [])
        guard case .passing = phase else { return }
        // Part of an answer is there: there can be no other one.
        if isAnswerBegun { return close() }
        let refusal = isSent ? PassingRefusal.lost(head.method) : .noOwner
        phase = .refusing(refusal)
        if isRequestDone { refuse(refusal) } else { readOn() }
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { owner?.readOn() }
        context.fireChannelWritabilityChanged()
    }

    // MARK: The answer

    func take(_ part: HTTPClientResponsePart) {
        guard case .passing = phase else { return }
        switch part {
        case .head(let answer):
            isAnswerBegun = true
            if isRequestDone { timer?.clear() }
            write(.head(withConnection(port.rules.passed(answer, to: head))))
        case .body(let bytes): write(.body(.byteBuffer(bytes)))
        case .end(let trailers):
            port.notePassed()
            // An answer that comes before the end of the request: what is left of that is not worth reading.
            finish(.end(trailers), closes: !isRequestDone)
            if !(owner?.isKept ?? false) {
                owner?.close()
                owner = nil
            }
        }
    }

    func flush() { context?.flush() }

    private func withConnection(_ head: HTTPResponseHead) -> HTTPResponseHead {
        var head = head
        if self.head.version == .http1_0, self.head.isKeepAlive { head.headers.add(name: "Connection", value: "keep-alive") }
        if self.head.version == .http1_1, !self.head.isKeepAlive { head.headers.add(name: "Connection", value: "close") }
        return head
    }

    private func refuse(_ refusal: PassingRefusal) {
        port.noteRefused()
        let answer = refusal.answer
        var headers = HTTPHeaders([("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")])
        for field in answer.headers { headers.add(name: field.name.rawName, value: field.value) }
        send(HTTPResponseStatus(statusCode: answer.status.code), headers, answer.json.bytes)
    }

    private func answer(_ text: String) {
        send(.ok, HTTPHeaders([("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]), Array(text.utf8))
    }

    private func send(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: [UInt8]) {
        var headers = headers
        headers.add(name: "Content-Length", value: "\(body.count)")
        write(.head(withConnection(HTTPResponseHead(version: head.version, status: status, headers: headers))))
        if head.method != .HEAD { write(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
        finish(.end(nil), closes: false)
    }

    private func write(_ part: HTTPServerResponsePart) {
        guard let context else { return }
        context.write(wrapOutboundOut(part), promise: nil)
    }

    private func finish(_ end: HTTPServerResponsePart, closes: Bool) {
        guard let context else { return }
        phase = .idle
        guard head.isKeepAlive, !closes else {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(end)).whenComplete { _ in bound.value.close(promise: nil) }
            return
        }
        timer?.set(in: Self.idle)
        context.writeAndFlush(wrapOutboundOut(end), promise: nil)
        readOn()
    }
}
