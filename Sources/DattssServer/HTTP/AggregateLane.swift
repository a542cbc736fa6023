import DattssCore
import DattssPipeline
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// The fast lane of `PUT|POST /agg`: collects the body on the event loop and answers, instead of handing every chunk of it to
/// a task. Every other request goes on to the router; so does a batch that is pipelined behind one, to keep the order.
///
///     idle ──head of /agg──► receiving ──end──► answering ──► idle        what comes while answering is held
///      │                         └──refused──► discarding ──end──► idle
///      └──any other head──► passing ──end──► idle
final class AggregateLane: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let endpoint: AggregateEndpoint
    private var state = State.idle
    /// Requests that the router has not answered yet.
    private var routedCount = 0
    /// What arrived, and what happened, while a batch was being answered.
    private var heldParts: CircularBuffer<HTTPRequestPart> = []
    private var heldEvents: [HeldEvent] = []
    private var isReadHeld = false

    /// More is allocated when it has arrived.
    private static let bodyBytesAtFirst = 65_536

    private enum State {
        case idle
        case passing
        case receiving(AggregateEndpoint.Head, body: ByteBuffer, closes: Bool)
        case answering(closes: Bool)
        case discarding(closes: Bool)
    }

    private enum HeldEvent {
        case event(Any)
        case error(any Error)
    }

    init(_ endpoint: AggregateEndpoint) { self.endpoint = endpoint }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .answering = state {
            heldParts.append(part)
        } else {
            receive(part, context)
        }
    }

    /// Nothing more is read while a batch is being answered, or while the sender does not read its answers: who does not
    /// wait is held back, not buffered.
    func read(context: ChannelHandlerContext) {
        if mayRead(context) { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readIfHeld(context)
        context.fireChannelWritabilityChanged()
    }

    /// That the sender has closed its side waits for the answer, that the server is shutting down for the whole batch.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch state {
        case .answering: heldEvents.append(.event(event))
        case .receiving where event is ChannelShouldQuiesceEvent: heldEvents.append(.event(event))
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// What is wrong behind a batch must not overtake its answer.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .answering = state { heldEvents.append(.error(error)) } else { context.fireErrorCaught(error) }
    }

    private func mayRead(_ context: ChannelHandlerContext) -> Bool {
        if case .answering = state { return false }
        return context.channel.isWritable
    }

    private func readIfHeld(_ context: ChannelHandlerContext) {
        guard isReadHeld, mayRead(context) else { return }
        isReadHeld = false
        context.read()
    }

    private func replayEvents(_ context: ChannelHandlerContext) {
        let events = heldEvents
        heldEvents.removeAll()
        for held in events {
            switch held {
            case .event(let event): context.fireUserInboundEventTriggered(event)
            case .error(let error): context.fireErrorCaught(error)
            }
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { routedCount -= 1 }
        context.write(data, promise: promise)
    }

    private func receive(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.idle, .head(let head)) where routedCount == 0 && Self.isAggregate(head):
            begin(head, context)
        case (.receiving(let head, var body, let closes), .body(let chunk)):
            // Taken out of the state, so that the buffer is not shared and grows in place.
            state = .idle
            body.writeImmutableBuffer(chunk)
            do {
                try endpoint.check(bodyBytes: body.readableBytes)
                state = .receiving(head, body: body, closes: closes)
            } catch {
                endpoint.pipeline.noteRefused(error)
                refuse(error, context, closes: closes)
            }
        case (.receiving(let head, let body, let closes), .end):
            state = .answering(closes: closes)
            answer(head, body, context)
        case (.discarding(let closes), .end):
            state = .idle
            if closes { context.close(promise: nil) }
        case (.discarding, _):
            break
        default:
            pass(part, context)
        }
    }

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head:
            state = .passing
            routedCount += 1
        case .body: break
        case .end: state = .idle
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    private func begin(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        let closes = request.headerFields[.connection]?.lowercased().contains("close") ?? false
        do {
            let head = try endpoint.check(request)
            let announced = request.headerFields[.contentLength].flatMap { Int($0) } ?? 0
            let body = context.channel.allocator.buffer(capacity: min(announced, Self.bodyBytesAtFirst))
            state = .receiving(head, body: body, closes: closes)
            if request.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        } catch {
            refuse(error, context, closes: closes)
        }
    }

    /// Answers before the request has come to its end; the rest of it is thrown away. The connection is closed only behind
    /// that rest, because closing with something unread may take the answer away from the sender.
    private func refuse(_ error: WireError, _ context: ChannelHandlerContext, closes: Bool) {
        let answer = ErrorAnswer(error)
        state = .discarding(closes: closes || answer.headers[.connection] == "close")
        write(answer.status, answer.headers, answer.json, context)
        replayEvents(context)
    }

    private func answer(_ head: AggregateEndpoint.Head, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let (endpoint, loop) = (endpoint, context.eventLoop)
        Task {
            let outcome = await Result { () async throws(WireError) in
                try await endpoint.take(Array(body.readableBytesView), head)
            }
            loop.execute {
                let (lane, context) = bound.value
                lane.finish(outcome, context)
            }
        }
    }

    private func finish(_ outcome: Result<Void, WireError>, _ context: ChannelHandlerContext) {
        guard case .answering(let closes) = state else { return }
        state = .idle
        switch outcome {
        case .success: write(.ok, [:], AggregateEndpoint.acknowledgement, context, thenCloses: closes)
        case .failure(let error):
            let answer = ErrorAnswer(error)
            write(answer.status, answer.headers, answer.json, context, thenCloses: closes)
        }
        release(context)
    }

    /// Goes on with what was held.
    private func release(_ context: ChannelHandlerContext) {
        var hasPassed = false
        while let part = heldParts.popFirst() {
            receive(part, context)
            if case .passing = state { hasPassed = true }
            if case .answering = state { break }
        }
        if hasPassed { context.fireChannelReadComplete() }
        if case .answering = state { return }
        replayEvents(context)
        readIfHeld(context)
    }

    private func write(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ json: JSONWriter, _ context: ChannelHandlerContext,
        thenCloses: Bool = false
    ) {
        var head = HTTPResponse(status: status, headerFields: fields)
        head.headerFields[.contentType] = "application/json; charset=utf-8"
        head.headerFields[.contentLength] = String(json.bytes.count)
        head.headerFields[.cacheControl] = "no-store"
        if thenCloses { head.headerFields[.connection] = "close" }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: json.bytes))), promise: nil)
        guard thenCloses else { return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
        let flushed = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        flushed.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: flushed)
    }

    private static func isAggregate(_ head: HTTPRequest) -> Bool {
        guard head.method == .put || head.method == .post, let path = head.path else { return false }
        return path == "/agg" || path.hasPrefix("/agg?")
    }
}

extension Result where Success: ~Copyable {
    /// The outcome of something asynchronous.
    fileprivate init(_ body: () async throws(Failure) -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
