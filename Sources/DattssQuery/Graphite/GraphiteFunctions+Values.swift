extension GraphiteFunctions {
    /// Those that change values, one by one or from one to the next.
    static let values: [String: GraphiteFunction] = [
        "scale": each("scale", "factor") { $0 * $1 },
        "offset": each("offset", "factor") { $0 + $1 },
        "pow": each("pow", "factor") { Elementary.power($0, $1) },
        "removeAboveValue": each("removeAboveValue", "n", separator: ", ") { $0 > $1 ? .gap : $0 },
        "removeBelowValue": each("removeBelowValue", "n", separator: ", ") { $0 < $1 ? .gap : $0 },
        "squareRoot": each("squareRoot") { $0 < 0 ? .gap : $0.squareRoot() },
        "invert": each("invert") { 1 / $0 },
        "absolute": each("absolute") { abs($0) },
        "isNonNull": each("isNonNull") { $0.isNaN ? 0 : 1 },
        "transformNull": each(["seriesList", "default?"]) { call in
            let standard = try call.number(1, "default") ?? 0
            return Each(name: { "transformNull(\($0),\(short(standard)))" }, value: { $0.isNaN ? standard : $0 })
        },
        "log": logarithm,
        "keepLastValue": GraphiteFunction(["seriesList", "limit?"]) { call in
            let limit = try call.number(1, "limit") ?? .infinity
            return try await call.series().map {
                $0.renamed("keepLastValue(\($0.name))", filled($0.values, limit) { last, _, _ in last })
            }
        },
        "interpolate": GraphiteFunction(["seriesList", "limit?"]) { call in
            let limit = try call.number(1, "limit") ?? .infinity
            return try await call.series().map { one in
                one.renamed(
                    "interpolate(\(one.name))",
                    filled(one.values, limit) { last, next, share in
                        next.isNaN ? .gap : last + share * (next - last)
                    })
            }
        },
        "changed": GraphiteFunction(["seriesList"]) { call in
            try await call.series().map { one in
                var previous = Double.gap
                return one.renamed(
                    "changed(\(one.name))",
                    one.values.map { value in
                        defer { if previous.isNaN || !value.isNaN { previous = value } }
                        return previous.isNaN || value.isNaN || previous == value ? 0 : 1
                    })
            }
        },
        "derivative": differences(bounded: false) { value, previous, _ in value - previous },
        "nonNegativeDerivative": differences(bounded: true, rise),
        "perSecond": differences(bounded: true, bySecond: true, rise),
        "integral": GraphiteFunction(["seriesList"]) { call in
            try await call.series().map { one in
                var sum = 0.0
                return one.replaced(
                    "integral(\(one.name))",
                    one.points.map { value in
                        if value.isNaN { return .gap }
                        sum += value
                        return sum
                    })
            }
        },
        "delay": GraphiteFunction(["seriesList", "steps"]) { call in
            let steps = try call.requiredInteger(1, "steps")
            return try await call.series().map { one in
                let count = min(abs(steps), one.values.count)
                let gaps = [Double](repeating: .gap, count: count)
                let moved = steps < 0 ? Array(one.values.dropFirst(count)) + gaps : gaps + one.values.dropLast(count)
                return one.replaced("delay(\(one.name),\(steps))", moved)
            }
        },
        "scaleToSeconds": GraphiteFunction(["seriesList", "seconds"]) { call in
            let seconds = try call.requiredNumber(1, "seconds")
            return try await call.series().map { one in
                one.renamed(
                    "scaleToSeconds(\(one.name),\(Int(seconds)))", one.values.map { rounded($0 * (seconds / Double(one.step))) })
            }
        },
    ]

    private static let logarithm = GraphiteFunction(["seriesList", "base?"]) { call in
        let base = try call.number(1, "base") ?? 10
        let text = call.arguments.count > 1 || call.named["base"] != nil ? call.text(1, "base") : "10"
        return try await call.series().map { one in
            one.replaced(
                "log(\(one.name), \(text))", one.points.map { $0 > 0 ? (Elementary.log($0) / Elementary.log(base)).orGap : .gap })
        }
    }

    /// Runs of gaps between values, or at the end, that are not longer than a limit.
    /// - Parameter fill: of the value in front, that behind (no number at the end), and how far it is between both.
    private static func filled(
        _ values: [Double], _ limit: Double, _ fill: (_ last: Double, _ next: Double, _ share: Double) -> Double
    ) -> [Double] {
        var filled = values
        var last: Int?
        func close(_ end: Int, _ next: Double) {
            guard let last, case let gaps = end - last - 1, gaps > 0, Double(gaps) <= limit else { return }
            for index in (last + 1)..<end { filled[index] = fill(values[last], next, Double(index - last) / Double(gaps + 1)) }
        }
        for (index, value) in values.enumerated() where !value.isNaN {
            close(index, value)
            last = index
        }
        close(values.count, .gap)
        return filled
    }

    /// What a counter's values are known to be between.
    private struct Bounds {
        var highest: Double?
        var lowest: Double?

        func contains(_ value: Double) -> Bool { !(value > highest ?? .infinity) && !(value < lowest ?? -.infinity) }
    }

    private static func differences(
        bounded: Bool, bySecond: Bool = false,
        _ body: @escaping @Sendable (_ value: Double, _ previous: Double, _ bounds: Bounds) -> Double
    ) -> GraphiteFunction {
        GraphiteFunction(["seriesList"] + (bounded ? ["maxValue?", "minValue?"] : [])) { call in
            let bounds =
                bounded ? Bounds(highest: try call.number(1, "maxValue"), lowest: try call.number(2, "minValue")) : Bounds()
            return try await call.series().map { one in
                var previous = Double.gap
                let values = one.points.map { value -> Double in
                    guard bounds.contains(value) else {
                        previous = .gap
                        return .gap
                    }
                    defer { previous = value }
                    if value.isNaN || previous.isNaN { return .gap }
                    let difference = body(value, previous, bounds)
                    return bySecond ? rounded(difference / Double(one.step)) : difference.orGap
                }
                return one.replaced("\(call.name)(\(one.name))", values)
            }
        }
    }

    /// By how much a counter rose; where it began anew, as far as its bounds tell.
    private static func rise(_ value: Double, _ previous: Double, _ bounds: Bounds) -> Double {
        if value >= previous { return value - previous }
        if let highest = bounds.highest { return highest + 1 + value - previous - (bounds.lowest ?? 0) }
        return bounds.lowest.map { value - $0 } ?? .gap
    }

    /// To six decimals, as Python does it: the nearest double to the nearest decimal.
    static func rounded(_ value: Double) -> Double {
        let scaled = value * 1e6
        return scaled.magnitude < 1e15 ? (scaled.rounded(.toNearestOrEven) / 1e6).orGap : value.orGap
    }
}
