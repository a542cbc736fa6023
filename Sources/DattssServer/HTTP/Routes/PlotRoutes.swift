import DattssCore
import DattssPipeline
import DattssQuery
import Hummingbird

extension Routes {
    /// `GET /api/v1/query?kind&pattern&figure&fold&by&top&from&to&step`
    func queryPlot(_ request: Request, _ context: Context) async throws -> Response {
        let question = try await plotQuestion(request, context)
        let parameters = question.parameters
        return try await refusing {
            let figureText = try parameters.required("figure")
            guard let figure = Figure(figureText) else { throw Self.refused("figure", figureText, Self.figures) }
            let foldText = parameters["fold"] ?? "none"
            guard let fold = PlotQuestion.Fold(rawValue: foldText) else {
                throw Self.refused("fold", foldText, "none, merge, sum, mean, min or max")
            }
            let asked = try PlotQuestion(
                try kind(try parameters.required("kind")), try PathPattern(try parameters.required("pattern")), figure, fold: fold,
                component: parameters["by"], top: try parameters.whole("top", 1...QueryLimits().series))
            return try await answerPlot(asked, question)
        }
    }

    /// Answers a question over the time that its parameters say.
    /// - Parameter days: the time is so many days before that.
    func answerPlot(_ asked: PlotQuestion, _ question: ToolQuestion, daysBefore days: Int64 = 0) async throws -> Response {
        try await refusing {
            let (limits, grid, now) = (QueryLimits(), try plotGrid(question.parameters, daysBefore: days), clock.now())
            return try await inTurn(question, limits) { source, watch in
                PlotJSON.write(try await Evaluator(source, limits, watch).plot(asked, on: grid, now: now), on: grid).buffer
            }
        }
    }

    /// `GET /api/v1/heatmap?pattern&from&to&step&bands`
    func queryHeatmap(_ request: Request, _ context: Context) async throws -> Response {
        let question = try await plotQuestion(request, context)
        let parameters = question.parameters
        return try await refusing {
            let pattern = try PathPattern(try parameters.required("pattern"))
            let bands = try parameters.whole("bands", 1...200) ?? 40
            return try await answerHeatmap(pattern, bands: bands, question)
        }
    }

    /// Answers a heatmap over the time that its parameters say.
    func answerHeatmap(_ pattern: PathPattern, bands: Int, _ question: ToolQuestion) async throws -> Response {
        try await refusing {
            let (limits, grid) = (QueryLimits(), try plotGrid(question.parameters))
            return try await inTurn(question, limits) { source, watch in
                PlotJSON.write(try await Evaluator(source, limits, watch).heatmap(pattern, on: grid, bandsMax: bands), on: grid)
                    .buffer
            }
        }
    }

    private func plotQuestion(_ request: Request, _ context: Context) async throws -> ToolQuestion {
        let viewer = try viewer(request, context)
        return ToolQuestion(viewer, try await FormParameters(request), context)
    }

    private static let figures = "per-minute, per-second, sum, count, average, min, max, or a percentile such as p99"

    private static func refused(_ name: String, _ text: String, _ expected: String) -> ErrorAnswer {
        ErrorAnswer(.badRequest, .badValue, "\(name): is '\(text.prefix(16))', expected \(expected)")
    }

    /// Whole steps from the minute of `from` on, so many that `to` is covered.
    private func plotGrid(_ parameters: FormParameters, daysBefore days: Int64 = 0) throws -> TimeGrid {
        let earlier = { (time: Timestamp) in time.advanced(byMilliseconds: -days * 86_400_000) }
        guard let from = try parameters.time("from").map(earlier), let to = try parameters.time("to").map(earlier) else {
            throw ErrorAnswer(.badRequest, .badValue, "from, to: one is missing")
        }
        guard from < to else { throw ErrorAnswer(.badRequest, .badValue, "from, to: the range is empty") }
        guard let step = try parameters.whole("step", 1...Self.stepMinutesMax) else {
            throw ErrorAnswer(.badRequest, .badValue, "step: is missing")
        }
        let length = Int64(step) * 60_000
        let first = Timestamp(milliseconds: from.minute.index * 60_000).advanced(byMilliseconds: length)
        let last = Timestamp(milliseconds: to.milliseconds - 1).advanced(byMilliseconds: length)
        return try TimeGrid(from: first, through: Swift.max(first, last), stepMilliseconds: length, QueryLimits())
    }

    /// A month.
    private static let stepMinutesMax = 44_640

    private func refusing(_ answer: () async throws -> Response) async throws -> Response {
        do { return try await answer() } catch let error as QueryError { throw error.errorAnswer }
    }
}

extension FormParameters {
    /// A whole number in a range; nil where it is missing.
    func whole(_ name: String, _ range: ClosedRange<Int>) throws(ErrorAnswer) -> Int? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw ErrorAnswer(
                .badRequest, .badValue,
                "\(name): is '\(text.prefix(16))', expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

/// How the answers for plots are written as JSON.
enum PlotJSON {
    static func write(_ answer: PlotAnswer, on grid: TimeGrid) -> JSONWriter {
        var json = JSONWriter(capacity: 256 + answer.series.count * grid.count * 12)
        json.object { json in
            head(grid, &json)
            json.member("statistics", Int64(answer.statisticCount))
            json.member("of", Int64(answer.seriesCount))
            json.member("approximate", answer.isApproximate)
            json.array("series") { json in
                for one in answer.series {
                    json.object { json in
                        json.member("name", one.name)
                        json.array("values") { json in for value in one.values { json.value(value) } }
                    }
                }
            }
        }
        return json
    }

    static func write(_ heatmap: Heatmap, on grid: TimeGrid) -> JSONWriter {
        var json = JSONWriter(capacity: 256 + heatmap.counts.count * heatmap.bounds.count * 6)
        json.object { json in
            head(grid, &json)
            json.member("statistics", Int64(heatmap.statisticCount))
            json.member("approximate", heatmap.isApproximate)
            json.array("bounds") { json in for bound in heatmap.bounds { json.value(bound) } }
            json.array("counts") { json in
                for step in heatmap.counts { json.array { json in for count in step { json.value(count) } } }
            }
        }
        return json
    }

    private static func head(_ grid: TimeGrid, _ json: inout JSONWriter) {
        json.member("from", grid.start.advanced(byMilliseconds: -grid.stepMilliseconds).seconds)
        json.member("step", grid.stepMilliseconds / 60_000)
    }
}
