import NIOCore
import NIOHTTP1
import NIOPosix

/// The connection to the owner that belongs to one connection of ``PassingHandler``, on the same event loop.
final class OwnerConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    let address: HostPort
    /// Whether some of a request was sent that is not answered yet.
    private(set) var hasWritten = false
    /// Whether the owner keeps the connection for another request.
    private(set) var isKept = true
    private var passing: PassingHandler?
    private var channel: (any Channel)?
    private var context: ChannelHandlerContext?
    private var isReadHeld = false

    private static let connectTime = TimeAmount.seconds(2)

    init(_ address: HostPort, _ passing: PassingHandler) { (self.address, self.passing) = (address, passing) }

    func open(on loop: any EventLoop, _ port: StandbyPort) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return ClientBootstrap(group: loop)
            .connectTimeout(Self.connectTime)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: address.host, port: address.port)
            .map { channel in
                bound.value.channel = channel
                port.note(channel, of: bound.value.address)
            }
    }

    var isConnected: Bool { channel?.isActive ?? false }
    var isWritable: Bool { isConnected && (channel?.isWritable ?? false) }

    func write(_ part: HTTPClientRequestPart) {
        guard let context else { return }
        hasWritten = true
        // (Whoever sends slowly does not wait for more of it here.)
        context.writeAndFlush(wrapOutboundOut(part), promise: nil)
    }

    func close() {
        passing = nil
        channel?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .head(let head) = part { isKept = head.isKeepAlive }
        if case .end = part { hasWritten = false }
        passing?.take(part)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        passing?.flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { passing?.readOn() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if passing?.isWritable ?? true { context.read() } else { isReadHeld = true }
    }

    /// The sender takes something again.
    func readOn() {
        guard isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        let passing = passing
        (self.passing, self.context) = (nil, nil)
        passing?.lose()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
