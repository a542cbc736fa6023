import DattssCore
import NIOCore

/// Cuts what a connection sends into lines. A line that is longer than a datagram can be ends the connection; what follows the
/// last line feed counts when the connection ends, also for want of lines, and is thrown away when it breaks.
final class LineStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let collector: SharedCollector
    private let onIdle: () -> Void
    private var rest = ByteBuffer()

    static let lineBytesMax = 65_536

    /// - Parameter onIdle: called when the connection ends because nothing came for too long.
    init(_ collector: SharedCollector, onIdle: @escaping () -> Void) {
        self.collector = collector
        self.onIdle = onIdle
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        rest.writeBuffer(&bytes)
        if let end = rest.readableBytesView.lastIndex(of: UInt8(ascii: "\n")),
            let lines = rest.readSlice(length: end + 1 - rest.readerIndex)
        {
            collector.receive(lines: lines)
            rest.discardReadBytes()
        }
        guard rest.readableBytes <= Self.lineBytesMax else {
            rest.clear()
            collector.refuseLine(.badFormat)
            return context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        onIdle()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if rest.readableBytes > 0 { collector.receive(lines: rest) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        rest.clear()
        context.close(promise: nil)
    }
}
