import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Counts what the router's connections hold of bodies that are not answered yet. A body for which there is no room is refused
/// with 503 while it comes, and the connection is closed behind the answer.
///
/// (The fast path does the same for those of `/agg`, see ``AggregateFastPath``.)
final class UploadBudget: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let share: ByteBudget.Share
    private var isRefused = false
    private var hasAnswered = true

    init(_ budget: ByteBudget) { share = budget.share() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isRefused { return }
        switch unwrapInboundIn(data) {
        case .head: hasAnswered = false
        case .body(let bytes):
            guard hasAnswered || share.grow(by: bytes.readableBytes) else { return refuse(context) }
        case .end: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head(let head) = unwrapOutboundIn(data), head.status.kind != .informational {
            hasAnswered = true
            share.shrink()
        }
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        share.shrink()
        context.fireChannelInactive()
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        share.shrink()
        ErrorAnswer(.tooManyUploads).send(context)
    }
}
