extension GraphiteFunctions {
    /// Those that make one series of several.
    static let aggregating: [String: GraphiteFunction] = {
        var table: [String: GraphiteFunction] = [:]
        let names: [(GraphiteAggregation, String, [String])] = [
            (.sum, "sum", ["sumSeries", "sum"]), (.average, "average", ["averageSeries", "avg"]), (.min, "min", ["minSeries"]),
            (.max, "max", ["maxSeries"]), (.diff, "diff", ["diffSeries"]), (.stddev, "stddev", ["stddevSeries"]),
            (.range, "rangeOf", ["rangeOfSeries"]),
        ]
        for (aggregation, title, keys) in names {
            for key in keys {
                table[key] = GraphiteFunction(["seriesLists…"]) { call in
                    try aggregate(try await call.allSeries(), aggregation, as: title, call)
                }
            }
        }
        table["multiplySeries"] = GraphiteFunction(["seriesLists…"]) { call in
            let series = try await call.allSeries()
            return call.arguments.count == 1 && series.count == 1 ? series : try aggregate(series, .multiply, call)
        }
        table["countSeries"] = GraphiteFunction(["seriesLists…"]) { call in
            let series = try await call.allSeries()
            return try combined(series, "countSeries(\(pathExpressions(series)))", call) { Double($0.count) }
        }
        table["aggregate"] = GraphiteFunction(["seriesList", "func", "xFilesFactor?"]) { call in
            let aggregation = try call.aggregation(1, "func", nil)
            let factor = try call.number(2, "xFilesFactor") ?? call.context.xFilesFactor
            let series = try await call.series()
            let text = try call.requiredString(1, "func")
            let name = "\(text.hasSuffix("Series") ? text : text + "Series")(\(pathExpressions(series)))"
            return try combined(series, name, call) { aggregation.of($0, factor) }
        }
        table["percentileOfSeries"] = GraphiteFunction(["seriesList", "n", "interpolate?"]) { call in
            let (percent, interpolates) = (try call.requiredNumber(1, "n"), try call.boolean(2, "interpolate"))
            guard percent > 0 else { throw QueryError(.malformed, "percentileOfSeries: n is not above 0") }
            let series = try await call.series()
            guard let first = series.first else { return [] }
            return try combined(series, "percentileOfSeries(\(first.pathExpression),\(short(percent)))", call) {
                GraphiteAggregation.percentile($0, percent, interpolates: interpolates)
            }
        }
        table["group"] = GraphiteFunction(["seriesLists…"]) { try await $0.allSeries() }
        return table
    }()

    /// Those that make one series of each group of several.
    static let grouping: [String: GraphiteFunction] = [
        "groupByNode": GraphiteFunction(["seriesList", "nodeNum", "callback?"]) { call in
            let node: GraphiteLabel
            if case .string(let text) = call.arguments.dropFirst().first, Int(text) == nil {
                node = .tag(text)
            } else {
                node = .component(try call.requiredInteger(1, "nodeNum"))
            }
            return try await grouped(call, [node], try call.string(2, "callback") ?? "average")
        },
        "groupByNodes": GraphiteFunction(["seriesList", "callback", "nodes…"]) { call in
            try await grouped(call, try call.nodes(from: 2), try call.requiredString(1, "callback"))
        },
        "sumSeriesWithWildcards": withWildcards(.sum), "averageSeriesWithWildcards": withWildcards(.average),
        "multiplySeriesWithWildcards": withWildcards(.multiply),
    ]

    private static func grouped(_ call: GraphiteCall, _ nodes: [GraphiteLabel], _ callback: String) async throws -> [GraphiteSeries]
    {
        let aggregation = GraphiteAggregation(callback)
        guard aggregation != nil || callback == "countSeries" else {
            throw QueryError(.unsupported, "\(call.name): callback '\(callback.prefix(40))' is not supported")
        }
        return try byKey(try await call.series(), call, callback == "countSeries" ? nil : aggregation) {
            GraphiteLabel.key($0, nodes)
        }
    }

    /// - Parameter aggregation: nil counts series.
    private static func byKey(
        _ series: [GraphiteSeries], _ call: GraphiteCall, _ aggregation: GraphiteAggregation?,
        _ key: (GraphiteSeries) -> String
    ) throws -> [GraphiteSeries] {
        var (keys, groups): ([String], [String: [GraphiteSeries]]) = ([], [:])
        for one in series {
            let key = key(one)
            if groups[key] == nil { keys.append(key) }
            groups[key, default: []].append(one)
        }
        return try keys.flatMap { key in
            let members = groups[key] ?? []
            let made =
                if let aggregation { try aggregate(members, aggregation, call) } else {
                    try combined(members, "countSeries(\(pathExpressions(members)))", call) { Double($0.count) }
                }
            return made.map { one in
                var one = one
                one.name = key
                return one
            }
        }
    }

    private static func withWildcards(_ aggregation: GraphiteAggregation) -> GraphiteFunction {
        GraphiteFunction(["seriesList", "positions…"]) { call in
            let positions = try call.nodes(from: 1)
            return try byKey(try await call.series(), call, aggregation) { one in
                one.name.split(separator: ".", omittingEmptySubsequences: false).enumerated()
                    .filter { !positions.contains(.component($0.offset)) }.map(\.element).joined(separator: ".")
            }
        }
    }
}
