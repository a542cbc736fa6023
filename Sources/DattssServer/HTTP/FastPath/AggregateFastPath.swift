import DattssCore
import DattssPipeline
import NIOCore

/// The fast path of `PUT|POST /agg`, in front of everything else on a connection: reads requests from the bytes as they come,
/// hands each body to the event loop's ``AggregateIntake``, and answers. What arrives while a batch is being answered waits,
/// to keep the order.
///
///     idle ──head──► receiving ──body is there──► answering ──► idle
///      │                └──refused──► discarding ──end──► idle, or answering late
///      └──anything else──► passing: from that byte on, for good, everything goes to the router
///
/// The router answers `/agg` as well, so nothing is lost but time: senders of batches have connections of their own.
final class AggregateFastPath: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let intake: AggregateIntake
    private var deadline: FastPathDeadline
    private var state = State.idle
    private var context: ChannelHandlerContext?
    /// What arrived and is not used up.
    private var received = ByteBuffer()
    private var known = KnownHead()
    /// What ``known`` led to, or the head of this request.
    private var checked: AggregateEndpoint.Head?
    /// What happened while a batch was on its way.
    private var heldEvents: [Any] = []
    private var isReadHeld = false
    /// What the body that is on its way counts for, if it did not come at once.
    private var upload: ByteBudget.Share
    private let uploads: ByteBudget
    private var isUploading = false
    private let refusals: RefusalPace
    /// What is answered a while after the request has come to its end.
    private var lateRefusal: WireError?
    private var isWritable = true

    /// A sender that writes more than this without waiting for answers is held back.
    private static let readAheadBytesMax = 65_536

    private enum State {
        case idle
        case passing
        case receiving(length: Int, closes: Bool)
        case answering(closes: Bool)
        case discarding(length: Int, closes: Bool)
    }

    init(_ intake: AggregateIntake, deadline: FastPathDeadline, uploads: ByteBudget, refusals: RefusalPace) {
        (self.intake, self.deadline, self.refusals) = (intake, deadline, refusals)
        self.uploads = uploads
        upload = uploads.share()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        deadline.start(self, context.eventLoop)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline.stop()
        endUpload()
        context.fireChannelInactive()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .passing = state { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        var begins = false
        if received.readableBytes == 0 {
            if case .idle = state { begins = true }
            received = bytes
        } else {
            // A sender that pipelines may never let it become empty.
            if received.readerIndex > received.readableBytes { received.discardReadBytes() }
            received.writeBuffer(&bytes)
        }
        advance(context)
        // Most requests arrive whole and need no deadline.
        if begins, isWaitingForMore { deadline.requestBegins() }
    }

    private var isWaitingForMore: Bool {
        switch state {
        case .idle: received.readableBytes > 0
        case .receiving, .discarding: true
        case .answering, .passing: false
        }
    }

    /// Those behind the fast path have read nothing, so there is nothing for them to complete, and no use in asking them whether
    /// to read on.
    func channelReadComplete(context: ChannelHandlerContext) {
        if case .passing = state { return context.fireChannelReadComplete() }
        if mayRead { context.read() }
    }

    /// Goes as far as what has arrived allows.
    private func advance(_ context: ChannelHandlerContext) {
        while true {
            switch state {
            case .idle:
                guard received.readableBytes > 0, readHead(context) else { return }
            case .receiving(let length, let closes):
                guard received.readableBytes >= length, let checked else {
                    if isUploading || reserve(length, closes, context) { return }
                    continue
                }
                take(checked, length, closes, context)
            case .discarding(let length, let closes):
                let count = min(length, received.readableBytes)
                received.moveReaderIndex(forwardBy: count)
                state = .discarding(length: length - count, closes: closes)
                if count < length { return }
                if let lateRefusal {
                    self.lateRefusal = nil
                    answerLate(lateRefusal, closes, context)
                } else {
                    goOn(context, closes: closes, at: .now())
                }
            case .answering, .passing:
                return
            }
        }
    }

    /// Keeps room for a body that has not come to its end yet; without room, what comes of it is thrown away.
    private func reserve(_ length: Int, _ closes: Bool, _ context: ChannelHandlerContext) -> Bool {
        isUploading = upload.grow(by: length)
        if !isUploading { refuse(.tooManyUploads, length, closes: closes, context) }
        return isUploading
    }

    private func endUpload() {
        isUploading = false
        upload.shrink()
    }

    /// Answers before the request has come to its end, the rest of which is thrown away. The connection is closed only behind
    /// that rest, because closing with something unread may take the answer away from the sender.
    private func refuse(_ error: WireError, _ length: Int, closes: Bool, _ context: ChannelHandlerContext) {
        state = .discarding(length: length, closes: closes)
        if error.reason == .unauthorized, refusals.isTooFast(context.remoteAddress) {
            lateRefusal = error
            return
        }
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(FastPathAnswer.bytes(error, closes: closes))), promise: nil)
    }

    private func answerLate(_ error: WireError, _ closes: Bool, _ context: ChannelHandlerContext) {
        state = .answering(closes: closes)
        deadline.requestEnds()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(RefusalPace.delayMilliseconds)) {
            bound.value.finish(.refused(error), at: .now())
        }
    }

    /// - Returns: whether there was one for the fast path.
    private func readHead(_ context: ChannelHandlerContext) -> Bool {
        if let checked, let repetition = received.withUnsafeReadableBytes(known.repetition),
            intake.endpoint.isStillGood(checked, announced: repetition.contentLength)
        {
            received.moveReaderIndex(forwardBy: repetition.byteCount)
            state = .receiving(length: repetition.contentLength, closes: false)
            return true
        }
        switch received.withUnsafeReadableBytes(PlainHead.parse) {
        case .incomplete: return false
        case .foreign:
            pass(context)
            return false
        case .head(let head) where head.key == nil:
            // It may be in the body, which is not read here before a key is known.
            pass(context)
            return false
        case .head(let head):
            begin(head, context)
            return true
        }
    }

    private func begin(_ head: PlainHead, _ context: ChannelHandlerContext) {
        defer { received.moveReaderIndex(forwardBy: head.byteCount) }
        known.forget()
        do throws(WireError) {
            checked = try intake.endpoint.check(
                key: head.key, announced: head.contentLength, contentEncoding: head.contentEncoding)
            state = .receiving(length: head.contentLength, closes: head.closes)
            if head.expectsContinue {
                context.writeAndFlush(wrapOutboundOut(.byteBuffer(FastPathAnswer.continue)), promise: nil)
            } else if !head.closes {
                received.withUnsafeReadableBytes { known.remember(head, in: $0) }
            }
        } catch {
            refuse(error, head.contentLength, closes: head.closes || error.reason == .bodyTooLarge, context)
        }
    }

    private func take(_ head: AggregateEndpoint.Head, _ length: Int, _ closes: Bool, _ context: ChannelHandlerContext) {
        state = .answering(closes: closes)
        deadline.requestEnds()
        let outcome = received.withUnsafeReadableBytes { bytes in
            intake.take(UnsafeRawBufferPointer(rebasing: bytes[..<length]), head, for: self)
        }
        var answer: IngestAnswer?
        switch outcome {
        case .answered(let known): answer = known
        case .answeredLater: break
        case .isDear: answer = takeAside(head, length)
        }
        if isUploading { endUpload() }
        received.moveReaderIndex(forwardBy: length)
        if let answer { write(answer, context, closes: closes, at: .now()) }
    }

    /// Hands over a body that is dear to read. It counts among those that are on their way until it is read, also when the
    /// connection has come to its end by then.
    /// - Returns: the answer, if there is no room for it.
    private func takeAside(_ head: AggregateEndpoint.Head, _ length: Int) -> IngestAnswer? {
        guard isUploading || upload.grow(by: length), let body = received.getSlice(at: received.readerIndex, length: length) else {
            return .refused(.tooManyUploads)
        }
        let share = upload
        (upload, isUploading) = (uploads.share(), false)
        intake.takeAside(body, head, share, for: self)
        return nil
    }

    // MARK: Answering

    /// The batch that was handed to the intake is written, or refused; or a refusal has waited long enough.
    func finish(_ answer: IngestAnswer, at time: NIODeadline) {
        guard let context, case .answering(let closes) = state else { return }
        write(answer, context, closes: closes, at: time)
        advance(context)
        readIfHeld(context)
    }

    private func write(_ answer: IngestAnswer, _ context: ChannelHandlerContext, closes: Bool, at time: NIODeadline) {
        var closes = closes
        let bytes: ByteBuffer
        switch answer {
        case .accepted, .duplicate:
            bytes = closes ? FastPathAnswer.lastAcknowledgement : FastPathAnswer.acknowledgement
        case .refused(let error):
            closes = closes || error.reason == .bodyTooLarge
            bytes = FastPathAnswer.bytes(error, closes: closes)
        }
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
        goOn(context, closes: closes, at: time)
    }

    /// A request is answered and over.
    private func goOn(_ context: ChannelHandlerContext, closes: Bool, at time: NIODeadline) {
        state = .idle
        if closes {
            state = .discarding(length: .max, closes: true)
            return close(context)
        }
        if received.readableBytes == 0 {
            received = ByteBuffer()
            deadline.isIdle(from: time)
        } else {
            deadline.requestBegins()
        }
        replayEvents(context)
    }

    /// Behind what was written before.
    private func close(_ context: ChannelHandlerContext) {
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: flushed)
    }

    /// The request took too long to arrive, or none came.
    func timeOut() {
        guard let context else { return }
        switch state {
        case .receiving:
            deadline.onTimeout()
            endUpload()
            let error = WireError(.requestTimeout, "the request took too long to arrive")
            state = .discarding(length: .max, closes: true)
            context.writeAndFlush(wrapOutboundOut(.byteBuffer(FastPathAnswer.bytes(error, closes: true))), promise: nil)
            close(context)
        case .idle:
            if received.readableBytes > 0 { deadline.onTimeout() }
            context.close(promise: nil)
        case .discarding: context.close(promise: nil)
        case .answering, .passing: break
        }
    }

    // MARK: Passing

    /// From here on this connection is the router's.
    private func pass(_ context: ChannelHandlerContext) {
        state = .passing
        deadline.stop()
        context.fireUserInboundEventTriggered(ConnectionIsRouted())
        let bytes = received
        received = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
    }

    /// Nothing more is read while much waits already, or while the sender does not read its answers: who does not wait is
    /// held back, not buffered.
    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        readIfHeld(context)
        context.fireChannelWritabilityChanged()
    }

    private var mayRead: Bool {
        switch state {
        case .passing: true
        case .answering: received.readableBytes < Self.readAheadBytesMax && isWritable
        case .idle, .receiving, .discarding: isWritable
        }
    }

    private func readIfHeld(_ context: ChannelHandlerContext) {
        guard isReadHeld, mayRead else { return }
        isReadHeld = false
        context.read()
    }

    /// That the sender has closed its side waits for the answer, that the server is shutting down for the whole batch.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch state {
        case .answering: heldEvents.append(event)
        case .receiving where event is ChannelShouldQuiesceEvent: heldEvents.append(event)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func replayEvents(_ context: ChannelHandlerContext) {
        guard !heldEvents.isEmpty else { return }
        let events = heldEvents
        heldEvents.removeAll()
        for event in events { context.fireUserInboundEventTriggered(event) }
    }
}

/// Told to the handlers behind the fast path when a connection becomes the router's.
struct ConnectionIsRouted: Sendable {}
