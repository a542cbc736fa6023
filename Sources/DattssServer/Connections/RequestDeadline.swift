import DattssCore
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections of the router whose sender takes too long: for the first request from the moment that the fast path in front
/// has passed it on, for every request from its head to its end, and when nothing comes for a while after an answer. A
/// request that is half sent is answered 408. A further request has to come to the end of its head in the same time, from its
/// first byte. (What the fast path itself waits for is bounded by ``FastPathDeadline``.)
///
/// Also ends the connection behind an answer that says `Connection: close`, when the request has come to its end: closing with
/// something unread may take the answer away from the sender.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limit: TimeAmount
    private let idleLimit: TimeAmount
    private let onTimeout: @Sendable () -> Void
    private var timer: ConnectionTimer?
    /// Whether the deadline is that of a request whose head is there.
    private var hasHead = false
    /// Requests and answers on this connection; several may be under way, because senders may pipeline them.
    private var headCount = 0
    private var endCount = 0
    private var answerHeadCount = 0
    private var answerCount = 0
    /// Something of a further request came, but not yet all of its head.
    private var hasBegun = false
    /// An answer said that it is the last.
    private var closes = false
    /// What is announced of the body that is coming, and has not come.
    private(set) var bodyBytesLeft = 0
    /// Told when a request is answered.
    var onAnswer: (() -> Void)?

    /// Whether what comes is waited for: the next request, when all before are answered, or the rest of one.
    var mayArrive: Bool { answerCount >= headCount || endCount < headCount }

    init(seconds: Int, idleSeconds: Int, onTimeout: @escaping @Sendable () -> Void) {
        limit = .seconds(Int64(seconds))
        idleLimit = .seconds(Int64(idleSeconds))
        self.onTimeout = onTimeout
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ConnectionIsRouted: start(context, limit, hasHead: false)
        case is RequestHasBegun:
            hasBegun = true
            if answerCount == headCount { start(context, limit, hasHead: false) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            headCount += 1
            hasBegun = false
            bodyBytesLeft = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
            start(context, limit, hasHead: true)
        case .end:
            endCount += 1
            bodyBytesLeft = 0
            timer?.clear()
            startIdle(context)
        case .body(let bytes): bodyBytesLeft = max(0, bodyBytesLeft - bytes.readableBytes)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational { answerHeadCount += 1 }
            if head.headerFields[.connection] == "close" { closes = true }
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in
                let (handler, context) = bound.value
                handler.answerCount += 1
                handler.startIdle(context)
                handler.onAnswer?()
            }
            context.write(data, promise: written)
        }
    }

    /// When all that was asked is answered, the next request may let itself be waited for.
    private func startIdle(_ context: ChannelHandlerContext) {
        guard headCount == endCount, answerCount == headCount else { return }
        if closes { context.close(promise: nil) } else { start(context, hasBegun ? limit : idleLimit, hasHead: false) }
    }

    private func start(_ context: ChannelHandlerContext, _ limit: TimeAmount, hasHead: Bool) {
        self.hasHead = hasHead
        let timer = timer ?? makeTimer(context)
        self.timer = timer
        timer.set(in: limit)
    }

    private func makeTimer(_ context: ChannelHandlerContext) -> ConnectionTimer {
        ConnectionTimer(context.eventLoop, interval: min(limit, idleLimit)) { self.end(context) }
    }

    private func end(_ context: ChannelHandlerContext) {
        // Whoever was refused by the first bytes has an answer already.
        guard hasHead, answerHeadCount < headCount else {
            // (The fast path in front only passes on what has begun.)
            if !hasHead, hasBegun || headCount == 0 { onTimeout() }
            return context.close(promise: nil)
        }
        onTimeout()
        ErrorAnswer(WireError(.requestTimeout, "the request took too long to arrive")).send(context)
    }
}
