import DattssCore
import HTTPTypes
import Hummingbird
import NIOCore

/// How many bytes of large answers may wait for their readers, of all connections together. An answer for which there is no
/// room is a 503: a reader who takes his answers makes room for the next.
///
/// A large answer is handed to the connection piece by piece, each when the one before has left, so that its end is known.
/// (An answer that is shared by many is counted once, as a ``Rendering``.)
struct AnswerBudget: RouterMiddleware {
    typealias Context = ServerContext

    let budget: ByteBudget

    /// Smaller answers are as good as sent.
    static let pieceBytes = 65_536

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard let length = response.body.contentLength, length > Self.pieceBytes, request.method != .head else { return response }
        let share = budget.share()
        guard share.grow(by: length) else {
            throw WireError.tooManyAnswers
        }
        let body = response.body
        response.body = ResponseBody(contentLength: length) { writer in
            defer { withExtendedLifetime(share) {} }
            try await body.write(PieceWriter(whole: writer))
        }
        return response
    }
}

/// Cuts what is written into pieces, so that each write waits for the one before.
private struct PieceWriter: ResponseBodyWriter {
    var whole: any ResponseBodyWriter

    mutating func write(_ buffer: ByteBuffer) async throws { try await whole.writeInPieces(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { try await whole.finish(trailingHeaders) }
}

extension ResponseBodyWriter {
    /// Hands bytes to the connection piece by piece, each when the one before is on its way, so that a connection that is encrypted
    /// holds no copy of all of it.
    ///
    /// A reader who takes the bytes as fast as they come never makes a write wait. So the task stands in line again after each piece
    /// (``LoopTurns``): others need not wait until megabytes have been copied.
    mutating func writeInPieces(_ bytes: ByteBuffer) async throws {
        var rest = bytes
        while let piece = rest.readSlice(length: min(rest.readableBytes, AnswerBudget.pieceBytes)), piece.readableBytes > 0 {
            try await write(piece)
            if rest.readableBytes > 0 { await Task.yield() }
        }
    }
}
