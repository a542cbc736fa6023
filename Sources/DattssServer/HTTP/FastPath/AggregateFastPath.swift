import DattssCore
import DattssPipeline
import NIOCore

/// The fast path of `PUT|POST /agg`, and of exports of OpenTelemetry's that are soon read, in front of everything else on a
/// connection: reads requests from the bytes as they come, hands each body to the event loop's ``AggregateIntake``, and answers.
/// What arrives while a batch is being answered waits, to keep the order. What is done when is decided by ``FastPathState``.
///
/// The router answers `/agg` as well, so nothing is lost but time: senders of batches have connections of their own.
final class AggregateFastPath: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let intake: AggregateIntake
    private var deadline: FastPathDeadline
    private var state = FastPathState()
    private var context: ChannelHandlerContext?
    /// The head of this request, or of the one before that it repeats.
    private var checked: AggregateEndpoint.Head?
    /// What this request is.
    private var route = PlainHead.Route.batches
    /// What happened while a batch was on its way.
    private var heldEvents: [Any] = []
    private var isReadHeld = false
    /// What the body that is on its way counts for, if it did not come at once.
    private var upload: ByteBudget.Share
    private let uploads: ByteBudget
    private let refusals: RefusalPace
    private var isWritable = true

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
        upload.shrink()
        context.fireChannelInactive()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if state.isPassing { return context.fireChannelRead(data) }
        let begins = state.receive(unwrapInboundIn(data))
        advance(context)
        // Most requests arrive whole and need no deadline.
        if begins, state.isWaitingForMore { deadline.requestBegins() }
    }

    /// Those behind the fast path have read nothing, so there is nothing for them to complete, and no use in asking them whether
    /// to read on.
    func channelReadComplete(context: ChannelHandlerContext) {
        if state.isPassing { return context.fireChannelReadComplete() }
        if mayRead { context.read() }
    }

    /// Goes as far as what has arrived allows.
    private func advance(_ context: ChannelHandlerContext) {
        while true {
            switch state.next() {
            case .wait: return
            case .checkAgain(let repetition): checkAgain(repetition)
            case .check(let head): check(head, context)
            case .keepRoom(let length): keepRoom(length, context)
            case .take(let length): take(length, context)
            case .answerLate(let error): answerLate(error, context)
            case .end: goOn(context, closes: state.isLastAnswer ?? false, at: .now())
            case .pass(let bytes): return pass(bytes, context)
            }
        }
    }

    private func checkAgain(_ repetition: KnownHead.Repetition) {
        if let checked, intake.endpoint.isStillGood(checked, announced: repetition.contentLength) {
            route = checked.route
            state.accept(repetition)
        } else {
            state.forgetHead()
        }
    }

    private func check(_ head: PlainHead, _ context: ChannelHandlerContext) {
        route = head.route
        do throws(WireError) {
            checked = try intake.endpoint.check(
                key: head.key, announced: head.contentLength, contentEncoding: head.contentEncoding, route: route)
            state.accept(head)
            if head.expectsContinue { send(FastPathAnswer.continue, context) }
        } catch {
            let isLate = error.reason == .unauthorized && refusals.isTooFast(context.remoteAddress)
            let closes = state.refuse(head, error, isLate: isLate)
            if !isLate { send(FastPathAnswer.bytes(error, to: route, closes: closes), context) }
        }
    }

    /// For a body that has not come to its end yet.
    private func keepRoom(_ length: Int, _ context: ChannelHandlerContext) {
        if upload.grow(by: length) { return state.keepsRoom() }
        let closes = state.refuseBody()
        send(FastPathAnswer.bytes(.tooManyUploads, to: route, closes: closes), context)
    }

    private func take(_ length: Int, _ context: ChannelHandlerContext) {
        // No body is taken before its head was checked.
        guard let checked else { return }
        deadline.requestEnds()
        let outcome = state.withBody(length) { body in
            switch checked.route {
            case .batches: intake.take(body, checked, for: self)
            case .exports: intake.exports.take(body, checked, for: self)
            }
        }
        var answer: IngestAnswer?
        switch outcome {
        case .answered(let known): answer = known
        case .answeredLater: break
        case .isDear: answer = takeAside(checked, length)
        }
        if state.hasRoom { upload.shrink() }
        state.dropBody(length)
        if let answer { write(.batch(answer), context, at: .now()) }
    }

    /// Hands over a body that is dear to read. It counts among those that are on their way until it is read, also when the
    /// connection has come to its end by then.
    /// - Returns: the answer, if there is no room for it.
    private func takeAside(_ head: AggregateEndpoint.Head, _ length: Int) -> IngestAnswer? {
        guard state.hasRoom || upload.grow(by: length), let body = state.body(length) else {
            return .refused(.tooManyUploads)
        }
        let share = upload
        upload = uploads.share()
        intake.takeAside(body, head, share, for: self)
        return nil
    }

    // MARK: Answering

    private func answerLate(_ error: WireError, _ context: ChannelHandlerContext) {
        deadline.requestEnds()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(RefusalPace.delayMilliseconds)) {
            bound.value.finish(.batch(.refused(error)), at: .now())
        }
    }

    /// The batch that was handed to the intake is written, or refused; or a refusal has waited long enough.
    func finish(_ answer: FastPathAnswer, at time: NIODeadline) {
        guard let context, state.isLastAnswer != nil else { return }
        write(answer, context, at: time)
        advance(context)
        readIfHeld(context)
    }

    private func write(_ answer: FastPathAnswer, _ context: ChannelHandlerContext, at time: NIODeadline) {
        var closes = state.isLastAnswer ?? false
        let bytes: ByteBuffer
        switch answer {
        case .batch(.accepted), .batch(.duplicate):
            bytes = closes ? FastPathAnswer.lastAcknowledgement : FastPathAnswer.acknowledgement
        case .export(let rejection): bytes = FastPathAnswer.bytes(rejection, closes: closes)
        case .batch(.refused(let error)):
            closes = closes || error.reason == .bodyTooLarge
            bytes = FastPathAnswer.bytes(error, to: route, closes: closes)
        }
        send(bytes, context)
        goOn(context, closes: closes, at: time)
    }

    private func send(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
    }

    /// A request is answered and over.
    private func goOn(_ context: ChannelHandlerContext, closes: Bool, at time: NIODeadline) {
        switch state.finish(isLast: closes) {
        case .close: return close(context)
        case .idle: deadline.isIdle(from: time)
        case .next: deadline.requestBegins()
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
        switch state.timeOut() {
        case .nothing: break
        case .close(let isSlow):
            if isSlow { deadline.onTimeout() }
            context.close(promise: nil)
        case .refuse:
            deadline.onTimeout()
            upload.shrink()
            send(
                FastPathAnswer.bytes(WireError(.requestTimeout, "the request took too long to arrive"), to: route, closes: true),
                context)
            close(context)
        }
    }

    // MARK: Passing

    /// From here on this connection is the router's.
    private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        deadline.stop()
        context.fireUserInboundEventTriggered(ConnectionIsRouted())
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
    }

    /// Nothing more is read while much waits already, or while the sender does not read its answers: whoever does not wait is
    /// held back, not buffered.
    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        readIfHeld(context)
        context.fireChannelWritabilityChanged()
    }

    private var mayRead: Bool { state.mayRead(isWritable: isWritable) }

    private func readIfHeld(_ context: ChannelHandlerContext) {
        guard isReadHeld, mayRead else { return }
        isReadHeld = false
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if state.holds(isShutdown: event is ChannelShouldQuiesceEvent) {
            heldEvents.append(event)
        } else {
            context.fireUserInboundEventTriggered(event)
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
