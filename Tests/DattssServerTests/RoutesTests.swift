import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

@Suite("Routes")
struct RoutesTests {
    /// Goal: the OpenAPI document lists every route, and no route that is not there.
    @Test("are those of the OpenAPI document")
    func openAPI() throws {
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(PackageResources.openapi_json)) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let methods: Set<String> = ["get", "put", "post", "delete", "patch"]
        let documented = Set(
            paths.flatMap { path, operations in
                operations.keys.filter(methods.contains).map { "\($0.uppercased()) \(path)" }
            })
        let routed = Set(
            try Self.routes().makeRouter().routes.filter { $0.method != .head }.map { route in
                let path = "\(route.path)".split(separator: "/").map { part in
                    if part.hasPrefix(":") { return "{\(part.dropFirst())}" }
                    return part.hasPrefix("{") || !part.hasPrefix("*") ? String(part) : ""
                }
                return "\(route.method) /" + path.joined(separator: "/")
            })
        #expect(routed == documented)
        #expect(routed.count >= 12)
    }

    static func routes() throws -> Routes {
        let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
        let pipeline = try Pipeline.open(
            PipelineConfiguration(directory: "/data", fileSystem: SimulatedFileSystem(), clock: clock),
            authenticator: NobodyKnown(), onFailure: { _ in })
        return Routes(
            pipeline: pipeline, processes: ProcessRegistry(clock: clock), accounts: NobodyKnown(),
            metrics: Metrics(
                pipeline: pipeline, datagrams: DatagramCounters(), requestTimeouts: TimeoutCounter(),
                startedAt: clock.now()),
            dashboard: DashboardFiles(plotDirectory: "/nowhere"), clock: clock, limits: Limits())
    }
}

private struct NobodyKnown: Authenticator {
    func user(forKey key: String) -> UserID? { nil }
}
