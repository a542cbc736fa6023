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
/// depose the one that has taken its place: the owner answers on a subject. One that does not answer for a while is taken for lost; if
/// it is not, the stream refuses what it writes from then on. See ``StandbyWait``.
struct StreamEngine: Sendable {
    let address: StreamAddress
    private let client: NatsClient
    private let logger: Logger

    static let versionMin = (2, 12)
    static let payloadBytesMin = 8 << 20
    private static let startAttempts = 30
    private static let questionMilliseconds: Int64 = 1500
    private static let pauseMilliseconds = 500
    /// Not all who stand by should be the first.
    private static let headStartMilliseconds = 0...800

    init(_ address: StreamAddress, login: NatsLogin?, _ logger: Logger) {
        (self.address, client, self.logger) = (address, NatsClient(address.servers, login: login), logger)
    }

    /// The streams that are to be owned, with whoever may be asked about them.
    struct Opened: Sendable {
        let batches: JetStream
        let accounts: JetStream
        fileprivate let client: NatsClient
        fileprivate let responder: NatsConnection.Responder

        /// From now on whoever asks who owns the streams is told.
        func answerAsOwner() async { await client.answer(responder) }

        /// Keeps the connection over which this server answers as their owner.
        func stayConnected() async {
            // Tried again in a moment.
            _ = try? await client.info()
        }
    }

    /// - Parameters:
    ///   - prepare: called once the streams are there, before this server stands by.
    ///   - onOwner: told who owns the streams while this server stands by.
    /// - Returns: when nobody owns the streams any more.
    /// - Throws: what keeps the engine from being used, by name; and ``CancellationError``.
    func open(
        _ own: StreamOwnerName, prepare: (Opened) async throws -> Void, onOwner: @Sendable (StreamOwnerName?) -> Void
    ) async throws -> Opened {
        let info = try await persist { try await self.client.info() }
        try checkServer(info)
        try await checkSyncing()
        let accountsName = address.stream + StreamAddress.accountsSuffix
        let identity = try await persist { try await self.prepare(address.stream) }
        let accountsIdentity = try await persist { try await self.prepare(accountsName) }
        let bytesMax = min(info.max_payload, Self.payloadBytesMin)
        let opened = Opened(
            batches: JetStream(client, address, identity: identity, messageBytesMax: bytesMax),
            accounts: JetStream(client, address.named(accountsName), identity: accountsIdentity, messageBytesMax: bytesMax),
            client: client, responder: NatsConnection.Responder(subject: ownerSubject, body: Array(own.text.utf8)))
        try await prepare(opened)
        try await waitUntilFree(onOwner)
        await opened.answerAsOwner()
        return opened
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
    private func prepare(_ stream: String) async throws -> String {
        let subject = JetStream.subject(of: stream)
        var info = try await JetStream.info(of: stream, client)
        if info.error?.err_code == JetStreamAnswers.noSuchStream {
            let wanted = JetStreamConfiguration(stream: stream, subject: subject, replicas: address.replicas)
            let answer = try await client.request(
                "$JS.API.STREAM.CREATE.\(stream)", try JetStreamAnswers.encode(wanted), timeoutMilliseconds: 5000)
            info = try JetStreamAnswers.decode(JetStreamAnswers.Info.self, answer.body)
        }
        guard let configuration = info.config, let created = info.created else {
            throw StreamProblem("\(address): \(info.error?.description ?? "JetStream does not say how it keeps it")")
        }
        if let problem = configuration.problem(subject: subject, replicas: address.replicas) {
            throw FinalProblem(problem: "the stream '\(stream)' cannot be the accepted log: \(problem)")
        }
        return "\(stream) \(created)"
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

    private func waitUntilFree(_ onOwner: @Sendable (StreamOwnerName?) -> Void) async throws {
        var wait = StandbyWait()
        var isTold = false
        while true {
            let answer = await askForOwner()
            switch wait.take(answer) {
            case .passTo(let owner):
                if !isTold { logger.notice("standing by: the accepted log \(address) is owned by '\(owner.node)', which is there") }
                isTold = true
                onOwner(owner)
            case .wait: break
            case .nobody: onOwner(nil)
            case .takeOver:
                // Whoever was faster answers by now.
                try await Task.sleep(for: .milliseconds(Int.random(in: Self.headStartMilliseconds)))
                if case .owner = await askForOwner() { continue }
                onOwner(nil)
                if isTold { logger.notice("taking over: nobody answers for the accepted log \(address) any more") }
                return
            }
            try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
        }
    }

    private func askForOwner() async -> StandbyWait.Answer {
        do {
            let answer = try await client.request(ownerSubject, timeoutMilliseconds: Self.questionMilliseconds)
            guard answer.status == nil else { return .nobody }
            return StreamOwnerName(String(decoding: answer.body.prefix(1024), as: UTF8.self)).map { .owner($0) } ?? .nobody
        } catch {
            // Is it the owner who does not answer, or the engine?
            let isThere = (try? await JetStream.info(of: address.stream, client))?.state != nil
            return isThere ? .silence : .noEngine
        }
    }
}
