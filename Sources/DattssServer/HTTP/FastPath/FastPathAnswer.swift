import DattssCore
import HTTPTypes
import NIOCore

/// The answers of the fast path, as bytes.
enum FastPathAnswer {
    static let acknowledgement = bytes(.ok, [:], AggregateEndpoint.acknowledgement, closes: false)
    static let lastAcknowledgement = bytes(.ok, [:], AggregateEndpoint.acknowledgement, closes: true)
    static let `continue` = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

    /// - Parameter closes: the connection is closed behind it.
    static func bytes(_ error: WireError, closes: Bool) -> ByteBuffer {
        let answer = ErrorAnswer(error)
        return bytes(answer.status, answer.headers, answer.json, closes: closes)
    }

    private static func bytes(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ json: JSONWriter, closes: Bool
    ) -> ByteBuffer {
        var fields = fields
        fields[.contentType] = "application/json; charset=utf-8"
        fields[.contentLength] = String(json.bytes.count)
        fields[.cacheControl] = "no-store"
        if closes { fields[.connection] = "close" }
        var head = "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n"
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        var buffer = ByteBuffer(string: head + "\r\n")
        buffer.writeBytes(json.bytes)
        return buffer
    }
}
