/// A call of one of PromQL's functions.
struct PromQLCall {
    private let compiler: PromQLCompiler
    private let name: String
    private let arguments: [PromQLNode]
    private let node: PromQLNode

    init(_ compiler: PromQLCompiler, _ name: String, _ arguments: [PromQLNode], _ node: PromQLNode) {
        (self.compiler, self.name, self.arguments, self.node) = (compiler, name, arguments, node)
    }

    /// Functions of a range of a selector.
    private static let readings: [String: Reading] = [
        "rate": .rate, "increase": .increase, "irate": .instantRate, "avg_over_time": .mean, "min_over_time": .min,
        "max_over_time": .max, "sum_over_time": .sum, "count_over_time": .count, "last_over_time": .last,
        "present_over_time": .present, "delta": .sequence(.delta), "idelta": .sequence(.lastDelta), "deriv": .sequence(.derivative),
        "changes": .sequence(.changes), "resets": .sequence(.resets), "stddev_over_time": .sequence(.deviation),
        "stdvar_over_time": .sequence(.variance),
    ]
    private static let growths: Set<String> = ["rate", "increase", "irate"]

    /// Functions of each value.
    private static let transforms: [String: Transform] = [
        "abs": .absolute, "ceil": .ceiling, "floor": .floor, "exp": .exponential, "sqrt": .squareRoot, "sgn": .sign,
        "ln": .naturalLogarithm, "log2": .binaryLogarithm, "log10": .decimalLogarithm,
    ]

    func expression() throws(QueryError) -> Expression {
        if let reading = Self.readings[name] {
            try expect(1...1)
            return try read(reading, arguments[0])
        }
        if let transform = Self.transforms[name] {
            try expect(1...1)
            return .map(transform, try compiler.series(arguments[0]))
        }
        if name.hasPrefix("histogram_") { return try histogram() }
        switch name {
        case "quantile_over_time": return try quantileOverTime()
        case "predict_linear":
            try expect(2...2)
            return try read(.sequence(.prediction(seconds: try compiler.constant(arguments[1]))), arguments[0])
        case "absent_over_time":
            try expect(1...1)
            return .absent(labels(of: arguments[0]), try read(.present, arguments[0]))
        case "absent":
            try expect(1...1)
            return .absent(labels(of: arguments[0]), try compiler.series(arguments[0]))
        case "round":
            try expect(1...2)
            let unit = arguments.count == 2 ? try compiler.constant(arguments[1]) : 1
            return .map(.rounded(toMultipleOf: unit), try compiler.series(arguments[0]))
        case "clamp", "clamp_min", "clamp_max": return try clamped()
        case "time":
            try expect(0...0)
            return .time
        case "vector":
            try expect(1...1)
            let operand = try compiler.expression(arguments[0])
            guard operand.isScalar else { throw compiler.error("vector needs a scalar", node) }
            return .vector(operand)
        case "scalar":
            try expect(1...1)
            return .scalar(try compiler.series(arguments[0]))
        case "sort", "sort_desc":
            try expect(1...1)
            return .sorted(descending: name == "sort_desc", try compiler.series(arguments[0]))
        default: throw compiler.unsupported("the function \(name)", node)
        }
    }

    private func expect(_ counts: ClosedRange<Int>) throws(QueryError) {
        guard counts.contains(arguments.count) else {
            let expected = counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) or \(counts.upperBound)"
            throw compiler.error("\(name) has \(arguments.count) arguments, expected \(expected)", node)
        }
    }

    private func range(_ argument: PromQLNode) throws(QueryError) -> PromQLSelector {
        guard case .selector(let selector) = argument.kind else {
            throw compiler.error("\(name) needs a selector with a range, such as x[5m]", argument)
        }
        guard selector.rangeMilliseconds != nil else {
            throw compiler.error("\(name) needs a range behind the selector, such as [5m]", argument)
        }
        return selector
    }

    private func read(_ reading: Reading, _ argument: PromQLNode) throws(QueryError) -> Expression {
        let selector = try range(argument)
        guard Self.growths.contains(name) else { return try compiler.statistics(selector, reading, argument) }
        var expression = try compiler.statistics(selector, reading, argument)
        // Only what runs can grow: a gauge that goes up and down has a derivative.
        if case .statistics(var selection, let reading, let span) = expression {
            let running = Set(MetricField.allCases.filter(\.isRunning))
            let possible = selection.possibleFields
            guard possible.isEmpty || !possible.isDisjoint(with: running) else {
                throw compiler.unsupported(
                    "\(name) of what is no counter (its name ends with _total, _ms_count or _ms_sum); for gauges there are delta and deriv: it",
                    node)
            }
            selection.fields = running
            expression = .statistics(selection, reading, span)
        }
        return expression
    }

    private func clamped() throws(QueryError) -> Expression {
        try expect(name == "clamp" ? 3...3 : 2...2)
        let bounds = (try compiler.constant(arguments[1]), name == "clamp" ? try compiler.constant(arguments[2]) : 0)
        let operand = try compiler.series(arguments[0])
        switch name {
        case "clamp": return .map(.clamped(bounds.0, bounds.1), operand)
        case "clamp_min": return .map(.clamped(bounds.0, .infinity), operand)
        default: return .map(.clamped(-.infinity, bounds.0), operand)
        }
    }

    private func quantileOverTime() throws(QueryError) -> Expression {
        try expect(2...2)
        let quantile = try compiler.constant(arguments[0])
        let selector = try range(arguments[1])
        let selection = Selection(matchers: selector.matchers)
        let fields = selection.possibleFields
        guard !fields.isEmpty, fields.allSatisfy(\.isDistribution) else {
            return try compiler.statistics(selector, .sequence(.quantile(quantile)), arguments[1])
        }
        // That of all samples, and not of values minute by minute.
        return .distribution(selection, span(selector), nil, .quantile(quantile))
    }

    private func span(_ selector: PromQLSelector) -> Span {
        Span(
            milliseconds: selector.rangeMilliseconds ?? Span.lookbackMilliseconds, offsetMilliseconds: selector.offsetMilliseconds)
    }

    // MARK: Histograms

    private func histogram() throws(QueryError) -> Expression {
        switch name {
        case "histogram_quantile":
            try expect(2...2)
            let quantile = try compiler.constant(arguments[0])
            return try distribution(arguments[1]) { _ in .quantile(quantile) }
        case "histogram_fraction":
            try expect(3...3)
            let bounds = (try compiler.constant(arguments[0]), try compiler.constant(arguments[1]))
            return try distribution(arguments[2]) { _ in .fraction(above: bounds.0, through: bounds.1) }
        case "histogram_count", "histogram_sum", "histogram_avg":
            try expect(1...1)
            return try distribution(arguments[0]) { bySecond in
                name == "histogram_avg" ? .mean : name == "histogram_sum" ? .sum(bySecond: bySecond) : .count(bySecond: bySecond)
            }
        default: throw compiler.unsupported("the function \(name)", node)
        }
    }

    /// `rate(x_ms[5m])`, or a sum of that by groups.
    private func distribution(
        _ argument: PromQLNode, _ grouping: Grouping? = nil, _ summary: (_ bySecond: Bool) -> Summary
    ) throws(QueryError) -> Expression {
        switch argument.kind {
        case .aggregation("sum", let own, parameter: nil, let operand) where grouping == nil:
            return try distribution(operand, own, summary)
        case .call(let function, let operands) where function == "rate" || function == "increase":
            guard operands.count == 1, case .selector(let selector) = operands[0].kind, selector.rangeMilliseconds != nil else {
                throw compiler.error("\(function) needs a selector with a range, such as x_ms[5m]", argument)
            }
            let selection = Selection(matchers: selector.matchers)
            guard selection.possibleFields.contains(where: \.isDistribution) else {
                throw compiler.error("\(name) needs a distribution, whose name ends with _ms or _ms_bucket", operands[0])
            }
            return .distribution(selection, span(selector), grouping, summary(function == "rate"))
        default:
            throw compiler.unsupported("\(name) of anything but rate(…) or increase(…), or sum of these,", argument)
        }
    }

    /// The labels of what is missing: those that a selector wants to be equal.
    private func labels(of argument: PromQLNode) -> Labels {
        guard case .selector(let selector) = argument.kind else { return Labels() }
        let equal = selector.matchers.filter { $0.comparison == .equal && $0.name != Labels.nameLabel }
        return Labels(
            equal.filter { one in selector.matchers.count { $0.name == one.name } == 1 }.map { Label($0.name, $0.value) })
    }
}
