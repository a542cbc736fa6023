import NIOCore

/// Lets one request of a connection after the other through to the decoder, each when it is its turn among those of all connections
/// (``LoopTurns``). What a sender has written ahead waits as bytes, a
/// small fraction of what the same requests are when they are read, and nothing more is taken from the socket meanwhile.
///
/// Passed on are pieces so small that only few requests fit into one; of a body as much as there is. What waits counts among the
/// bytes that are on their way; without room for it the connection is closed.
final class RequestValve: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let requests: RequestDeadline
    private let turns: LoopTurns
    private let share: ByteBudget.Share
    private var context: ChannelHandlerContext?
    /// Whether the request that comes may begin, or has begun; and whether it waits for that.
    private var hasTurn = false
    private var waitsForTurn = false
    private var held = ByteBuffer()
    private var isReadHeld = false
    private var isInputClosed = false
    private var isPassing = false

    static let pieceBytes = 256

    /// - Parameter requests: tells which are under way.
    init(_ requests: RequestDeadline, turns: LoopTurns, uploads: ByteBudget) {
        (self.requests, self.turns) = (requests, turns)
        share = uploads.share()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Until the handler is removed, or the connection is over.
        self.context = context
        requests.onAnswer = {
            self.hasTurn = false
            self.goOn(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if held.readableBytes == 0 { held = bytes } else { held.writeBuffer(&bytes) }
        pass(context)
        guard held.readableBytes > 0 else { return }
        share.shrink()
        if !share.grow(by: held.readableBytes) { context.close(promise: nil) }
    }

    func read(context: ChannelHandlerContext) {
        if held.readableBytes > 0 { isReadHeld = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The end of what is sent comes behind what was sent.
        if case .inputClosed? = event as? ChannelEvent, held.readableBytes > 0 { return isInputClosed = true }
        context.fireUserInboundEventTriggered(event)
    }

    /// It is the turn of this connection.
    func begin() {
        waitsForTurn = false
        guard let context else { return }
        hasTurn = true
        goOn(context)
    }

    /// A request is answered, or the next may begin.
    private func goOn(_ context: ChannelHandlerContext) {
        guard held.readableBytes > 0 else { return }
        pass(context)
        context.fireChannelReadComplete()
        guard held.readableBytes == 0 else { return }
        if isInputClosed {
            isInputClosed = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        guard isReadHeld else { return }
        isReadHeld = false
        context.read()
    }

    private func pass(_ context: ChannelHandlerContext) {
        // An answer may be there before the piece is through.
        if isPassing { return }
        isPassing = true
        defer { isPassing = false }
        while held.readableBytes > 0, requests.mayArrive, mayBegin() {
            let length = min(held.readableBytes, max(Self.pieceBytes, requests.bodyBytesLeft))
            guard let piece = held.readSlice(length: length) else { break }
            context.fireChannelRead(wrapInboundOut(piece))
        }
        guard held.readableBytes == 0 else { return }
        held = ByteBuffer()
        share.shrink()
    }

    private func mayBegin() -> Bool {
        if hasTurn { return true }
        if !waitsForTurn {
            hasTurn = turns.take(self)
            waitsForTurn = !hasTurn
        }
        return hasTurn
    }

    private func end() {
        context = nil
        requests.onAnswer = nil
        held = ByteBuffer()
        share.shrink()
    }
}
