/// The part of PromQL that there is, as expressions of the engine.
public enum PromQL {
    /// Reads an expression.
    /// - Throws: ``QueryError/Code/malformed`` with line and column; ``QueryError/Code/unsupported``, which names what is not there.
    public static func expression(_ text: String) throws(QueryError) -> Expression {
        try PromQLCompiler(text).expression(try PromQLParser.parse(text))
    }

    /// Reads a selector, as `match[]` has it.
    public static func selection(_ text: String) throws(QueryError) -> Selection {
        Selection(matchers: try PromQLParser.parseSelector(text))
    }

    /// A duration, as a parameter has it: `5m`, `1h30m`, or seconds.
    /// - Returns: milliseconds; nil for what is none.
    public static func duration(_ text: String) -> Int64? {
        guard let tokens = try? PromQLLexer.tokens(of: text), tokens.count == 2 else { return nil }
        switch tokens[0].kind {
        case .duration(let milliseconds): return milliseconds
        case .number(let seconds) where seconds.magnitude < 1e12: return Int64((seconds * 1000).rounded())
        default: return nil
        }
    }
}

/// Makes expressions of the engine out of what was written.
struct PromQLCompiler {
    private let text: [UInt8]

    init(_ text: String) { self.text = Array(text.utf8) }

    func expression(_ node: PromQLNode) throws(QueryError) -> Expression {
        switch node.kind {
        case .number(let value): return .number(value)
        case .string: throw error("a text is no value here", node)
        case .selector(let selector):
            guard selector.rangeMilliseconds == nil else {
                throw error("a range of a selector needs a function, such as rate", node)
            }
            return try statistics(selector, .instant, node)
        case .negated(let operand): return .map(.negated, try expression(operand))
        case .binary(let op, let matching, let left, let right): return try binary(op, matching, left, right, node)
        case .aggregation(let name, let grouping, let parameter, let operand):
            return try aggregation(name, grouping, parameter, operand, node)
        case .call(let name, let arguments): return try PromQLCall(self, name, arguments, node).expression()
        }
    }

    /// What must be series.
    func series(_ node: PromQLNode) throws(QueryError) -> Expression {
        let expression = try expression(node)
        guard !expression.isScalar else { throw error("expected series, found a scalar", node) }
        return expression
    }

    /// What must be a number that is known now.
    func constant(_ node: PromQLNode) throws(QueryError) -> Double {
        let expression = try expression(node)
        guard let value = expression.constant else {
            throw expression.isScalar
                ? unsupported("a parameter that is no constant", node) : error("expected a number, found series", node)
        }
        return value
    }

    func statistics(_ selector: PromQLSelector, _ reading: Reading, _ node: PromQLNode) throws(QueryError) -> Expression {
        let selection = Selection(matchers: selector.matchers)
        let fields = selection.possibleFields
        guard fields.isEmpty || !fields.allSatisfy(\.isDistribution) else {
            throw QueryError(
                .unsupported,
                "\(place(node)): a distribution is no number: ask histogram_quantile, histogram_count, histogram_sum, histogram_avg or "
                    + "histogram_fraction of rate(…) of it")
        }
        return .statistics(
            selection, reading,
            Span(
                milliseconds: selector.rangeMilliseconds ?? Span.lookbackMilliseconds,
                offsetMilliseconds: selector.offsetMilliseconds))
    }

    private func binary(
        _ op: Operator, _ matching: Matching?, _ left: PromQLNode, _ right: PromQLNode, _ node: PromQLNode
    ) throws(QueryError) -> Expression {
        let (a, b) = (try expression(left), try expression(right))
        if op.isSetOperator {
            guard !a.isScalar, !b.isScalar else { throw error("and, or, unless are of series, not of scalars", node) }
        } else if a.isScalar && b.isScalar, op.isFilter {
            throw error("a comparison of scalars needs bool", node)
        }
        guard matching == nil || (!a.isScalar && !b.isScalar) else {
            throw error("on and ignoring are for two sets of series", node)
        }
        return .combine(op, a, b, matching ?? Matching())
    }

    private func aggregation(
        _ name: String, _ grouping: Grouping, _ parameter: PromQLNode?, _ operand: PromQLNode, _ node: PromQLNode
    ) throws(QueryError) -> Expression {
        if name == "count_values" { throw unsupported("count_values", node) }
        let operand = try series(operand)
        let value = try parameter.map { (parameter) throws(QueryError) in try constant(parameter) } ?? 0
        switch name {
        case "sum": return .reduce(.sum, grouping, operand)
        case "avg": return .reduce(.mean, grouping, operand)
        case "min": return .reduce(.min, grouping, operand)
        case "max": return .reduce(.max, grouping, operand)
        case "count": return .reduce(.count, grouping, operand)
        case "group": return .reduce(.group, grouping, operand)
        case "stddev": return .reduce(.deviation, grouping, operand)
        case "stdvar": return .reduce(.variance, grouping, operand)
        case "quantile": return .reduce(.quantile(value), grouping, operand)
        default:
            guard value.magnitude < 1e9 else { throw error("\(name) of \(value) series", node) }
            return .choose(Choice(Int(value), isHighest: name == "topk"), grouping, operand)
        }
    }

    // MARK: Errors

    func error(_ message: String, _ node: PromQLNode) -> QueryError { PromQLParser.error(message, at: node.offset, in: text) }

    func unsupported(_ what: String, _ node: PromQLNode) -> QueryError {
        QueryError(.unsupported, "\(place(node)): \(what) is not supported")
    }

    func place(_ node: PromQLNode) -> String { PromQLParser.place(node.offset, in: text) }
}

extension Expression {
    /// The number that it is at every instant, when that needs no looking.
    var constant: Double? {
        switch self {
        case .number(let value): value
        case .map(.negated, let operand): operand.constant.map { -$0 }
        case .combine(let op, let a, let b, _): a.constant.flatMap { a in b.constant.map { op.value(a, $0) } }
        default: nil
        }
    }
}
