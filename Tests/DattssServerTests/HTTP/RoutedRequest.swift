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
        var head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: path, headerFields: headers)
        if let key { head.headerFields[.authorization] = "Bearer \(key)" }
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
        let context = ServerContext(source: ApplicationRequestContextSource(channel: channel, logger: Logger(label: "test")))
        let response = try await respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body))), context: context)
        let collected = CollectedBody()
        try await response.body.write(collected)
        return RoutedAnswer(status: response.status.code, headers: response.headers, body: collected.bytes.withLock { $0 })
    }
}

private final class CollectedBody: ResponseBodyWriter, Sendable {
    let bytes = Mutex<[UInt8]>([])

    func write(_ buffer: ByteBuffer) { bytes.withLock { $0 += buffer.readableBytesView } }
    func finish(_ trailingHeaders: HTTPFields?) {}
}
