import DattssCore
import DattssPipeline
import Hummingbird

/// Every HTTP route, on one screen. `openapi.json` documents the same ones, and a test compares the two.
struct Routes: Sendable {
    typealias Context = ServerContext

    let pipeline: Pipeline
    let processes: ProcessRegistry
    let feeds: LiveFeeds
    let accounts: Accounts
    let web: WebServices
    let metrics: Metrics
    let dashboard: DashboardFiles
    let clock: any WallClock
    let limits: Limits
    let telemetry: OTLPIntake
    /// For bodies that are dear to read.
    let decoding = DecodingPool()
    /// For what waits for readers, of all answers and live streams together.
    let unsent: ByteBudget

    /// What the fast lane and the route of `/agg` share.
    var endpoint: AggregateEndpoint {
        AggregateEndpoint(pipeline: pipeline, processes: processes, accounts: accounts, limits: limits)
    }

    func makeRouter() -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders(isSecure: web.settings.certificate != nil))
        router.add(middleware: ErrorAnswers())
        router.add(middleware: AnswerBudget(unsent))

        router.put("/agg", use: aggregate)
        router.post("/agg", use: aggregate)
        router.put("/process", use: pollProcess)
        router.post("/v1/metrics", use: openTelemetry)

        let api = router.group("/api/v1")
        api.post("session", use: signIn)
        api.delete("session", use: signOut)
        api.get("setup", use: setup)
        api.post("sign-up", use: signUp)
        api.post("password-reset", use: resetPassword)
        api.post("password", use: setPassword)
        api.get("sessions", use: listSessions)
        api.delete("sessions/:id", use: revokeSession)
        api.get("keys", use: listKeys)
        api.post("keys", use: addKey)
        api.delete("keys/:id", use: revokeKey)
        api.post("invitations", use: invite)
        api.get("audit", use: audit)
        api.get("rewritten-names", use: rewrittenNames)
        api.get("openapi.json", use: openAPI)
        router.get("/sign-in/:token", use: signInByLink)

        addStatistics(to: api.group(), of: .own)
        addStatistics(to: router.group("/demo/api/v1"), of: .demo, isThere: web.settings.hasDemo)
        addStatistics(to: router.group("/server/api/v1"), of: .server, isThere: web.settings.keepsOwnStatistics)

        router.get("/", use: start)
        router.get("/account", use: accountPage)
        router.get("/demo", use: page)
        router.get("/server", use: page)
        router.get("/assets/:name", use: asset)
        router.get("/healthz", use: health)
        router.get("/metrics", use: exposition)
        return router
    }

    /// What is the same in each space.
    private func addStatistics(to group: RouterGroup<Context>, of space: Space, isThere: Bool = true) {
        let group = group.add(middleware: InSpace(space: space, isThere: isThere))
        group.get("session", use: showSession)
        group.get("status", use: status)
        group.get("live", use: live)
        group.get("series/:kind/:path", use: series)
        group.get("day/:kind/:path", use: day)
        group.get("favourites", use: listFavourites)
        group.put("favourites", use: setFavourites)
        group.get("processes", use: listProcesses)
        group.post("processes/:name/stop", use: stopProcess)
    }
}
