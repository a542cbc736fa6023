import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Requests over HTTP/1.1 or HTTP/2 and TLS, with the key as a bearer token.
package struct HTTPTransport: Transport {
    private let url: String
    private let auth: String

    /// An answer is a line; more of it is not read.
    private static let answerBytesMax = 64 << 10

    /// Shared by all clients of the program and never shut down: it lives as long as its connections' threads do.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        // Whatever pushes tries again by itself, and says meanwhile what is wrong.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package init(url: String, auth: String) {
        self.url = url
        self.auth = auth
    }

    /// - Throws: ``ConnectionProblem``, where it is one.
    package func send(_ request: TransportRequest) async throws -> TransportAnswer {
        do { return try await exchange(request) } catch { throw ConnectionProblem(error) ?? error }
    }

    private func exchange(_ request: TransportRequest) async throws -> TransportAnswer {
        var http = HTTPClientRequest(url: url + request.path)
        http.method = .PUT
        http.headers = [
            "Authorization": "Bearer \(auth)", "Content-Type": "application/json", "User-Agent": "dattss-swift",
        ]
        http.body = .bytes(ByteBuffer(bytes: request.body))
        let answer = try await Self.client.execute(http, timeout: .milliseconds(request.timeoutMilliseconds))
        let body = try await answer.body.collect(upTo: Self.answerBytesMax)
        return TransportAnswer(
            status: Int(answer.status.code),
            retryAfterSeconds: answer.headers.first(name: "Retry-After").flatMap { Int64($0) },
            body: String(buffer: body))
    }
}
