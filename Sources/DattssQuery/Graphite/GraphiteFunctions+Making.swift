extension GraphiteFunctions {
    /// Those that make series of numbers.
    static let making: [String: GraphiteFunction] = [
        "constantLine": GraphiteFunction(["value"]) { call in [line(try call.requiredNumber(0, "value"), call)] },
        "threshold": GraphiteFunction(["value", "label?", "color?"]) { call in
            var line = line(try call.requiredNumber(0, "value"), call)
            if let label = try call.string(1, "label"), !label.isEmpty { line.name = label }
            return [line]
        },
        "nPercentile": GraphiteFunction(["seriesList", "n"]) { call in
            let percent = try call.requiredNumber(1, "n")
            guard percent > 0 else { throw QueryError(.malformed, "nPercentile: n is not above 0") }
            return try await call.series().compactMap { one in
                let value = GraphiteAggregation.percentile(one.points, percent, interpolates: false)
                let count = (one.end - one.start) / one.step
                if value.isNaN || count < 1 { return nil }
                return one.replaced("nPercentile(\(one.name), \(short(percent)))", [Double](repeating: value, count: count))
            }
        },
    ]

    private static func line(_ value: Double, _ call: GraphiteCall) -> GraphiteSeries {
        let range = call.context.range
        var line = GraphiteSeries(
            value.description, start: range.lowerBound, end: range.upperBound, step: range.count / 2, [value, value, value],
            xFilesFactor: call.context.xFilesFactor)
        line.pathExpression = "constantLine(\(value))"
        return line
    }
}
