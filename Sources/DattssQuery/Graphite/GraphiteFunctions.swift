import LibC

/// A function of Graphite.
struct GraphiteFunction: Sendable {
    /// See ``GraphiteCall/check(_:)``.
    let parameters: [String]
    let body: @Sendable (GraphiteCall) async throws -> [GraphiteSeries]

    init(_ parameters: [String], _ body: @escaping @Sendable (GraphiteCall) async throws -> [GraphiteSeries]) {
        (self.parameters, self.body) = (parameters, body)
    }
}

/// All functions, by their names. What each means is in graphite-web's `render/functions.py`, with which a test compares.
enum GraphiteFunctions {
    static let all: [String: GraphiteFunction] = {
        var all: [String: GraphiteFunction] = [:]
        for table in [naming, aggregating, grouping, values, windows, choosing, ratios, making] {
            all.merge(table) { first, _ in first }
        }
        return all
    }()

    static func unknown(_ name: String) -> QueryError {
        QueryError(
            .unsupported, "the function \(name.prefix(60)) is not supported; there are " + all.keys.sorted().joined(separator: " "))
    }

    /// As C's and Python's `%g` write it.
    static func short(_ value: Double) -> String {
        if value.isInfinite { return value > 0 ? "inf" : "-inf" }
        return withVaList([value]) { arguments in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
                let count = vsnprintf(buffer.baseAddress, 64, "%g", arguments)
                return String(decoding: buffer[..<max(0, Int(count))].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
    }

    /// Those that several series come from, each once.
    static func pathExpressions(_ series: [GraphiteSeries]) -> String {
        var seen: Set<String> = []
        return series.map(\.pathExpression).filter { seen.insert($0).inserted }.joined(separator: ",")
    }

    /// One series of several, value by value.
    static func combined(
        _ series: [GraphiteSeries], _ name: String, _ call: GraphiteCall, _ body: ([Double]) -> Double
    ) throws -> [GraphiteSeries] {
        guard let rows = NormalizedSeries(series) else { return [] }
        try call.evaluator.take(rows.count)
        let tags = series.dropFirst().reduce(series[0].tags) { tags, one in tags.filter { one.tags[$0.key] == $0.value } }
        var combined = GraphiteSeries(
            name, start: rows.start, end: rows.end, step: rows.step, rows.map(body), xFilesFactor: call.context.xFilesFactor)
        combined.tags = tags
        return [combined]
    }

    /// By the rule that the name says.
    static func aggregate(
        _ series: [GraphiteSeries], _ aggregation: GraphiteAggregation, as name: String? = nil, _ call: GraphiteCall
    ) throws -> [GraphiteSeries] {
        let factor = call.context.xFilesFactor
        let title = "\(name ?? aggregation.rawValue)Series(\(pathExpressions(series)))"
        return try combined(series, title, call) { aggregation.of($0, factor) }
    }

    /// What is done with each series and each of its values.
    struct Each {
        var name: (_ series: String) -> String
        var value: (Double) -> Double
    }

    /// A function of each value.
    /// - Parameter prepare: reads the arguments, once.
    static func each(
        _ parameters: [String], _ prepare: @escaping @Sendable (GraphiteCall) throws -> Each
    ) -> GraphiteFunction {
        GraphiteFunction(parameters) { call in
            let prepared = try prepare(call)
            return try await call.series().map { $0.renamed(prepared.name($0.name), $0.values.map { prepared.value($0).orGap }) }
        }
    }

    /// One with a number.
    /// - Parameter separator: what stands between the series and the number in its name.
    static func each(
        _ name: String, _ parameter: String, separator: String = ",",
        _ value: @escaping @Sendable (_ value: Double, _ number: Double) -> Double
    ) -> GraphiteFunction {
        each(["seriesList", parameter]) { call in
            let number = try call.requiredNumber(1, parameter)
            return Each(name: { "\(name)(\($0)\(separator)\(short(number)))" }, value: { value($0, number) })
        }
    }

    /// One without.
    static func each(_ name: String, _ value: @escaping @Sendable (Double) -> Double) -> GraphiteFunction {
        each(["seriesList"]) { _ in Each(name: { "\(name)(\($0))" }, value: value) }
    }
}

extension Double {
    /// What is no finite number stands for no value.
    var orGap: Double { isFinite ? self : .gap }
}
