extension GraphiteFunctions {
    /// Those that choose among series, or put them in order.
    static let choosing: [String: GraphiteFunction] = {
        var table: [String: GraphiteFunction] = [
            "highest": chosen(highest: true), "lowest": chosen(highest: false),
            "sortBy": GraphiteFunction(["seriesList", "func?", "reverse?"]) { call in
                let aggregation = try call.aggregation(1, "func", .average)
                return sorted(try await call.series(), highestFirst: try call.boolean(2, "reverse")) { aggregation.of($0.points) }
            },
            "sortByName": GraphiteFunction(["seriesList", "natural?", "reverse?"]) { call in
                let (isNatural, isReverse) = (try call.boolean(1, "natural"), try call.boolean(2, "reverse"))
                let keyed = try await call.series().map { (isNatural ? natural($0.name) : $0.name, $0) }
                return keyed.enumerated().sorted { a, b in
                    let (x, y) = (Array(a.element.0.unicodeScalars), Array(b.element.0.unicodeScalars))
                    if x == y { return a.offset < b.offset }
                    return isReverse ? y.lexicographicallyPrecedes(x) : x.lexicographicallyPrecedes(y)
                }.map(\.element.1)
            },
            "limit": GraphiteFunction(["seriesList", "n"]) { call in
                let count = try call.requiredInteger(1, "n")
                let series = try await call.series()
                return Array(count < 0 ? series.dropLast(-count) : series.prefix(count))
            },
            "exclude": matching(false), "grep": matching(true),
            "removeEmptySeries": GraphiteFunction(["seriesList", "xFilesFactor?"]) { call in
                let factor = try call.number(1, "xFilesFactor") ?? 0
                return try await call.series().filter { one in
                    let points = one.points
                    return GraphiteAggregation.suffices(points.count { !$0.isNaN }, of: points.count, factor)
                }
            },
            "mostDeviant": GraphiteFunction(["seriesList", "n"]) { call in
                let count = try call.requiredInteger(1, "n")
                let series = try await call.series().filter { one in one.values.contains { !$0.isNaN } }
                let ordered = sorted(series, highestFirst: true) { one in
                    let present = one.points.filter { !$0.isNaN }
                    let mean = present.reduce(0, +) / Double(present.count)
                    return present.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(present.count)
                }
                return Array(ordered.prefix(max(0, count)))
            },
            "filterSeries": GraphiteFunction(["seriesList", "func", "operator", "threshold"]) { call in
                let (aggregation, op) = (try call.aggregation(1, "func", nil), try call.requiredString(2, "operator"))
                return try await filtered(call, aggregation, op, try call.requiredNumber(3, "threshold"))
            },
        ]
        for (name, aggregation, isHighest) in [
            ("highestMax", GraphiteAggregation.max, true), ("highestAverage", .average, true), ("highestCurrent", .last, true),
            ("lowestAverage", .average, false), ("lowestCurrent", .last, false),
        ] {
            table[name] = GraphiteFunction(["seriesList", "n"]) { call in
                try await chosen(call, aggregation, highest: isHighest, try call.requiredInteger(1, "n"))
            }
        }
        for (name, aggregation, isHighest) in [
            ("sortByMaxima", GraphiteAggregation.max, true), ("sortByTotal", .sum, true), ("sortByMinima", .min, false),
        ] {
            table[name] = GraphiteFunction(["seriesList"]) { call in
                let series = try await call.series()
                // A series that is never above zero has no minimum there.
                let wanted = name == "sortByMinima" ? series.filter { (GraphiteAggregation.max.of($0.points)) > 0 } : series
                return sorted(wanted, highestFirst: isHighest) { aggregation.of($0.points) }
            }
        }
        for (name, aggregation, op) in [
            ("maximumAbove", GraphiteAggregation.max, ">"), ("minimumAbove", .min, ">"), ("maximumBelow", .max, "<="),
            ("minimumBelow", .min, "<="), ("averageAbove", .average, ">"), ("averageBelow", .average, "<="),
            ("currentAbove", .last, ">"), ("currentBelow", .last, "<="),
        ] {
            table[name] = GraphiteFunction(["seriesList", "n"]) { call in
                try await filtered(call, aggregation, op, try call.requiredNumber(1, "n"))
            }
        }
        return table
    }()

    private static func chosen(highest: Bool) -> GraphiteFunction {
        GraphiteFunction(["seriesList", "n?", "func?"]) { call in
            try await chosen(call, try call.aggregation(2, "func", .average), highest: highest, try call.integer(1, "n") ?? 1)
        }
    }

    private static func chosen(
        _ call: GraphiteCall, _ aggregation: GraphiteAggregation, highest: Bool, _ count: Int
    ) async throws -> [GraphiteSeries] {
        let ordered = sorted(try await call.series(), highestFirst: highest) { aggregation.of($0.points) }
        return Array(count < 0 ? ordered.dropLast(-count) : ordered.prefix(count))
    }

    /// Equal ones stay as they were; what has no value counts as the lowest.
    private static func sorted(
        _ series: [GraphiteSeries], highestFirst: Bool, _ key: (GraphiteSeries) -> Double
    ) -> [GraphiteSeries] {
        let keyed = series.map { one in
            let value = key(one)
            return (value.isNaN ? -Double.infinity : value, one)
        }
        return keyed.enumerated().sorted { a, b in
            let (x, y) = (a.element.0, b.element.0)
            return x == y ? a.offset < b.offset : highestFirst ? x > y : x < y
        }.map(\.element.1)
    }

    private static func matching(_ isWanted: Bool) -> GraphiteFunction {
        GraphiteFunction(["seriesList", "pattern"]) { call in
            let pattern = try GraphiteExpression(call.requiredString(1, "pattern"))
            return try await call.series().filter { one in
                try call.evaluator.check()
                return pattern.isIn(one.name) == isWanted
            }
        }
    }

    private static func filtered(
        _ call: GraphiteCall, _ aggregation: GraphiteAggregation, _ op: String, _ threshold: Double
    ) async throws -> [GraphiteSeries] {
        guard ["=", "!=", ">", ">=", "<", "<="].contains(op) else {
            throw QueryError(.unsupported, "\(call.name): operator '\(op.prefix(8))' is not supported")
        }
        return try await call.series().filter { one in
            let value = aggregation.of(one.points)
            return switch op {
            case "=": value == threshold
            case "!=": value != threshold
            case ">": value > threshold
            case ">=": value >= threshold
            case "<": !(value >= threshold)
            default: !(value > threshold)
            }
        }
    }

    /// With all numbers as long as each other.
    private static func natural(_ name: String) -> String {
        var (result, digits) = ("", "")
        func flush() {
            if digits.isEmpty { return }
            let number = String(digits.drop { $0 == "0" })
            result += String(repeating: "0", count: max(0, 10 - max(1, number.count))) + (number.isEmpty ? "0" : number)
            digits = ""
        }
        for character in name {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else {
                flush()
                result.append(character)
            }
        }
        flush()
        return result
    }
}
