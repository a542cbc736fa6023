import DattssCore
import NIOCore

/// Cuts what a connection sends into lines. A line that is longer than a datagram can be ends the connection; what follows the
/// last line feed counts when the sender ends the connection, and is thrown away when it breaks.
final class LineStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let collector: SharedCollector
    private var rest = ByteBuffer()

    static let lineBytesMax = 65_536

    init(_ collector: SharedCollector) { self.collector = collector }

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

    func channelInactive(context: ChannelHandlerContext) {
        if rest.readableBytes > 0 { collector.receive(lines: rest) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        rest.clear()
        context.close(promise: nil)
    }
}
