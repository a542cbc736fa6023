import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections whose sender takes too long: for the first request from the moment it connects, and for every request
/// from its head to its end. A request that is half sent is answered 408.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limit: TimeAmount
    private let onTimeout: @Sendable () -> Void
    private var timer: Scheduled<Void>?
    /// Whether the request was answered before it was sent to its end: refused by its first bytes.
    private var isAnswered = false

    init(seconds: Int, onTimeout: @escaping @Sendable () -> Void) {
        limit = .seconds(Int64(seconds))
        self.onTimeout = onTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context, hasHead: false) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context, hasHead: false)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isAnswered = false
            start(context, hasHead: true)
        case .end: timer?.cancel()
        case .body: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head = unwrapOutboundIn(data) { isAnswered = true }
        context.write(data, promise: promise)
    }

    private func start(_ context: ChannelHandlerContext, hasHead: Bool) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limit) {
            let (handler, context) = bound.value
            handler.end(context, hasHead: hasHead)
        }
    }

    private func end(_ context: ChannelHandlerContext, hasHead: Bool) {
        guard hasHead, !isAnswered else { return context.close(promise: nil) }
        onTimeout()
        let body = Array(#"{"error":{"name":"request_timeout","message":"the request took too long to arrive"}}"#.utf8)
        let head = HTTPResponse(
            status: .requestTimeout,
            headerFields: [
                .contentType: "application/json; charset=utf-8", .contentLength: String(body.count), .connection: "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        let closed = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        closed.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: closed)
    }
}
