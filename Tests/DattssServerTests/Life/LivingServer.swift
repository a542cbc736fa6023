import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import Logging
import Synchronization
import Testing

@testable import DattssServer

/// All of a server but its sockets, on a simulated disk and a clock that the test moves: it can be killed and started again.
///
/// What sockets would bring is handed to what stands behind them: bodies to the endpoint and the group of an event loop, lines to
/// the collector and its intake, requests to the router.
final class LivingServer {
    let clock: ManualClock
    private let settings: Settings
    private(set) var folder: TestFolder
    private(set) var disk = SimulatedFileSystem()
    private(set) var parts: Parts
    /// The server's failures: there must be none.
    let failures = Failures()

    struct Settings {
        var limits = Limits()
        var retention = Retention.Limits()
    }

    final class Failures: Sendable {
        private let messages = Mutex<[String]>([])
        var all: [String] { messages.withLock { $0 } }
        func note(_ message: String) { messages.withLock { $0.append(message) } }
    }

    /// What one run of the server is made of.
    struct Parts {
        let server: Server
        let processes: ProcessRegistry
        let counters = DatagramCounters()
        var collector: DatagramCollector
        let intake: LineIntake
        let endpoint: AggregateEndpoint
        let decompressor = BodyDecompressor()
        var names = NameCache(SharedNames())
        let responder: any HTTPResponder<ServerContext>
        let tasks: [Task<Void, any Error>]
        let pipelineTask: Task<Void, Never>

        var pipeline: Pipeline { server.pipeline }
        var accounts: Accounts { server.accounts }
    }

    init(at start: Timestamp, _ settings: Settings) throws {
        clock = ManualClock(start)
        self.settings = settings
        folder = try TestFolder()
        parts = try Self.start(folder, disk, clock, settings, failures)
    }

    private static func start(
        _ folder: TestFolder, _ disk: SimulatedFileSystem, _ clock: ManualClock, _ settings: Settings, _ failures: Failures
    ) throws -> Parts {
        var configuration = ServerConfiguration(
            dataDirectory: folder.path, http: HostPort(host: "127.0.0.1", port: 0), udp: HostPort(host: "127.0.0.1", port: 0))
        (configuration.clock, configuration.fileSystem, configuration.syncMode) = (clock, disk, .never)
        (configuration.limits, configuration.retention) = (settings.limits, settings.retention)
        // Hours pass here in no time: whatever has to be done in one is wanted at once.
        (configuration.statsdUser, configuration.housekeepingNiceness) = (.local, 0)
        (configuration.queryNiceness, configuration.decodingNiceness) = (0, 0)
        var logger = Logger(label: "life") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let server = try Server(configuration, logger: logger, onFailure: { failures.note($0) })
        let (pipeline, accounts) = (server.pipeline, server.accounts)
        let processes = ProcessRegistry(clock: clock)
        let counters = DatagramCounters()
        let memory = MemoryBudget(settings.limits)
        let web = WebServices(configuration.web, statsdUser: .local, clock: clock, logger: logger)
        let feeds = LiveFeeds(pipeline.queries, processes, unsent: memory.unsent, clock: clock)
        let (telemetry, decoding) = (OTLPIntake(startedAt: clock.now()), DecodingPool())
        let alerts = AlertEvaluator(accounts, pipeline.queries, processes, clock: clock, logger: logger)
        let routes = Routes(
            pipeline: pipeline, processes: processes, feeds: feeds, accounts: accounts, web: web, alerts: alerts,
            metrics: Metrics(
                pipeline: pipeline, datagrams: counters, deadlines: FastPathChannel.Deadlines(seconds: 15),
                connections: ConnectionLimit(connectionsMax: 100, connectionsPerAddressMax: 100), web: web, telemetry: telemetry,
                memory: memory, decoding: decoding, alerts: alerts, marks: MarkIntake(accounts, clock: clock, logger: logger),
                startedAt: clock.now()),
            dashboard: DashboardFiles(plotDirectory: "/nowhere"), clock: clock, limits: settings.limits, telemetry: telemetry,
            memory: memory, decoding: decoding)
        let refresher = AccountsRefresher(
            accounts: accounts, pipeline: pipeline, telemetry: telemetry, hourDays: settings.retention.hourDays, clock: clock,
            logger: logger)
        let own = OwnStatistics(
            pipeline: pipeline, datagrams: counters, web: web, memory: memory, replaySeconds: 0, clock: clock, logger: logger)
        return Parts(
            server: server, processes: processes,
            collector: DatagramCollector(authenticator: accounts, statsdUser: .local, limits: settings.limits),
            intake: LineIntake(
                pipeline: pipeline, processes: processes, counters: counters, clock: clock, logger: logger),
            endpoint: routes.endpoint, responder: routes.makeRouter().buildResponder(),
            tasks: [Task { try await refresher.run() }, Task { try await own.run() }, Task { try await feeds.run() }],
            pipelineTask: Task { await pipeline.run() })
    }

    /// Whether no file is older than the retention lets it be.
    func isRetained(onDay today: Int64) -> Bool {
        disk.files.keys.allSatisfy { path in
            let name = path.split(separator: "/").last ?? ""
            guard let day = CalendarDate(name.prefix(10))?.dayNumber else { return true }
            return today - day <= (name.hasSuffix(".day") ? settings.retention.minuteDays : settings.retention.hourDays)
        }
    }

    /// Whether the next start finds what time it is now, but for the last hours.
    var hasNotedTime: Bool {
        let file = ConfirmedTimeFile(fileSystem: disk, directory: folder.path, policy: .never)
        guard let line = (try? file.read())?.line else { return false }
        return clock.now() <= line.advanced(byMilliseconds: ConfirmedTime.followedMilliseconds / 2)
    }

    // MARK: Ends and beginnings

    func stop() async {
        for task in parts.tasks {
            task.cancel()
            _ = await task.result
        }
        parts.pipeline.finish()
        await parts.pipelineTask.value
        parts.server.lock.release()
    }

    func shutDownAndRestart() async throws {
        await stop()
        parts = try Self.start(folder, disk, clock, settings, failures)
    }

    /// What `kill -9` leaves: the files as they are at this moment.
    func killAndRestart() async throws {
        // First the accounts, between two changes of them: that somebody is erased is noted after the files are.
        let remains = try TestFolder()
        let (before, after) = (folder.path, remains.path)
        try await parts.accounts.database.writeWithoutTransaction { _ in
            for name in try FileManager.default.contentsOfDirectory(atPath: before) {
                try FileManager.default.copyItem(atPath: "\(before)/\(name)", toPath: "\(after)/\(name)")
            }
        }
        let files = disk.files
        await stop()
        disk = SimulatedFileSystem()
        for (path, bytes) in files { disk.write(bytes, to: path.replacing(before, with: after, maxReplacements: 1)) }
        folder = remains
        parts = try Self.start(folder, disk, clock, settings, failures)
    }

    // MARK: Ways in

    /// Bodies that an event loop read in one turn, each with the key of its sender.
    func take(bodies: [(bytes: [UInt8], key: String)]) async throws -> [IngestAnswer] {
        var (group, answers, later) = (BatchGroup(), [IngestAnswer?](repeating: nil, count: bodies.count), [(Int, FirstCopy)]())
        var grouped: [Int] = []
        for (position, body) in bodies.enumerated() {
            do throws(WireError) {
                let head = try parts.endpoint.check(key: body.key, announced: body.bytes.count, contentEncoding: nil)
                let batch = try body.bytes.withUnsafeBufferPointer { (bytes) throws(WireError) in
                    try parts.endpoint.batch(
                        UnsafeRawBufferPointer(bytes), head, parts.decompressor, paths: &parts.names)
                }
                switch parts.pipeline.ingest.admit(batch, of: head.user, into: &group) {
                case .answered(let answer): answers[position] = answer
                case .grouped: grouped.append(position)
                case .copyOfPending(let first): later.append((position, first))
                }
            } catch {
                answers[position] = .refused(error)
            }
        }
        if !group.isEmpty {
            let answer = await parts.pipeline.ingest.submit(group)
            for position in grouped { answers[position] = answer }
        }
        for (position, first) in later { answers[position] = await first.answer() }
        return answers.compactMap(\.self)
    }

    /// Datagrams that came within a second.
    func take(datagrams: [String]) async {
        for datagram in datagrams { Array(datagram.utf8).withUnsafeBytes { parts.collector.receive($0) } }
        let collected = parts.collector.flush()
        parts.counters.publish(parts.collector.counts, of: .udp)
        await parts.intake.take(collected)
    }

    /// Lets the log see what the clock shows, by a batch of the server's own.
    func lookAtClock() async throws {
        let own = Batch(partials: [Partial(StatisticKey(.counter, "looks"), Aggregate(sample: 1))])
        #expect(await parts.pipeline.ownIngest.submit(own, of: .dattss) == .accepted)
    }

    /// Seconds in which no lines come.
    func flushLines(times: Int) {
        for _ in 0..<times { #expect(parts.collector.flush().isEmpty) }
    }

    /// Any request, through the router.
    func request(
        _ method: HTTPRequest.Method, _ path: String, key: String? = nil, body: [UInt8] = [], contentType: String? = nil
    ) async throws -> (status: Int, body: [UInt8]) {
        let headers: HTTPFields = contentType.map { [.contentType: $0] } ?? [:]
        let answer = try await parts.responder.answer(to: method, path, key: key, body: body, headers: headers)
        return (answer.status, answer.body)
    }
}
