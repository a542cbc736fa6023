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
    let alerts: AlertEvaluator
    let metrics: Metrics
    let dashboard: DashboardFiles
    let clock: any WallClock
    let limits: Limits
    let telemetry: OTLPIntake
    let memory: MemoryBudget
    let statuses = SharedWork<StatusQuestion, Rendering>()
    let expositions = SharedWork<Int, Rendering>()
    /// For bodies that are dear to read.
    let decoding: DecodingPool

    /// What the fast path and the route of `/agg` share.
    var endpoint: AggregateEndpoint {
        AggregateEndpoint(
            ingest: pipeline.ingest, processes: processes, accounts: accounts, limits: limits, decoding: decoding,
            telemetry: telemetry, clock: clock)
    }

    func makeRouter() -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders(isSecure: web.settings.certificate != nil))
        router.add(middleware: LateRefusals(pace: web.refusals, proxies: web.settings.trustedProxies, clock: clock))
        router.add(middleware: ErrorAnswers(missingPage: dashboard.missing))

        router.put("/agg", use: aggregate)
        router.post("/agg", use: aggregate)
        router.put("/process", use: pollProcess)
        router.post("/v1/metrics", use: openTelemetry)

        let budget = AnswerBudget(budget: memory.unsent)
        let api = router.group("/api/v1").add(middleware: budget)
        api.post("session", use: signIn)
        api.delete("session", use: signOut)
        api.get("setup", use: setup)
        api.get("server-proof", use: proveServer)
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
        addTeam(to: api)
        addAlerts(to: api)
        addShares(to: api)
        // What is worked out is counted where it is written out.
        let shared = router.group("/api/v1/shared/panels/:number")
        shared.get("lines", use: querySharedLines)
        shared.get("heatmap", use: querySharedHeatmap)
        router.get("/sign-in/:token", use: signInByLink)

        addStatistics(to: router.group("/api/v1"), of: .own)
        addStatistics(to: router.group("/demo/api/v1"), of: .demo, isThere: web.settings.hasDemo)
        addStatistics(to: router.group("/server/api/v1"), of: .server, isThere: web.settings.keepsOwnStatistics)

        addPrometheus(to: router)
        addGraphite(to: router)

        let pages = router.group().add(middleware: budget)
        pages.get("/", use: start)
        pages.get("/account", use: accountPage)
        pages.get("/demo", use: page)
        pages.get("/server", use: page)
        pages.get("/shared", use: sharedPage)
        pages.get("/assets/:name", use: asset)
        router.get("/healthz", use: health)
        router.get("/metrics", use: exposition)
        return router
    }

    /// Links to boards, and what they show to whoever has one.
    private func addShares(to group: RouterGroup<Context>) {
        group.get("boards/:name/shares", use: listShares)
        group.post("boards/:name/shares", use: shareBoard)
        group.delete("boards/:name/shares/:id", use: revokeShare)
        group.get("shared", use: showShared)
    }

    /// What is the same in each space.
    private func addStatistics(to group: RouterGroup<Context>, of space: Space, isThere: Bool = true) {
        let group = group.add(middleware: InSpace(space: space, isThere: isThere))
        // What is shared is counted where it is written out.
        group.get("status", use: status)
        group.get("live", use: live)
        group.get("series/:kind/:path", use: series)
        group.get("day/:kind/:path", use: day)
        group.get("unusual", use: unusual)
        group.get("query", use: queryPlot)
        group.get("heatmap", use: queryHeatmap)
        group.get("moved", use: queryMoved)
        let budgeted = group.group().add(middleware: AnswerBudget(budget: memory.unsent))
        budgeted.get("session", use: showSession)
        budgeted.get("silent", use: silent)
        budgeted.get("favourites", use: listFavourites)
        budgeted.put("favourites", use: setFavourites)
        budgeted.get("units", use: listUnits)
        budgeted.put("units", use: setUnit)
        budgeted.get("boards", use: listBoards)
        budgeted.post("boards", use: addBoard)
        budgeted.get("boards/:name", use: showBoard)
        budgeted.put("boards/:name", use: replaceBoard)
        budgeted.delete("boards/:name", use: removeBoard)
        budgeted.get("marks", use: listMarks)
        budgeted.post("marks", use: addMark)
        budgeted.delete("marks/:id", use: removeMark)
        budgeted.get("processes", use: listProcesses)
        budgeted.get("alerts", use: listAlerts)
        budgeted.get("alerts/events", use: listAlertEvents)
        budgeted.post("processes/:name/stop", use: stopProcess)
        budgeted.delete("processes/:name", use: removeProcess)
    }
}
