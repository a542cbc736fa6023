extension GraphiteFunctions {
    /// Those that put series in proportion to others.
    static let ratios: [String: GraphiteFunction] = [
        "divideSeries": GraphiteFunction(["dividendSeriesList", "divisorSeries"]) { call in
            let (dividends, divisors) = (try await call.series(0), try await call.series(1))
            guard let divisor = divisors.first else {
                return dividends.map { one in
                    one.renamed("divideSeries(\(one.name),MISSING)", [Double](repeating: .gap, count: one.values.count))
                }
            }
            guard divisors.count == 1 else {
                throw QueryError(.malformed, "divideSeries: the second argument is \(divisors.count) series, expected one")
            }
            return try dividends.flatMap { one in
                try combined([one, divisor], "divideSeries(\(one.name),\(divisor.name))", call) { quotient($0[0], $0[1]) }
            }
        },
        "asPercent": GraphiteFunction(["seriesList", "total?", "nodes…"]) { call in
            let series = try await call.series()
            if call.arguments.count > 2 { return try await percentByNode(series, call) }
            if call.isSeries(1) { return try percent(series, of: try await call.series(1), call) }
            if let total = try call.number(1, "total") {
                return try series.map { one in
                    try call.evaluator.take(one.values.count)
                    return percented(one, one.points.map { quotient($0, total) * 100 }, of: call.text(1, "total"), call)
                }
            }
            guard let rows = NormalizedSeries(series) else { return [] }
            let totals = rows.map { GraphiteAggregation.sum.of($0) }
            let text = "sumSeries(\(pathExpressions(series)))"
            return series.map { one in percented(one, percents(one.points, totals), of: text, call) }
        },
    ]

    private static func quotient(_ value: Double, _ divisor: Double) -> Double { divisor == 0 ? .gap : (value / divisor).orGap }

    private static func percents(_ values: [Double], _ totals: [Double]) -> [Double] {
        (0..<max(values.count, totals.count)).map { index in
            index < values.count && index < totals.count ? quotient(values[index], totals[index]) * 100 : .gap
        }
    }

    private static func percented(
        _ one: GraphiteSeries, _ values: [Double], of total: String, _ call: GraphiteCall
    ) -> GraphiteSeries {
        var made = GraphiteSeries(
            "asPercent(\(one.name),\(total))", start: one.start, end: one.end, step: one.step, values.map(\.orGap),
            xFilesFactor: call.context.xFilesFactor)
        made.tags = one.tags
        return made
    }

    private static func percent(
        _ series: [GraphiteSeries], of totals: [GraphiteSeries], _ call: GraphiteCall
    ) throws -> [GraphiteSeries] {
        if series.isEmpty { return [] }
        guard totals.count == 1 || totals.count == series.count else {
            throw QueryError(
                .malformed,
                "asPercent: the total is \(totals.count) series, expected one, or as many as the first argument (\(series.count))")
        }
        func ofBoth(_ one: GraphiteSeries, _ total: GraphiteSeries) throws -> [GraphiteSeries] {
            try combined([one, total], "asPercent(\(one.name),\(total.name))", call) { (quotient($0[0], $0[1]) * 100).orGap }
        }
        if totals.count == series.count {
            let (left, right) = (series.sorted { $0.name < $1.name }, totals.sorted { $0.name < $1.name })
            return try zip(left, right).flatMap { try ofBoth($0, $1) }
        }
        return try series.flatMap { try ofBoth($0, totals[0]) }
    }

    private static func percentByNode(_ series: [GraphiteSeries], _ call: GraphiteCall) async throws -> [GraphiteSeries] {
        let nodes = try call.nodes(from: 2)
        let totals: [GraphiteSeries]
        if call.isSeries(1) {
            totals = try await call.series(1)
        } else {
            guard try call.number(1, "total") == nil else {
                throw QueryError(.malformed, "asPercent: the total is a number, expected series or none where nodes are given")
            }
            totals = series
        }
        let own = Dictionary(grouping: series) { GraphiteLabel.key($0, nodes) }
        let other = Dictionary(grouping: totals) { GraphiteLabel.key($0, nodes) }
        var seen: Set<String> = []
        let keys = (series + totals).map { GraphiteLabel.key($0, nodes) }.filter { seen.insert($0).inserted }
        return try keys.flatMap { key -> [GraphiteSeries] in
            let members = other[key] ?? []
            let total = members.count <= 1 ? members.first : try aggregate(members, .sum, call).first
            guard let ours = own[key] else {
                return total.map { [$0.replaced("asPercent(MISSING,\($0.name))", $0.points.map { _ in .gap })] } ?? []
            }
            return try ours.flatMap { one -> [GraphiteSeries] in
                guard let total else { return [percented(one, one.points.map { _ in .gap }, of: "MISSING", call)] }
                return try combined([one, total], "asPercent(\(one.name),\(total.name))", call) {
                    (quotient($0[0], $0[1]) * 100).orGap
                }
            }
        }
    }
}
