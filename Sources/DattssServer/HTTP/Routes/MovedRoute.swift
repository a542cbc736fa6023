import DattssCore
import DattssPipeline
import DattssQuery
import Hummingbird

extension Routes {
    /// `GET /api/v1/moved?from&to&baseline&tz&kind&pattern&timers&gauges&limit`
    func queryMoved(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        let parameters = try await FormParameters(request)
        do {
            let question = try moveQuestion(parameters)
            let limits = QueryLimits()
            return try await inTurn(ToolQuestion(viewer, parameters, context), limits) { source, watch in
                MovedJSON.write(try await Evaluator(source, limits, watch).moved(question), question).buffer
            }
        } catch let error as QueryError {
            throw error.errorAnswer
        }
    }

    /// The last quarter of an hour by default.
    private func moveQuestion(_ parameters: FormParameters) throws -> MoveQuestion {
        let now = clock.now().minute
        // A minute that is not over is none yet.
        let end = min(now, try parameters.time("to").map { $0.advanced(byMilliseconds: 59_999).minute } ?? now)
        let start = try parameters.time("from").map(\.minute) ?? end.advanced(by: -Self.windowMinutes)
        guard start < end else { throw ErrorAnswer(.badRequest, .badValue, "from, to: the range is empty, or is not over") }
        let baselineName = parameters["baseline"] ?? MoveLayout.Baseline.before.rawValue
        guard let baseline = MoveLayout.Baseline(rawValue: baselineName) else {
            throw Self.refused("baseline", baselineName, "before, yesterday or usual")
        }
        let layout = try MoveLayout(start..<end, against: baseline, in: try NamedTimeZone(parameters["tz"] ?? "UTC"))
        var question = try MoveQuestion(
            layout, limit: try parameters.whole("limit", 1...MovedJSON.limitMax) ?? MovedJSON.limitDefault)
        if let pattern = parameters["pattern"] { question.pattern = try PathPattern(pattern) }
        if let name = parameters["kind"] { question.kinds = [try kind(name)] }
        if let text = parameters["timers"] { question.timerFigures = try Self.timerFigures(text) }
        if let text = parameters["gauges"] {
            guard let figure = MoveFigure(text), figure == .average || figure == .last else {
                throw Self.refused("gauges", text, "average or last")
            }
            question.gaugeFigure = figure
        }
        return question
    }

    private static let windowMinutes: Int64 = 15

    /// One or two, with a comma between.
    private static func timerFigures(_ text: String) throws(ErrorAnswer) -> [MoveFigure] {
        let figures = text.split(separator: ",", omittingEmptySubsequences: false).map { MoveFigure(String($0)) }
        var found: [MoveFigure] = []
        for case .some(let figure) in figures where figure != .last && !found.contains(figure) { found.append(figure) }
        guard found.count == figures.count, found.count <= 2 else {
            throw refused(
                "timers", text, "one or two of top, average, per-minute, or a percentile such as p95, with a comma between")
        }
        return found
    }

    private static func refused(_ name: String, _ text: String, _ expected: String) -> ErrorAnswer {
        ErrorAnswer(.badRequest, .badValue, "\(name): is '\(text.prefix(24))', expected \(expected)")
    }
}

/// How what moved is written as JSON.
enum MovedJSON {
    static let limitDefault = 50
    static let limitMax = 500

    static func write(_ answer: MoveAnswer, _ question: MoveQuestion) -> JSONWriter {
        let layout = question.layout
        var json = JSONWriter(capacity: 512 + answer.moved.count * 1536)
        json.object { json in
            json.member("from", layout.window.lowerBound.start.seconds)
            json.member("to", layout.window.upperBound.start.seconds)
            json.member("step", layout.binMinutes)
            json.array("baseline") { json in
                for stretch in layout.baseline {
                    json.object { json in
                        json.member("from", stretch.lowerBound.start.seconds)
                        json.member("to", stretch.upperBound.start.seconds)
                    }
                }
            }
            json.member("compared", Int64(answer.comparedCount))
            json.member("of", Int64(answer.movedCount))
            json.object("drawing") { json in
                json.member("from", layout.drawing.from.start.seconds)
                json.member("step", layout.drawing.minutes)
            }
            json.array("moved") { json in for moved in answer.moved { json.object { write(moved, &$0) } } }
        }
        return json
    }

    private static func write(_ moved: MoveAnswer.Moved, _ json: inout JSONWriter) {
        json.member("typ", moved.key.kind.symbol)
        json.member("pth", moved.key.path)
        json.member("figure", moved.figure.description)
        json.member("change", moved.move.change.rawValue)
        json.member("score", (moved.move.score * 100).rounded() / 100)
        json.member("before", moved.move.before.map(short))
        json.member("after", moved.move.after.map(short))
        json.member("ratio", ratio(moved.move))
        json.member("began", moved.began.start.seconds)
        json.member("ended", moved.ended.map(\.start.seconds))
        json.member("earlier", moved.move.isEarlier)
        json.array("values") { json in for value in moved.values { json.value(short(Double(value))) } }
    }

    private static func ratio(_ move: Move) -> Double? {
        guard let before = move.before, let after = move.after, before > 0, after >= 0 else { return nil }
        return short(after / before)
    }

    /// To seven digits, which is what is kept of a number here.
    private static func short(_ value: Double) -> Double { value.isFinite ? Double("\(Float(value))") ?? value : .nan }
}
