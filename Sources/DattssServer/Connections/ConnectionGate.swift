import Logging
import NIOCore

/// At the listening socket, in front of everything that makes a connection a served one: closes what is over the
/// ``ConnectionLimit``, and survives an `accept` that fails.
///
/// An error that went on from here would end the listening for good. What fails for want of descriptors or memory fails again at
/// once, so accepting pauses for a moment.
final class ConnectionGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    private let limit: ConnectionLimit
    private let logger: Logger
    private let pause: TimeAmount
    private var isPausing = false
    private var isReadHeld = false

    init(_ limit: ConnectionLimit, logger: Logger, pause: TimeAmount = .milliseconds(100)) {
        (self.limit, self.logger, self.pause) = (limit, logger, pause)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let connection = unwrapInboundIn(data)
        let peer = connection.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
        guard limit.admit(peer) else { return connection.close(promise: nil) }
        connection.closeFuture.whenComplete { [limit] _ in limit.release(peer) }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        if isPausing { isReadHeld = true } else { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        limit.noteFailedAccept()
        guard !isPausing else { return }
        logger.warning("cannot accept a connection: \(error)")
        isPausing = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: pause) {
            let (gate, context) = bound.value
            gate.isPausing = false
            guard gate.isReadHeld else { return }
            gate.isReadHeld = false
            context.read()
        }
    }
}
