import NIOCore
import NIOHTTP1

/// NIO's decoder of requests, but one that goes on where a request asks for another protocol.
///
/// `Connection: Upgrade` is an offer, which a server may ignore (RFC 9110, section 7.8): Java's HTTP client makes it with every
/// request, `curl --http2` with the first. NIO's decoder stops behind such a request, because what follows may not be HTTP. Here
/// it always is, so a new decoder takes its place. What ``HeadWatch``, behind it, sees of a request tells whether it stopped.
final class RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    private let limits: NIOHTTPDecoderLimitConfiguration
    private var decoder: HTTPRequestDecoder
    private let heads: HeadWatch

    init(limits: NIOHTTPDecoderLimitConfiguration, heads: HeadWatch) {
        (self.limits, self.heads) = (limits, heads)
        decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
    }

    func decoderAdded(context: ChannelHandlerContext) { decoder.decoderAdded(context: context) }

    func decoderRemoved(context: ChannelHandlerContext) { decoder.decoderRemoved(context: context) }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        if heads.hasEnded { restart(context) }
        heads.bytesCome(context)
        _ = try decoder.decode(context: context, buffer: &buffer)
        return heads.hasEnded && buffer.readableBytes > 0 ? .continue : .needMoreData
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        while buffer.readableBytes > 0, case .continue = try decode(context: context, buffer: &buffer) {}
        return try decoder.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }

    private func restart(_ context: ChannelHandlerContext) {
        heads.hasEnded = false
        decoder.decoderRemoved(context: context)
        decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        decoder.decoderAdded(context: context)
    }
}

/// Told to the handlers behind the decoder when the first bytes of a request have come.
struct RequestHasBegun: Sendable {}

/// What a connection has to know of heads as they were written: whether they name the host once, and whether they are an offer.
///
/// A request offers another protocol in the way in which the parser behind ``RequestDecoder`` (llhttp) does: by a
/// field `Upgrade`, and `upgrade` among the options of `Connection`, or by the method `CONNECT`. An offer that is written in an unusual way is left alone:
/// then the decoder has stopped, and nothing more is read of the connection.
final class HeadWatch: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// A request with an offer has come to its end, and nothing was read behind it.
    fileprivate(set) var hasEnded = false
    private var isOffer = false
    private var isBetweenRequests = true
    private var isBroken = false

    /// Told by the decoder in front.
    fileprivate func bytesCome(_ context: ChannelHandlerContext) {
        guard isBetweenRequests else { return }
        isBetweenRequests = false
        context.fireUserInboundEventTriggered(RequestHasBegun())
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isBroken { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard Self.namesHost(head) else {
                isBroken = true
                return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
            }
            guard Self.isReadable(head.headers) else {
                isBroken = true
                return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
            }
            isBetweenRequests = false
            isOffer = head.method == .CONNECT || Self.isOffer(head.headers)
            return context.fireChannelRead(wrapInboundOut(.head(Self.closing(head))))
        case .body: break
        case .end: (isBetweenRequests, hasEnded) = (true, isOffer)
        }
        context.fireChannelRead(data)
    }

    /// A sender that speaks HTTP/1.0 reads to the end of the connection, unless it says otherwise (RFC 9112, section 9.3).
    private static func closing(_ head: HTTPRequestHead) -> HTTPRequestHead {
        guard head.version.minor == 0, !head.isKeepAlive else { return head }
        var head = head
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        return head
    }

    /// One field `Host`, which only HTTP/1.0 may leave out (RFC 9112, section 3.2).
    private static func namesHost(_ head: HTTPRequestHead) -> Bool {
        let count = head.headers["Host"].count
        return count == 1 || (count == 0 && head.version.minor == 0)
    }

    /// Whether no coding but `chunked` was applied for the transfer: of others, whose names the parser passes over, what comes would
    /// be taken for the body (RFC 9112, section 6.1).
    private static func isReadable(_ headers: HTTPHeaders) -> Bool {
        headers["Transfer-Encoding"].allSatisfy { $0.lowercased() == "chunked" }
    }

    static func isOffer(_ headers: HTTPHeaders) -> Bool {
        guard headers.contains(name: "Upgrade") else { return false }
        return headers["Connection"].contains { value in
            value.split(separator: ",").contains { $0.drop { $0 == " " }.lowercased() == "upgrade" }
        }
    }
}
