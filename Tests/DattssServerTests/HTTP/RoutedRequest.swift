import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Synchronization

@testable import DattssServer

/// What comes back of a request, whole.
struct RoutedAnswer {
    var status: Int
    var headers: HTTPFields
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
}

extension HTTPResponder<ServerContext> {
    /// Any request, through the router, without a socket.
    func answer(
        to method: HTTPRequest.Method, _ path: String, key: String? = nil, body: [UInt8] = [], headers: HTTPFields = [:]
    ) async throws -> RoutedAnswer {
        var headers = headers
        if let key { headers[.authorization] = "Bearer \(key)" }
        let response = try await begin(method, path, body: body, headers: headers)
        let collected = CollectedBody()
        try await response.body.write(collected)
        return RoutedAnswer(status: response.status.code, headers: response.headers, body: collected.bytes.withLock { $0 })
    }

    /// The same, before anything of the body is written.
    func begin(
        _ method: HTTPRequest.Method, _ path: String, body: [UInt8] = [], headers: HTTPFields = [:]
    ) async throws -> Response {
        let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: path, headerFields: headers)
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
        let context = ServerContext(source: ApplicationRequestContextSource(channel: channel, logger: Logger(label: "test")))
        return try await respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body))), context: context)
    }
}

private final class CollectedBody: ResponseBodyWriter, Sendable {
    let bytes = Mutex<[UInt8]>([])

    func write(_ buffer: ByteBuffer) { bytes.withLock { $0 += buffer.readableBytesView } }
    func finish(_ trailingHeaders: HTTPFields?) {}
}
