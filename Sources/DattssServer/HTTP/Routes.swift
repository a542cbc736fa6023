import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird
import NIOCore

/// Every HTTP route, on one screen. `openapi.json` documents the same ones, and a test compares the two.
struct Routes: Sendable {
    typealias Context = BasicRequestContext

    let pipeline: Pipeline
    let processes: ProcessRegistry
    let accounts: any Authenticator
    let metrics: Metrics
    let clock: any WallClock
    let limits: Limits
    /// By the system's clock, because that is what exporters date their series by.
    let telemetry = OTLPIntake(startedAt: SystemClock().now())

    /// What the fast lane and the route of `/agg` share.
    var endpoint: AggregateEndpoint {
        AggregateEndpoint(pipeline: pipeline, processes: processes, accounts: accounts, limits: limits)
    }

    func makeRouter() -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ErrorAnswers())

        router.put("/agg", use: aggregate)
        router.post("/agg", use: aggregate)
        router.put("/process", use: pollProcess)
        router.post("/v1/metrics", use: openTelemetry)

        let api = router.group("/api/v1")
        api.get("status", use: status)
        api.get("live", use: live)
        api.get("series/:kind/:path", use: series)
        api.get("day/:kind/:path", use: day)
        api.get("processes", use: listProcesses)
        api.post("processes/:name/stop", use: stopProcess)
        api.get("openapi.json", use: openAPI)

        router.get("/", use: start)
        router.get("/healthz", use: health)
        router.get("/metrics", use: exposition)
        return router
    }

    /// The user whose key a request carries.
    func user(of request: Request) throws -> UserID {
        try accounts.user(presenting: request.head.authKey)
    }
}
