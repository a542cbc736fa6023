import AsyncHTTPClient
import DattssClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// A request of a command that is tried once, so that what is wrong is told at once.
enum HTTPQuestion {
    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
    }

    private static let timeout = TimeAmount.seconds(10)
    private static let answerBytesMax = 256 << 20

    /// Shared, and never shut down: the process ends with it.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// - Parameters:
    ///   - method: GET, or what changes something.
    ///   - body: JSON, for what changes something.
    static func ask(_ url: String, key: String?, method: HTTPMethod = .GET, body: [UInt8]? = nil) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        let response = try await client.execute(request, timeout: timeout)
        let body = try await response.body.collect(upTo: answerBytesMax)
        return Answer(status: Int(response.status.code), body: Array(body.readableBytesView))
    }
}

extension Endpoint {
    /// Asks the server, once it has proven which one it is, and says in words what went wrong.
    /// - Parameters:
    ///   - path: begins with a slash.
    ///   - refused: makes a failure of any other answer than one of success, but for those that are about the key: of where the
    ///     server is, the status, and what it says.
    /// - Returns: the body of an answer of success.
    func ask(
        _ path: String, method: HTTPMethod = .GET, body: [UInt8]? = nil,
        refused: (_ url: String, _ status: Int, _ message: String) -> CommandFailure = Endpoint.isNoAnswer
    ) async throws(CommandFailure) -> [UInt8] {
        do {
            let endpoint = try await proven()
            let answer = try await HTTPQuestion.ask(endpoint.url + path, key: endpoint.auth, method: method, body: body)
            if 200..<300 ~= answer.status { return answer.body }
            let message = ServerMessage(answer.body)?.message ?? "no DaTtSs server answers so"
            throw CommandFailure(refusedKey: answer.status, message, at: endpoint.url)
                ?? refused(endpoint.url, answer.status, message)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw ConnectionProblem(error).map { CommandFailure($0, at: url) } ?? CommandFailure(explaining: error)
        }
    }

    /// What somebody is told who only wants to see something.
    static func isNoAnswer(_ url: String, _ status: Int, _ message: String) -> CommandFailure {
        CommandFailure(.unavailable, "\(url) answers \(status): \(message)")
    }
}

/// What the server says of an error, without the JSON round it.
struct ServerMessage: Decodable {
    private struct Described: Decodable { var message: String }
    private var error: Described

    var message: String { error.message }

    /// - Returns: nil for a body that is none of an error.
    init?(_ body: [UInt8]) {
        guard let message = try? JSONDecoder().decode(ServerMessage.self, from: Data(body)) else { return nil }
        self = message
    }
}
