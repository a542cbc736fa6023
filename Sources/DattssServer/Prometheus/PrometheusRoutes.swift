import DattssCore
import DattssPipeline
import DattssQuery
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Routes {
    /// The API of Prometheus, as far as there is something to answer: for Grafana, vmalert, promtool and whoever else speaks it.
    func addPrometheus(to router: Router<Context>) {
        router.get("/prometheus/federate", use: prometheus(federate))
        router.get("/api/v1/export/prometheus", use: export)
        let group = router.group("/prometheus/api/v1")
        for method in [HTTPRequest.Method.get, .post] {
            group.on("query", method: method, use: prometheus(queryInstant))
            group.on("query_range", method: method, use: prometheus(queryRange))
            group.on("labels", method: method, use: prometheus(labelNames))
            group.on("series", method: method, use: prometheus(listSeries))
        }
        group.get("label/:name/values", use: prometheus(labelValues))
        group.get("metadata", use: prometheus(metadata))
        group.get("status/buildinfo", use: prometheus(buildInformation))
    }

    private typealias Answerer = @Sendable (ToolQuestion) async throws -> Response

    /// A route whose failures are answered in Prometheus' form, but for those of keys.
    private func prometheus(
        _ answer: @escaping Answerer
    ) -> @Sendable (Request, Context) async throws -> Response {
        { request, context in
            let viewer = try toolViewer(request, context)
            do {
                let parameters = try await FormParameters(request)
                return try await answer(ToolQuestion(viewer, parameters, context))
            } catch let error as QueryError {
                return Response(json: PrometheusJSON.failure(error.prometheusType, error.message), status: error.status)
            } catch let error as ErrorAnswer where error.status == .badRequest {
                return Response(json: PrometheusJSON.failure("bad_data", error.message), status: .badRequest)
            }
        }
    }

    // MARK: Queries

    /// `GET|POST /prometheus/api/v1/query?query&time`
    @Sendable private func queryInstant(_ question: ToolQuestion) async throws -> Response {
        let time = try question.parameters.time("time") ?? clock.now()
        return try await answer(question, on: TimeGrid(at: time), isRange: false)
    }

    /// `GET|POST /prometheus/api/v1/query_range?query&start&end&step`
    @Sendable private func queryRange(_ question: ToolQuestion) async throws -> Response {
        let parameters = question.parameters
        _ = try (parameters.required("start"), parameters.required("end"), parameters.required("step"))
        guard let start = try parameters.time("start"), let end = try parameters.time("end"),
            let step = try parameters.duration("step")
        else { throw ErrorAnswer(.badRequest, .badValue, "start, end, step: one is missing") }
        let grid = try TimeGrid(from: start, through: end, stepMilliseconds: step, queryLimits(question))
        return try await answer(question, on: grid, isRange: true)
    }

    private func answer(_ question: ToolQuestion, on grid: TimeGrid, isRange: Bool) async throws -> Response {
        let expression = try PromQL.expression(question.parameters.required("query"))
        let limits = try queryLimits(question)
        return try await evaluated(question, limits) { evaluator in
            PrometheusJSON.answer(try await evaluator.answer(expression, on: grid), isRange: isRange).buffer
        }
    }

    /// The caller may want less time than there is.
    private func queryLimits(_ question: ToolQuestion) throws -> QueryLimits {
        var limits = QueryLimits()
        if let timeout = try question.parameters.duration("timeout") { limits.milliseconds = min(limits.milliseconds, timeout) }
        return limits
    }

    private func evaluated(
        _ question: ToolQuestion, _ limits: QueryLimits, type: String = Rendering.jsonType,
        _ body: @escaping @Sendable (Evaluator) async throws -> ByteBuffer
    ) async throws -> Response {
        try await inTurn(question, limits, type: type) { try await body(Evaluator($0, limits, $1)) }
    }

    /// `GET /prometheus/federate?match[]`: the latest values of series, as another Prometheus scrapes them.
    @Sendable private func federate(_ question: ToolQuestion) async throws -> Response {
        let texts = question.parameters.all("match[]")
        guard !texts.isEmpty else { throw ErrorAnswer(.badRequest, .badValue, "match[]: is missing") }
        var selections: [Selection] = []
        for text in texts { selections.append(try PromQL.selection(text)) }
        let (limits, grid) = (try queryLimits(question), TimeGrid(at: Timestamp(milliseconds: clock.now().minute.index * 60_000)))
        return try await evaluated(question, limits, type: ExportText.Format.plain.contentType) { [selections] evaluator in
            var text = FederationText()
            for selection in selections {
                text.add(try await evaluator.answer(.statistics(selection, .instant, Span()), on: grid))
            }
            return ByteBuffer(string: text.written(at: grid.start))
        }
    }

    /// `GET /api/v1/export/prometheus`: all statistics as they are now, to be scraped.
    @Sendable private func export(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try toolViewer(request, context)
        let format = ExportText.Format(accepted: request.headers[.accept])
        let (queries, unsent, user) = (pipeline.queries, memory.unsent, viewer.user)
        return try await queries.inTurn(of: viewer.asker, isWanted: context.isConnected) {
            let text = ExportText.write(await queries.status(of: user).statistics, format)
            return try Rendering(ByteBuffer(string: text), within: unsent)
        }.response(type: format.contentType)
    }

    // MARK: What there is

    /// `GET|POST /prometheus/api/v1/series?match[]&start&end`
    @Sendable private func listSeries(_ question: ToolQuestion) async throws -> Response {
        guard !question.parameters.all("match[]").isEmpty else { throw ErrorAnswer(.badRequest, .badValue, "match[]: is missing") }
        return try await names(question) { names in
            PrometheusJSON.success { json in
                json.array("data") { json in for labels in names.map(\.labels).sorted() { PrometheusJSON.labels(labels, &json) } }
            }
        }
    }

    /// `GET|POST /prometheus/api/v1/labels?match[]&start&end`
    @Sendable private func labelNames(_ question: ToolQuestion) async throws -> Response {
        try await names(question) { names in
            let labels = Set(names.flatMap { $0.labels.all.map(\.name) })
            return PrometheusJSON.success { json in
                json.array("data") { json in for label in labels.sorted() { json.value(label) } }
            }
        }
    }

    /// `GET /prometheus/api/v1/label/{name}/values?match[]&start&end`
    @Sendable private func labelValues(_ question: ToolQuestion) async throws -> Response {
        let name = try decoded("name", question.context)
        return try await names(question) { names in
            let values = Set(names.map { $0.value(of: name) }.filter { !$0.isEmpty })
            return PrometheusJSON.success { json in
                json.array("data") { json in for value in values.sorted() { json.value(value) } }
            }
        }
    }

    /// `GET /prometheus/api/v1/metadata?metric&limit`
    @Sendable private func metadata(_ question: ToolQuestion) async throws -> Response {
        let (metric, limit) = (question.parameters["metric"], question.parameters["limit"].flatMap { Int($0) } ?? .max)
        return try await names(question) { names in
            let found = Dictionary(names.map { ($0.metric, $0) }) { first, _ in first }.sorted { $0.key < $1.key }
                .filter { metric == nil || $0.key == metric }.prefix(max(0, limit))
            return PrometheusJSON.success { json in
                json.object("data") { json in
                    for (metric, name) in found {
                        json.array(escaping: metric) { json in
                            json.object { json in
                                json.member("type", name.field.prometheusType)
                                json.member("help", name.field.help)
                                json.member("unit", name.field.kind == .timer && name.field != .timerCount ? "milliseconds" : "")
                            }
                        }
                    }
                }
            }
        }
    }

    /// Answers about the names of the last day, unless another time is asked for.
    private func names(
        _ question: ToolQuestion, _ write: @escaping @Sendable (Set<MetricName>) -> JSONWriter
    ) async throws -> Response {
        let parameters = question.parameters
        // Prometheus' own tools ask until the end of time, and from its beginning.
        let end = min(try parameters.time("end") ?? clock.now(), clock.now())
        let start = try parameters.time("start") ?? end.advanced(byMilliseconds: -86_400_000)
        guard start <= end else { throw ErrorAnswer(.badRequest, .badValue, "start: is after end") }
        var selections: [Selection] = []
        for text in parameters.all("match[]") { selections.append(try PromQL.selection(text)) }
        if selections.isEmpty { selections = [Selection()] }
        let limits = try queryLimits(question)
        let earliest = end.minute.advanced(by: -limits.days * Minute.perDay)
        let range = max(start.minute, earliest)..<end.minute.advanced(by: 1)
        return try await evaluated(question, limits) { [selections] evaluator in
            write(try await evaluator.names(in: range, matching: selections)).buffer
        }
    }

    /// `GET /prometheus/api/v1/status/buildinfo`: Grafana asks what it may expect.
    @Sendable private func buildInformation(_ question: ToolQuestion) async throws -> Response {
        Response(
            json: PrometheusJSON.success { json in
                json.object("data") { json in
                    json.member("version", "2.42.0")
                    json.member("application", "dattss")
                }
            })
    }
}

extension MetricName {
    fileprivate func value(of label: String) -> String {
        let value = labels[label]
        guard value.isEmpty, label.hasPrefix("n"), let index = Int(label.dropFirst()) else { return value }
        return MetricName.component(index, ofBase: base) ?? ""
    }
}

extension MetricField {
    var prometheusType: String {
        switch self {
        case .total, .timerCount, .timerSum: "counter"
        case .gauge, .timerMin, .timerMax: "gauge"
        case .distribution, .bucket: "histogram"
        }
    }

    fileprivate var help: String {
        switch self {
        case .gauge: "A gauge's last value."
        case .total: "What a counter has counted."
        case .timerCount: "How many samples a timer had."
        case .timerSum: "The sum of a timer's samples."
        case .timerMin: "The smallest sample of a timer's minute."
        case .timerMax: "The largest sample of a timer's minute."
        case .distribution, .bucket: "A timer's distribution, for histogram_quantile."
        }
    }
}

extension QueryError {
    fileprivate var status: HTTPResponse.Status {
        switch code {
        case .malformed: .badRequest
        case .unsupported, .invalid, .limit: .unprocessableContent
        case .cancelled: .serviceUnavailable
        }
    }

    fileprivate var prometheusType: String {
        switch code {
        case .malformed: "bad_data"
        case .unsupported, .invalid, .limit: "execution"
        case .cancelled: "canceled"
        }
    }
}

extension FormParameters {
    fileprivate func duration(_ name: String) throws(ErrorAnswer) -> Int64? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let milliseconds = PromQL.duration(text), milliseconds > 0 else {
            throw ErrorAnswer(
                .badRequest, .badValue, "\(name): is '\(text.prefix(16))', expected a duration such as 60 or 5m, above zero")
        }
        return milliseconds
    }
}
