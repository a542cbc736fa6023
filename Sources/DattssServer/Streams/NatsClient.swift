import DattssCore
import NIOCore
import NIOPosix

/// Requests to any of several servers of NATS: connects when it is needed, to the next one when one does not answer. Every request ends
/// within its time, with an answer or an error.
actor NatsClient {
    nonisolated let servers: [HostPort]
    private let login: NatsLogin?
    private var connection: NatsConnection?
    private var opening: Task<NatsConnection, any Error>?
    private var nextServer = 0
    private var responder: NatsConnection.Responder?

    init(_ servers: [HostPort], login: NatsLogin?) { (self.servers, self.login) = (servers, login) }

    /// What the server says of itself to which this is connected now.
    func info() async throws -> NatsInfo { try await connected().info }

    /// From now on whoever asks at this subject is answered, over this connection and those that follow it.
    func answer(_ responder: NatsConnection.Responder) {
        self.responder = responder
        connection?.answer(responder)
    }

    func end() {
        connection?.close()
        connection = nil
    }

    /// - Throws: when nobody answers in time; a message may have arrived all the same.
    nonisolated func request(
        _ subject: String, headers: [(name: String, value: String)] = [], _ body: [UInt8] = [], timeoutMilliseconds: Int64
    ) async throws -> NatsMessage {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: NatsMessage.self)
        // (Connecting takes its own time, and is for others, too: it goes on.)
        let asking = Task { await ask(subject, headers, body, promise) }
        let timeout = loop.scheduleTask(in: .milliseconds(timeoutMilliseconds)) {
            promise.fail(StreamProblem("no answer within \(timeoutMilliseconds) ms"))
            asking.cancel()
            Task { await self.drop() }
        }
        defer { timeout.cancel() }
        return try await promise.futureResult.get()
    }

    private func ask(
        _ subject: String, _ headers: [(name: String, value: String)], _ body: [UInt8], _ promise: EventLoopPromise<NatsMessage>
    ) async {
        do {
            let connection = try await connected()
            // Nobody waits for it any more, and nobody knows that it is sent.
            try Task.checkCancellation()
            promise.succeed(try await connection.request(subject, headers: headers, body))
        } catch {
            promise.fail(error)
        }
    }

    /// Whoever does not answer is left for the next one.
    private func drop() {
        connection?.close()
        connection = nil
    }

    private func connected() async throws -> NatsConnection {
        if let connection, connection.isActive { return connection }
        let task = opening ?? Task { try await openAny() }
        opening = task
        defer { if opening == task { opening = nil } }
        let opened = try await task.value
        if connection !== opened {
            connection = opened
            if let responder { opened.answer(responder) }
        }
        return opened
    }

    private func openAny() async throws -> NatsConnection {
        var problem: any Error = StreamProblem("no server of NATS is named")
        for _ in servers {
            let server = servers[nextServer % servers.count]
            nextServer += 1
            do { return try await NatsConnection.open(server, login, responder) } catch {
                problem = StreamProblem("\(server): \(error)")
            }
        }
        throw problem
    }
}
