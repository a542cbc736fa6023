import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Testing

@testable import DattssServer

@Suite("Routes")
struct RoutesTests {
    /// Goal: the OpenAPI document lists every route, and no route that is not there.
    @Test("are those of the OpenAPI document")
    func openAPI() throws {
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(Resources.openAPI)) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let methods: Set<String> = ["get", "put", "post", "delete", "patch"]
        let documented = Set(
            paths.flatMap { path, operations in
                operations.keys.filter(methods.contains).map { "\($0.uppercased()) \(path)" }
            })
        let all = Set(
            try Self.routes().makeRouter().routes.filter { $0.method != .head }.map { route in
                let path = "\(route.path)".split(separator: "/").map { part in
                    if part.hasPrefix(":") { return "{\(part.dropFirst())}" }
                    return part.hasPrefix("{") || !part.hasPrefix("*") ? String(part) : ""
                }
                return "\(route.method) /" + path.joined(separator: "/")
            })
        // What is there in each space is documented once, with the spaces as its servers.
        let spaced = Set(
            paths.filter { $0.value["servers"] != nil }.flatMap { path, operations in
                operations.keys.filter(methods.contains).map { "\($0.uppercased()) \(path)" }
            })
        for space in ["/demo", "/server"] {
            let routed = Set(all.filter { $0.contains(" \(space)/api") }.map { $0.replacing(" \(space)/", with: " /") })
            let others: Set = ["POST /api/v1/session", "DELETE /api/v1/session"]
            #expect(routed == spaced.subtracting(others), "\(space)")
        }
        let routed = all.filter { !$0.contains(" /demo/api") && !$0.contains(" /server/api") }
        #expect(routed == documented)
        #expect(routed.count >= 12)
    }

    /// Goal: whoever writes a client from the document knows every error that can come. (An answer's name is one of the two enums.)
    @Test("name errors as the OpenAPI document does")
    func errorNames() throws {
        var schema: Any? = try JSONSerialization.jsonObject(with: Data(Resources.openAPI))
        for step in ["components", "schemas", "Error", "properties", "error", "properties", "name", "enum"] {
            schema = (schema as? [String: Any])?[step]
        }
        let documented = try #require(schema as? [String])
        #expect(Set(documented) == ErrorName.all && documented.count == ErrorName.all.count)
    }

    /// - Parameter folder: kept by whoever writes to the accounts; without one they can only be read.
    static func routes(limits: Limits = Limits(), in folder: TestFolder? = nil, web settings: WebSettings = WebSettings()) throws
        -> Routes
    {
        let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
        let folder = try folder ?? TestFolder()
        let accounts = try Accounts(directory: folder.path)
        let pipeline = try Pipeline(
            PipelineConfiguration(directory: "/data", limits: limits, fileSystem: SimulatedFileSystem(), clock: clock),
            onFailure: { _ in })
        let memory = MemoryBudget(limits)
        let web = WebServices(settings, clock: clock, logger: Logger(label: "test"))
        let processes = ProcessRegistry(clock: clock)
        let (telemetry, decoding) = (OTLPIntake(startedAt: clock.now()), DecodingPool())
        let alerts = AlertEvaluator(accounts, pipeline.queries, processes, clock: clock, logger: Logger(label: "test"))
        return Routes(
            pipeline: pipeline, processes: processes,
            feeds: LiveFeeds(pipeline.queries, processes, unsent: memory.unsent, clock: clock),
            accounts: accounts, web: web, alerts: alerts,
            metrics: Metrics(
                pipeline: pipeline, datagrams: DatagramCounters(), deadlines: FastPathChannel.Deadlines(seconds: 15),
                connections: ConnectionLimit(connectionsMax: 100, connectionsPerAddressMax: 100), web: web,
                telemetry: telemetry, memory: memory, decoding: decoding, alerts: alerts,
                marks: MarkIntake(accounts, clock: clock, logger: Logger(label: "test")), startedAt: clock.now()),
            dashboard: DashboardFiles(plotDirectory: "/nowhere"), clock: clock, limits: limits, telemetry: telemetry,
            memory: memory, decoding: decoding)
    }
}

/// A folder that goes when the value does.
final class TestFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-test-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit {
        // What is left behind in a temporary folder harms nobody.
        try? FileManager.default.removeItem(atPath: path)
    }
}
