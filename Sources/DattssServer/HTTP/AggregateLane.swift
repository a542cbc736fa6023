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
    private var heldEvents: [Any] = []
    private var isReadHeld = false

    /// More is allocated when it has arrived.
    private static let bodyBytesAtFirst = 65_536

    private enum State {
        case idle
        case passing
        case receiving(AggregateEndpoint.Head, body: ByteBuffer, closes: Bool)
        case answering(closes: Bool)
        case discarding
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

    /// Nothing more is read while a batch is being answered: a sender that does not wait is held back, not buffered.
    func read(context: ChannelHandlerContext) {
        if case .answering = state { isReadHeld = true } else { context.read() }
    }

    /// That the sender has closed its side, or the server is shutting down, waits for the answer.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .answering = state { heldEvents.append(event) } else { context.fireUserInboundEventTriggered(event) }
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
                refuse(error, context)
            }
        case (.receiving(let head, let body, let closes), .end):
            state = .answering(closes: closes)
            answer(head, body, context)
        case (.discarding, .end):
            state = .idle
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
        do {
            let head = try endpoint.check(request)
            let announced = request.headerFields[.contentLength].flatMap { Int($0) } ?? 0
            let body = context.channel.allocator.buffer(capacity: min(announced, Self.bodyBytesAtFirst))
            state = .receiving(head, body: body, closes: request.headerFields[.connection]?.lowercased() == "close")
        } catch {
            refuse(error, context)
        }
    }

    /// Answers before the request has come to its end; the rest of it is thrown away.
    private func refuse(_ error: WireError, _ context: ChannelHandlerContext) {
        state = .discarding
        let answer = ErrorAnswer(error)
        write(answer.status, answer.headers, answer.json, context)
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
        let events = heldEvents
        heldEvents.removeAll()
        for event in events { context.fireUserInboundEventTriggered(event) }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    private func write(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ json: JSONWriter, _ context: ChannelHandlerContext,
        thenCloses: Bool = false
    ) {
        var head = HTTPResponse(status: status, headerFields: fields)
        head.headerFields[.contentType] = "application/json; charset=utf-8"
        head.headerFields[.contentLength] = String(json.bytes.count)
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
