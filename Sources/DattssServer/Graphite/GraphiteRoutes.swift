import DattssCore
import DattssPipeline
import DattssQuery
import HTTPTypes
import Hummingbird

extension Routes {
    /// The API of graphite-web, as far as there is something to answer: for Grafana and whatever else asks Graphite. Also without the
    /// prefix, where nothing else is.
    func addGraphite(to router: Router<Context>) {
        for prefix in ["", "/graphite"] {
            for method in [HTTPRequest.Method.get, .post] {
                router.on("\(prefix)/metrics/find", method: method, use: graphite(findMetrics))
                router.on("\(prefix)/render", method: method, use: graphite(render))
            }
            router.get("\(prefix)/events/get_data", use: graphite(listEvents))
            router.get("\(prefix)/version", use: graphite(version))
        }
    }

    /// `GET /graphite/events/get_data?from&until&tags`: marks, as graphite-web tells its events; those that have all the tags.
    @Sendable private func listEvents(_ question: ToolQuestion) async throws -> Response {
        let range = try graphiteRange(question.parameters, clock.now(), standard: "-24h").range
        let tags = (question.parameters["tags"] ?? "").split { $0 == " " || $0 == "," }.map(String.init)
        let (from, to) = (Timestamp(seconds: Int64(range.lowerBound)), Timestamp(seconds: Int64(range.upperBound)))
        let marks = try await accounts.run { try $0.marks(of: question.user, from: from, to: to).marks }
        return Response(json: GraphiteJSON.events(marks.filter { kept in tags.allSatisfy(kept.mark.tags.contains) }))
    }

    /// `GET /graphite/version`: which one's answers these are like.
    @Sendable private func version(_ question: ToolQuestion) async throws -> Response {
        var json = JSONWriter()
        json.value("1.1.8")
        return Response(json: json)
    }

    private func graphite(
        _ answer: @escaping @Sendable (ToolQuestion) async throws -> Response
    ) -> @Sendable (Request, Context) async throws -> Response {
        { request, context in
            let viewer = try toolViewer(request, context)
            do {
                return try await answer(
                    ToolQuestion(viewer, try await FormParameters(request), context))
            } catch let error as QueryError {
                throw error.errorAnswer
            }
        }
    }

    /// `GET|POST /graphite/render?target&from&until&tz&format&maxDataPoints`
    @Sendable private func render(_ question: ToolQuestion) async throws -> Response {
        let parameters = question.parameters
        let formatName = parameters["format"] ?? "png"
        guard let format = GraphiteFormat(rawValue: formatName) else {
            throw ErrorAnswer(
                .badRequest, .badValue, "format: is '\(formatName.prefix(16))', only json, csv, raw and pickle are supported")
        }
        let targets = parameters.all("target").filter { !$0.isEmpty }
        guard targets.count <= Self.graphiteTargetsMax else {
            throw ErrorAnswer(.badRequest, .badValue, "target: more than \(Self.graphiteTargetsMax)")
        }
        if let jsonp = parameters["jsonp"], !jsonp.isEmpty {
            throw ErrorAnswer(.badRequest, .badValue, "jsonp: is not supported")
        }
        let now = clock.now()
        let (range, zone) = try graphiteRange(parameters, now, standard: "-24h")
        let pointsMax = try parameters.count("maxDataPoints", atLeast: 1)
        let factor = try parameters.share("xFilesFactor") ?? 0
        let hasGaps = !["1", "true"].contains(parameters["noNullPoints"] ?? "")
        let limits = QueryLimits()
        return try await inTurn(question, limits, type: format.contentType) { source, watch in
            let evaluator = GraphiteEvaluator(source, limits, watch, now: now, xFilesFactor: factor)
            var series: [GraphiteSeries] = []
            for target in targets { series += try await evaluator.series(target, in: range) }
            return format.written(series, pointsMax: pointsMax, hasGaps: hasGaps, in: zone)
        }
    }

    private static let graphiteTargetsMax = 200

    /// `GET|POST /graphite/metrics/find?query&from&until&format`
    @Sendable private func findMetrics(_ question: ToolQuestion) async throws -> Response {
        let parameters = question.parameters
        var query = try parameters.required("query")
        let format = parameters["format"] ?? "treejson"
        guard format == "treejson" || format == "completer" else {
            throw ErrorAnswer(
                .badRequest, .badValue, "format: is '\(format.prefix(16))', only treejson and completer are supported")
        }
        let base = query.lastIndex(of: ".").map { String(query[...$0]) } ?? ""
        if format == "completer" {
            query = query.replacing("..", with: "*.")
            if !query.hasSuffix("*") { query += "*" }
        }
        let (range, _) = try graphiteRange(parameters, clock.now(), standard: "-24h")
        let minutes =
            Minute(Int64(range.lowerBound.flooredQuotient(by: 60)))..<Minute(Int64(range.upperBound.flooredQuotient(by: 60)) + 1)
        let limits = QueryLimits()
        return try await inTurn(question, limits) { [query] source, watch in
            let nodes = try await GraphiteTree(source, limits, watch).nodes(query, in: minutes)
            return (format == "completer" ? GraphiteJSON.completer(nodes) : GraphiteJSON.tree(nodes, under: base)).buffer
        }
    }

    /// - Returns: the range in seconds, and whose clocks and calendars are meant: those of `tz`, or UTC.
    private func graphiteRange(
        _ parameters: FormParameters, _ now: Timestamp, standard: String
    ) throws -> (range: Range<Int>, zone: NamedTimeZone) {
        let name = parameters["tz"] ?? ""
        let zone = try NamedTimeZone(name.isEmpty ? "UTC" : name)
        let time = GraphiteTime(now: now, in: zone)
        func asked(_ name: String, _ standard: String) throws(QueryError) -> Int {
            guard let text = parameters[name], !text.isEmpty, text != "-1" else { return try time.parse(standard, name) }
            return try time.parse(text, name)
        }
        let (from, until) = (try asked("from", standard), try asked("until", "now"))
        guard from < until else { throw ErrorAnswer(.badRequest, .badValue, "from, until: the range is empty") }
        return (from..<until, zone)
    }
}

extension FormParameters {
    fileprivate func count(_ name: String, atLeast least: Int) throws(ErrorAnswer) -> Int? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let value = Int(text), least...1_000_000 ~= value else {
            throw ErrorAnswer(.badRequest, .badValue, "\(name): is '\(text.prefix(16))', expected \(least) to 1000000")
        }
        return value
    }

    fileprivate func share(_ name: String) throws(ErrorAnswer) -> Double? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let value = Double(text), 0...1 ~= value else {
            throw ErrorAnswer(.badRequest, .badValue, "\(name): is '\(text.prefix(16))', expected 0 to 1")
        }
        return value
    }
}
