import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL

/// A connection: Hummingbird's, with the fast path in front.
///
///     socket ──► AnswerDeadline ──► TLS, if there are certificates ──► AggregateFastPath ──► RequestValve
///            ──► HTTP/1 decoder ──► HTTP types ──► RequestDeadline ──► router
struct FastPathChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let routed: HTTP1Channel
    let tls: NIOSSLContext?
    let intakes: AggregateIntakes
    let deadlines: Deadlines
    /// For bodies that are on their way.
    let uploads: ByteBudget
    let refusals: RefusalPace
    let turns: LoopTurnsOfLoops

    /// How long a connection may take for what.
    struct Deadlines: Sendable {
        /// For a request to arrive, and for an answer to get on.
        var seconds: Int
        /// Until the next request.
        var idleSeconds = 120
        /// For everything, when the server ends.
        var drainSeconds = 5
        let slowRequests = TimeoutCounter()
        let slowReaders = TimeoutCounter()

        var answer: AnswerDeadline {
            AnswerDeadline(seconds: seconds, drainSeconds: drainSeconds, onTimeout: slowReaders.add)
        }
        var fastPath: FastPathDeadline { FastPathDeadline(seconds: seconds, idleSeconds: idleSeconds, onTimeout: slowRequests.add) }
        var request: RequestDeadline {
            RequestDeadline(seconds: seconds, idleSeconds: idleSeconds, onTimeout: slowRequests.add)
        }
    }

    /// What ``HTTP1Channel`` would set up itself, but for the decoder, with ours in front of it.
    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: Self.sendBufferBytes)
            // Whoever sends much is heard again when all others who have sent something were.
            try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
            try pipeline.addHandler(deadlines.answer)
            if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
            let intake = intakes.intake(on: channel.eventLoop)
            try pipeline.addHandler(
                AggregateFastPath(intake, deadline: deadlines.fastPath, uploads: uploads, refusals: refusals))
            let requests = deadlines.request
            try pipeline.addHandler(RequestValve(requests, turns: turns.turns(on: channel.eventLoop), uploads: uploads))
            try pipeline.addHandler(HTTPResponseEncoder())
            let heads = HeadWatch()
            try pipeline.addHandler(ByteToMessageHandler(RequestDecoder(limits: Self.decoderLimits, heads: heads)))
            try pipeline.addHandler(heads)
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(requests)
            try pipeline.addHandler(UploadBudget(uploads))
            try pipeline.addHandler(HTTPConnectionStateHandler(logger: logger))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    /// What the kernel takes of an answer that is not read yet. By itself it would take some megabytes, of each connection.
    private static let sendBufferBytes = 131_072

    private static var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 80 * 1024
        limits.maxHeaderListSize = 80 * 1024
        limits.maxHeaderFieldCount = 1000
        return limits
    }

    func handle(value: Value, logger: Logger) async {
        // What a request of the router costs is done in turns with that of others; only what comes by the fast path is done at once.
        await withTaskExecutorPreference(turns.turns(on: value.channel.eventLoop)) {
            await routed.handle(value: value, logger: logger)
        }
    }
}
