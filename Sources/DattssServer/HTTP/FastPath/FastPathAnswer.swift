import DattssCore
import DattssPipeline
import HTTPTypes
import NIOCore

/// What the fast path answers, and how that looks as bytes.
enum FastPathAnswer {
    /// What became of a batch, or that an export was refused.
    case batch(IngestAnswer)
    /// An export was taken in, but for what of it was rejected.
    case export(OTLPRejection?)

    static let acknowledgement = bytes(.ok, [:], AggregateEndpoint.acknowledgement, closes: false)
    static let lastAcknowledgement = bytes(.ok, [:], AggregateEndpoint.acknowledgement, closes: true)
    static let `continue` = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

    /// - Parameters:
    ///   - route: what was refused: an export is answered in its own format.
    ///   - closes: the connection is closed behind it.
    static func bytes(_ error: WireError, to route: PlainHead.Route, closes: Bool) -> ByteBuffer {
        let answer = ErrorAnswer(error)
        return switch route {
        case .batches: bytes(answer.status, answer.headers, answer.json, closes: closes)
        case .exports:
            bytes(answer.status, answer.headers, OTLPFormat.status(error), OTLPFormat.protobufType, closes: closes)
        }
    }

    static func bytes(_ rejection: OTLPRejection?, closes: Bool) -> ByteBuffer {
        guard let rejection else { return closes ? lastExportTaken : exportTaken }
        return bytes(.ok, [:], rejection.protobuf, OTLPFormat.protobufType, closes: closes)
    }

    private static let exportTaken = bytes(.ok, [:], [], OTLPFormat.protobufType, closes: false)
    private static let lastExportTaken = bytes(.ok, [:], [], OTLPFormat.protobufType, closes: true)

    private static func bytes(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ json: JSONWriter, closes: Bool
    ) -> ByteBuffer {
        bytes(status, fields, json.bytes, "application/json; charset=utf-8", closes: closes)
    }

    private static func bytes(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ body: [UInt8], _ type: String, closes: Bool
    ) -> ByteBuffer {
        var fields = fields
        fields[.contentType] = type
        fields[.contentLength] = String(body.count)
        fields[.cacheControl] = "no-store"
        if closes { fields[.connection] = "close" }
        var head = "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n"
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        var buffer = ByteBuffer(string: head + "\r\n")
        buffer.writeBytes(body)
        return buffer
    }
}
