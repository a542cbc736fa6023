import DattssCore
import HTTPTypes
import Hummingbird
import NIOCore

/// An answer that is written out once, for however many asked. As long as anybody holds it, a large one counts as unsent.
final class Rendering: Sendable {
    let bytes: ByteBuffer
    private let share: ByteBudget.Share

    /// - Throws: 503 `overloaded` when too much waits for its readers already.
    init(_ bytes: ByteBuffer, within unsent: ByteBudget) throws(WireError) {
        self.bytes = bytes
        share = unsent.share()
        guard bytes.readableBytes <= AnswerBudget.pieceBytes || share.grow(by: bytes.readableBytes) else {
            throw .tooManyAnswers
        }
    }

    convenience init(_ json: JSONWriter, within unsent: ByteBudget) throws(WireError) {
        try self.init(json.buffer, within: unsent)
    }

    static let jsonType = "application/json; charset=utf-8"

    func response(type: String = jsonType) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(contentLength: bytes.readableBytes) { [self] writer in
                try await writer.writeInPieces(bytes)
                try await writer.finish(nil)
            })
    }
}
