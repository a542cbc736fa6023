extension GraphiteFunctions {
    /// Those that change names only.
    static let naming: [String: GraphiteFunction] = [
        "alias": GraphiteFunction(["seriesList", "newName"]) { call in
            let name = try call.requiredString(1, "newName")
            return try await call.series().map { $0.named(name) }
        },
        "aliasByNode": byNode,
        "aliasByTags": byNode,
        "aliasByMetric": GraphiteFunction(["seriesList"]) { call in
            try await call.series().map { $0.named(substring($0.name, from: -1, to: 0)) }
        },
        "aliasSub": GraphiteFunction(["seriesList", "search", "replace"]) { call in
            let search = try GraphiteExpression(call.requiredString(1, "search"))
            let replace = try call.requiredString(2, "replace")
            return try await call.series().map { one in
                try call.evaluator.check()
                return one.named(search.replacing(in: one.name, with: replace))
            }
        },
        "substr": GraphiteFunction(["seriesList", "start?", "stop?"]) { call in
            let (start, stop) = (try call.integer(1, "start") ?? 0, try call.integer(2, "stop") ?? 0)
            return try await call.series().map { $0.named(substring($0.name, from: start, to: stop)) }
        },
        "consolidateBy": GraphiteFunction(["seriesList", "consolidationFunc"]) { call in
            let function = try call.requiredString(1, "consolidationFunc")
            guard GraphiteSeries.consolidations.contains(function) else {
                throw QueryError(.unsupported, "consolidateBy: '\(function.prefix(40))' is not supported")
            }
            return try await call.series().map { one in
                var one = one.renamed("consolidateBy(\(one.name),\"\(function)\")")
                one.consolidation = function
                return one
            }
        },
    ]

    private static let byNode = GraphiteFunction(["seriesList", "nodes…"]) { call in
        let nodes = try call.nodes(from: 1)
        guard !nodes.isEmpty else { throw QueryError(.malformed, "\(call.name): lacks the argument 'nodes'") }
        return try await call.series().map { $0.named(GraphiteLabel.key($0, nodes)) }
    }

    /// Some components of the innermost path.
    private static func substring(_ name: String, from start: Int, to stop: Int) -> String {
        var text = name[...]
        let right = text.firstIndex(of: ")") ?? text.endIndex
        let left = text.lastIndex(of: "(").map { text.index(after: $0) } ?? text.startIndex
        text = left <= right ? text[left..<right] : ""
        let components = text.split(separator: ".", omittingEmptySubsequences: false)
        func bound(_ index: Int) -> Int { min(components.count, max(0, index < 0 ? components.count + index : index)) }
        let (from, to) = (bound(start), stop == 0 ? components.count : bound(stop))
        let part = from < to ? components[from..<to].joined(separator: ".") : ""
        return String(part.prefix { $0 != "," })
    }
}

extension GraphiteSeries {
    /// With another name; what it came from stays.
    fileprivate func named(_ name: String) -> GraphiteSeries {
        var series = self
        series.name = name
        return series
    }
}
