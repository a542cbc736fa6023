import DattssCore
import DattssLog
import Synchronization

/// A stream of NATS JetStream as an accepted log.
///
/// Messages are published with their id and the last sequence of the whole stream that they expect. They are read back from whichever
/// server is near, which may lag behind: that is known to who asks. Only the bounds come from the leader.
final class JetStream: ReplicatedStream {
    let name: String
    let identity: String
    let messageBytesMax: Int
    private let stream: String
    private let subject: String
    private let client: NatsClient
    private let ahead = ReadAhead()

    /// After this time whoever waits is told that nobody knows.
    static let publishMilliseconds: Int64 = 3000
    static let readMilliseconds: Int64 = 3000
    private static let attemptsMax = 20
    private static let pauseMilliseconds = 200

    init(_ client: NatsClient, _ address: StreamAddress, identity: String, messageBytesMax: Int) {
        (self.client, name, stream, self.identity) = (client, address.description, address.stream, identity)
        (subject, self.messageBytesMax) = (Self.subject(of: address.stream), messageBytesMax)
    }

    static func subject(of stream: String) -> String { "dattss.accepted.\(stream)" }

    func publish(_ publication: StreamOwner.Publication) async -> StreamAnswer {
        let headers = [
            (name: "Nats-Msg-Id", value: publication.id), (name: "Nats-Expected-Stream", value: stream),
            (name: "Nats-Expected-Last-Sequence", value: "\(publication.expectedLast.value)"),
        ]
        do {
            let answer = try await client.request(
                subject, headers: headers, publication.record.encoded(), timeoutMilliseconds: Self.publishMilliseconds)
            guard answer.status == nil else { return .missing }
            let stored = try JetStreamAnswers.decode(JetStreamAnswers.Stored.self, answer.body)
            if let error = stored.error {
                return JetStreamAnswers.wrongLastSequence.contains(error.err_code ?? 0) ? .refused : .missing
            }
            return stored.stream == stream ? stored.seq.map { .stored(StreamPosition($0)) } ?? .missing : .missing
        } catch {
            return .missing
        }
    }

    func find(_ position: StreamPosition) async -> StreamOwner.Found {
        do {
            if let found = try await get(position) { return .message(id: found.headers["nats-msg-id"] ?? "") }
            // It is behind the end, or in front of the beginning.
            return position < (try await askBounds()).first ? .purged : .nothing
        } catch {
            return .unanswered
        }
    }

    func bounds() async throws(LogError) -> (first: StreamPosition, last: StreamPosition) {
        try await persist { try await self.askBounds() }
    }

    func message(from position: StreamPosition) async throws(LogError) -> StreamMessage? {
        let found = try await persist { try await self.ahead.message(at: position) { try await self.get($0) } }
        if let found { return Self.read(found, at: position) }
        let bounds = try await bounds()
        guard position <= bounds.last else { return nil }
        let next = max(position, bounds.first)
        return try await persist {
            // The leader has it: a server that has not lags behind.
            guard let found = try await self.get(next) else {
                throw StreamProblem("message \(next.value) of \(self.name) is not there yet")
            }
            return Self.read(found, at: next)
        }
    }

    func purge(below position: StreamPosition) async {
        do {
            _ = try await client.request(
                "$JS.API.STREAM.PURGE.\(stream)", try JetStreamAnswers.encode(JetStreamAnswers.Purge(seq: position.value)),
                timeoutMilliseconds: Self.readMilliseconds)
        } catch {
            // The mark is in the stream: a later purge does this one's work.
            return
        }
    }

    func pause() async { try? await Task.sleep(for: .milliseconds(Self.pauseMilliseconds)) }

    // MARK: Asking

    private static func read(_ message: NatsMessage, at position: StreamPosition) -> StreamMessage {
        let record: StreamRecord?
        do throws(LogError) { record = try StreamRecord(decoding: message.body) } catch { record = nil }
        return StreamMessage(position: position, record: record)
    }

    /// nil where nothing is, as far as the server knows that answers.
    private func get(_ position: StreamPosition) async throws -> NatsMessage? {
        let answer = try await client.request(
            "$JS.API.DIRECT.GET.\(stream)", try JetStreamAnswers.encode(JetStreamAnswers.Get(seq: position.value)),
            timeoutMilliseconds: Self.readMilliseconds)
        if answer.status == 404 { return nil }
        guard answer.status == nil, answer.headers["nats-sequence"] == "\(position.value)" else {
            throw StreamProblem("message \(position.value) of \(name): expected the message, found status \(answer.status ?? 0)")
        }
        return answer
    }

    private func askBounds() async throws -> (first: StreamPosition, last: StreamPosition) {
        let info = try await Self.info(of: stream, client)
        guard let state = info.state else { throw StreamProblem("\(name): \(info.error?.description ?? "no state")") }
        return (StreamPosition(max(state.first_seq, 1)), StreamPosition(state.last_seq))
    }

    static func info(of stream: String, _ client: NatsClient) async throws -> JetStreamAnswers.Info {
        let answer = try await client.request("$JS.API.STREAM.INFO.\(stream)", timeoutMilliseconds: readMilliseconds)
        guard answer.status == nil else { throw StreamProblem("nobody answers for JetStream: is it switched on?") }
        return try JetStreamAnswers.decode(JetStreamAnswers.Info.self, answer.body)
    }

    /// Asks again while a leader is being found.
    private func persist<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws(LogError) -> Value {
        var problem = ""
        for _ in 0..<Self.attemptsMax {
            do { return try await body() } catch { problem = "\(error)" }
            await pause()
        }
        throw LogError(unanswered: name, problem)
    }
}

/// Asks for the next messages while one is being read, so that a replay does not wait for each of them.
private final class ReadAhead: Sendable {
    typealias Question = @Sendable (StreamPosition) async throws -> NatsMessage?

    private let state = Mutex(State())

    private struct State {
        var asked: [StreamPosition: Task<NatsMessage?, any Error>] = [:]
        var last = StreamPosition.zero
    }

    /// Messages may be some megabytes.
    private static let aheadMax: UInt64 = 16

    func message(at position: StreamPosition, _ ask: @escaping Question) async throws -> NatsMessage? {
        let task = state.withLock { state in
            if position != state.last.next { state.asked = [:] }
            let isInOrder = position == state.last.next
            state.last = position
            let task = state.asked.removeValue(forKey: position) ?? Task { try await ask(position) }
            guard isInOrder else { return task }
            for ahead in 1...Self.aheadMax {
                let next = StreamPosition(position.value + ahead)
                if state.asked[next] == nil { state.asked[next] = Task { try await ask(next) } }
            }
            return task
        }
        do {
            // (A message that was not there yet may be there by now.)
            if let found = try await task.value { return found }
        } catch {
            state.withLock { $0.asked = [:] }
            throw error
        }
        state.withLock { $0.asked = [:] }
        return try await ask(position)
    }
}
