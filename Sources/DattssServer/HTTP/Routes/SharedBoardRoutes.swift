import DattssCore
import DattssPipeline
import DattssQuery
import HTTPTypes
import Hummingbird

/// What somebody sees who has the link to a board, and nothing else. The token comes as `Authorization: Bearer TOKEN`.
///
/// Whatever is asked is the server's: a panel's number and a query's number choose among the questions of the board's own plots, and a
/// visitor says over what time. A token that was revoked, is too old, or never was, is answered the same: 404.
extension Routes {
    /// `GET /shared`: the page; its script reads the token behind the #.
    func sharedPage(_ request: Request, _ context: Context) async throws -> Response { dashboard.shared.response(to: request) }

    /// `GET /api/v1/shared`
    func showShared(_ request: Request, _ context: Context) async throws -> Response {
        let shared = try await shared(request, context)
        try Self.refuseOthers(than: [], request)
        let keys = Set(shared.board.panels.compactMap { try? $0.plot() }.flatMap(\.keys))
        let units = try await accounts.run { try $0.units(of: shared.user) }.filter { keys.contains($0.key) }
        return Response(json: BoardJSON.shared(shared, units: units))
    }

    /// `GET /api/v1/shared/panels/{number}/lines?query&before&from&to&step&version`
    func querySharedLines(_ request: Request, _ context: Context) async throws -> Response {
        let (shared, plot, parameters) = try await sharedPlot(request, context, ["query", "before"])
        let number = try parameters.whole("query", 0...PlotAddress.queriesMax) ?? 0
        guard plot.questions.indices.contains(number) else {
            throw ErrorAnswer(.notFound, .notFound, "query: the plot has \(plot.questions.count) queries, counted from 0")
        }
        var asked = plot.questions[number]
        let before = Int64(try parameters.whole("before", 0...7) ?? 0)
        if before > 0 {
            guard plot.daysBefore.contains(before) else {
                throw ErrorAnswer(.notFound, .notFound, "before: the plot is not compared with that day")
            }
            // Those that are highest now need not be those that were then.
            asked.top = PlotAddress.linesMax
        }
        let question = ToolQuestion(of: shared.user, parameters, context)
        return try await answerPlot(asked, question, daysBefore: before)
    }

    /// `GET /api/v1/shared/panels/{number}/heatmap?from&to&step&version`
    func querySharedHeatmap(_ request: Request, _ context: Context) async throws -> Response {
        let (shared, plot, parameters) = try await sharedPlot(request, context, [])
        guard let pattern = plot.heatmap else { throw ErrorAnswer(.notFound, .notFound, "the panel is no heatmap") }
        let question = ToolQuestion(of: shared.user, parameters, context)
        return try await answerHeatmap(pattern, bands: Self.sharedBands, question)
    }

    /// As the page asks for its own.
    private static let sharedBands = 36

    private func sharedPlot(
        _ request: Request, _ context: Context, _ names: Set<String>
    ) async throws -> (Accounts.SharedBoard, PlotAddress, FormParameters) {
        let shared = try await shared(request, context)
        try Self.refuseOthers(than: names.union(["from", "to", "step", "version"]), request)
        let parameters = try await FormParameters(request)
        // A number means another plot once the board is another one.
        if let version = parameters["version"], version != shared.board.version {
            throw ErrorAnswer(.conflict, .outdated, "version: the board has been changed since; ask for it again")
        }
        let text = try decoded("number", context)
        let panels = shared.board.panels
        guard let number = Int(text), panels.indices.contains(number) else {
            throw ErrorAnswer(.notFound, .notFound, "the board has \(panels.count) panels, counted from 0")
        }
        guard let plot = try panels[number].plot() else {
            throw ErrorAnswer(.notFound, .notFound, "the panel \(number) is no plot")
        }
        return (shared, plot, parameters)
    }

    /// - Throws: 400 for what would be a question of the visitor's own.
    private static func refuseOthers(than names: Set<String>, _ request: Request) throws(ErrorAnswer) {
        for (name, _) in request.uri.queryParameters where !names.contains(String(name)) {
            throw ErrorAnswer(
                .badRequest, .badValue,
                "\(name.prefix(40)): is not asked here; what a board's link shows is what its plots say, over a time that you choose"
            )
        }
    }

    /// The board of a token.
    /// - Throws: 404 for any token that opens none; 429 when much too much is asked by one link.
    private func shared(_ request: Request, _ context: Context) async throws -> Accounts.SharedBoard {
        let now = clock.now()
        // What is no token is looked up like one, so that it takes as long.
        let token = Self.bearer(request).flatMap { Secret($0) } ?? Secret()
        guard let shared = try await lookUp({ try $0.sharedBoard(by: token, at: now) }) else {
            // Whoever tries one after the other waits, as with keys.
            if web.refusals.isTooFast(origin(request, context)) {
                try? await clock.pause(milliseconds: RefusalPace.delayMilliseconds)
            }
            throw Self.noShare
        }
        if let seconds = web.sharedQuestions.take(shared.share) {
            var answer = ErrorAnswer(
                .tooManyRequests, .tooManyAttempts, "too much is asked by this link, try again in \(seconds) seconds")
            answer.headers[.retryAfter] = String(seconds)
            throw answer
        }
        return shared
    }

    private static let noShare = ErrorAnswer(
        .notFound, .notFound, "this link shows nothing: it was revoked, is too old, or a letter of it is missing")

    private static func bearer(_ request: Request) -> Substring? {
        guard let header = request.headers[.authorization] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == "bearer" ? parts[1] : nil
    }
}
