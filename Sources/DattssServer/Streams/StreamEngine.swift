import DattssCore
import DattssLog
import DattssPipeline
import Logging
import NIOCore
import NIOPosix

/// The engine of a replicated accepted log at a start: finds it, asks what it promises, makes the stream where there is none, and waits
/// while another server owns it.
///
/// Who owns the stream is decided by the stream alone. Whether somebody does is asked here, so that a server that comes back does not
/// depose the one that has taken its place: the owner answers on a subject. One that does not answer three times is taken for lost; if
/// it is not, the stream refuses what it writes from then on.
struct StreamEngine: Sendable {
    let address: StreamAddress
    private let client: NatsClient
    private let logger: Logger

    static let versionMin = (2, 12)
    static let payloadBytesMin = 8 << 20
    private static let startAttempts = 30
    private static let missesMax = 3
    private static let questionMilliseconds: Int64 = 1500

    init(_ address: StreamAddress, login: NatsLogin?, _ logger: Logger) {
        (self.address, client, self.logger) = (address, NatsClient(address.servers, login: login), logger)
    }

    /// - Throws: what keeps the engine from being used, by name.
    func open(node: String) async throws -> AcceptedStream {
        let info = try await persist { try await self.client.info() }
        try checkServer(info)
        try await checkSyncing()
        let identity = try await persist { try await self.prepare() }
        await waitUntilFree()
        await client.answer(NatsConnection.Responder(subject: ownerSubject, body: Array(node.utf8)))
        let stream = JetStream(client, address, identity: identity, messageBytesMax: min(info.max_payload, Self.payloadBytesMin))
        return AcceptedStream(stream, node: node, keptMilliseconds: address.keepHours * 3_600_000)
    }

    // MARK: What is promised

    private func checkServer(_ info: NatsInfo) throws {
        let numbers = info.version.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, (numbers[0], numbers[1]) >= Self.versionMin else {
            throw StreamProblem(
                "the server of NATS is version \(info.version), expected 2.12 or later: earlier ones lose what they acknowledged")
        }
        guard info.headers == true, info.jetstream == true else {
            throw StreamProblem("the server of NATS has no JetStream, expected 'jetstream { … }' in its configuration")
        }
        guard info.max_payload >= Self.payloadBytesMin else {
            throw StreamProblem(
                "the server of NATS takes messages of at most \(info.max_payload) bytes, expected 'max_payload: 8MB'")
        }
    }

    /// What is acknowledged must be on disks: by default it is there two minutes later.
    private func checkSyncing() async throws {
        if address.monitoring.isEmpty {
            logger.warning(
                """
                nobody could be asked whether \(address) syncs before it answers: what is acknowledged survives a power loss only with \
                'sync_interval: always' in the engine's configuration; name its monitoring port as ?monitoring=8222 to have that checked
                """)
        }
        var answers = 0
        for place in address.monitoring {
            let body: [UInt8]
            do { body = try await MonitoringPage.get("/varz", at: place) } catch {
                logger.warning("the engine's server \(place) cannot be asked whether it syncs before it answers: \(error)")
                continue
            }
            answers += 1
            let varz = try JetStreamAnswers.decode(JetStreamAnswers.Varz.self, body)
            guard varz.jetstream?.config?.sync_always == true else {
                throw StreamProblem(
                    "the engine's server '\(varz.server_name ?? "\(place)")' answers before what it stores is on its disk, expected "
                        + "'jetstream { sync_interval: always }' in its configuration")
            }
        }
        if answers == 0, !address.monitoring.isEmpty {
            throw StreamProblem("none of the engine's servers answers at its monitoring port, \(address.monitoring[0]) for one")
        }
    }

    /// Makes the stream, or looks at how it was made.
    /// - Returns: what it is known by from now on.
    private func prepare() async throws -> String {
        let subject = JetStream.subject(of: address.stream)
        var info = try await JetStream.info(of: address.stream, client)
        if info.error?.err_code == JetStreamAnswers.noSuchStream {
            let wanted = JetStreamConfiguration(stream: address.stream, subject: subject, replicas: address.replicas)
            let answer = try await client.request(
                "$JS.API.STREAM.CREATE.\(address.stream)", try JetStreamAnswers.encode(wanted), timeoutMilliseconds: 5000)
            info = try JetStreamAnswers.decode(JetStreamAnswers.Info.self, answer.body)
        }
        guard let configuration = info.config, let created = info.created else {
            throw StreamProblem("\(address): \(info.error?.description ?? "JetStream does not say how it keeps it")")
        }
        if let problem = configuration.problem(subject: subject, replicas: address.replicas) {
            throw FinalProblem(problem: "the stream '\(address.stream)' cannot be the accepted log: \(problem)")
        }
        return "\(address.stream) \(created)"
    }

    private struct FinalProblem: Error { let problem: String }

    private func persist<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        var attempts = 0
        while true {
            do { return try await body() } catch let known as FinalProblem { throw StreamProblem(known.problem) } catch {
                attempts += 1
                guard attempts < Self.startAttempts else {
                    throw StreamProblem("\(address) cannot be reached: \(error)")
                }
                if attempts == 1 { logger.warning("\(address) does not answer, trying for half a minute: \(error)") }
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    // MARK: Standing by

    private var ownerSubject: String { "dattss.owner.\(address.stream)" }

    private func waitUntilFree() async {
        var misses = 0
        var isTold = false
        while misses < Self.missesMax {
            if let owner = await owner() {
                misses = 0
                if !isTold { logger.notice("standing by: the accepted log \(address) is owned by '\(owner)', which is there") }
                isTold = true
            } else {
                misses += 1
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
        if isTold { logger.notice("taking over: nobody answers for the accepted log \(address) any more") }
    }

    /// Who answers; nil when nobody does.
    private func owner() async -> String? {
        do {
            let answer = try await client.request(ownerSubject, timeoutMilliseconds: Self.questionMilliseconds)
            return answer.status == nil ? String(decoding: answer.body.prefix(255), as: UTF8.self) : nil
        } catch {
            return nil
        }
    }
}
