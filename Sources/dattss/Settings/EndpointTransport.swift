import DattssClient
import Synchronization

/// Carries what `host` and `send` send: to a data folder's server only when it has proven that it is that, and asking again each
/// time, for another program may have taken the address while the server was away.
struct EndpointTransport: Transport {
    private let endpoint: Endpoint
    private let refusal: KeyRefusal

    init(_ endpoint: Endpoint, refusal: KeyRefusal = KeyRefusal()) {
        self.endpoint = endpoint
        self.refusal = refusal
    }

    func send(_ request: TransportRequest) async throws -> TransportAnswer {
        let endpoint: Endpoint
        do { endpoint = try await self.endpoint.proven() } catch { throw NoAnswer(CommandFailure(explaining: error).problem) }
        var answer = try await HTTPTransport(url: endpoint.url, auth: endpoint.auth).send(request)
        if let told = ServerMessage(Array(answer.body.utf8)) { answer.body = told.message }
        if let failure = CommandFailure(refusedKey: answer.status, answer.body, at: endpoint.url) { refusal.note(failure) }
        return answer
    }
}

/// Why nothing was sent, in a sentence that says already what becomes of it.
private struct NoAnswer: Error, CustomStringConvertible {
    let description: String

    init(_ problem: String) { description = problem }
}

/// That the server does not take the key, which trying again does not mend.
final class KeyRefusal: Sendable {
    private let state = Mutex<CommandFailure?>(nil)
    private let stream = AsyncStream.makeStream(of: CommandFailure.self, bufferingPolicy: .bufferingOldest(1))

    /// What to tell, once the server has refused the key.
    var failure: CommandFailure? { state.withLock { $0 } }

    /// Waits until the server refuses the key, or the task is cancelled.
    func wait() async -> CommandFailure? { await stream.stream.first { _ in true } }

    func note(_ failure: CommandFailure) {
        state.withLock { $0 = failure }
        stream.continuation.yield(failure)
    }
}

extension CommandFailure {
    /// - Returns: nil for an answer that has nothing against the key.
    init?(refusedKey status: Int, _ message: String, at url: String) {
        switch status {
        case 401:
            self.init(
                .noPermission, "the server at \(url) refuses the key",
                "'dattss user key NAME' prints one on the server's machine, and so does the page under Account; give it with --auth"
            )
        case 403:
            self.init(
                .noPermission, "the server at \(url) does not let the key do that: \(message)",
                "'dattss user keys add NAME TITLE --scope all' makes another; give it with --auth")
        default: return nil
        }
    }
}
