/// Reads PromQL (https://prometheus.io/docs/prometheus/latest/querying/basics/), as far as there is something to do it with.
///
///     binary, weakest first:  or │ and unless │ == != < <= > >= │ + - │ * / % atan2 │ ^ (from the right)
///
/// An error says line and column: `1:14: parse error: expected ')', found the end`.
struct PromQLParser {
    private let text: [UInt8]
    private var tokens: [PromQLToken]
    private var position = 0
    private var depth = 0

    /// The longest text, in bytes, and how deep it may go.
    static let bytesMax = 16_384
    private static let depthMax = 100

    static let aggregations: Set<String> = [
        "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values",
    ]
    private static let withParameter: Set<String> = ["topk", "bottomk", "quantile", "count_values"]

    private init(_ text: String) throws(QueryError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw QueryError(.limit, "the expression is longer than \(Self.bytesMax) bytes, the limit of its length")
        }
        self.text = Array(text.utf8)
        tokens = try PromQLLexer.tokens(of: text)
    }

    static func parse(_ text: String) throws(QueryError) -> PromQLNode {
        var parser = try PromQLParser(text)
        let node = try parser.expression()
        guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
        return node
    }

    /// A selector by itself, as in `match[]`.
    static func parseSelector(_ text: String) throws(QueryError) -> [LabelMatcher] {
        let node = try parse(text)
        guard case .selector(let selector) = node.kind, selector.rangeMilliseconds == nil, selector.offsetMilliseconds == 0 else {
            throw QueryError(.malformed, "1:1: parse error: expected a selector")
        }
        return selector.matchers
    }

    // MARK: Expressions

    private mutating func expression(_ weakest: Int = 1) throws(QueryError) -> PromQLNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw QueryError(.limit, "the expression is deeper than \(Self.depthMax), the limit of its depth")
        }
        var left = try unary()
        while let (op, strength) = binaryOperator, strength >= weakest {
            let start = token.offset
            position += 1
            var actual = op
            if case .compare(let relation, _) = op, take(name: "bool") { actual = .compare(relation, isBoolean: true) }
            let matching = try self.matching(op, at: start)
            let right = try expression(op == .power ? strength : strength + 1)
            left = PromQLNode(kind: .binary(actual, matching, left, right), offset: left.offset)
        }
        return left
    }

    private var binaryOperator: (Operator, strength: Int)? {
        switch token.kind {
        case .identifier(let name):
            switch name.lowercased() {
            case "or": (.or, 1)
            case "and": (.and, 2)
            case "unless": (.unless, 2)
            case "atan2": (.arcTangent, 5)
            default: nil
            }
        case .sign(let sign):
            switch sign {
            case "==": (.compare(.equal, isBoolean: false), 3)
            case "!=": (.compare(.unequal, isBoolean: false), 3)
            case "<": (.compare(.less, isBoolean: false), 3)
            case "<=": (.compare(.lessOrEqual, isBoolean: false), 3)
            case ">": (.compare(.greater, isBoolean: false), 3)
            case ">=": (.compare(.greaterOrEqual, isBoolean: false), 3)
            case "+": (.add, 4)
            case "-": (.subtract, 4)
            case "*": (.multiply, 5)
            case "/": (.divide, 5)
            case "%": (.modulo, 5)
            case "^": (.power, 6)
            default: nil
            }
        default: nil
        }
    }

    private mutating func matching(_ op: Operator, at start: Int) throws(QueryError) -> Matching? {
        var matching: Matching?
        if take(name: "on") {
            matching = Matching(.by(try labelList()))
        } else if take(name: "ignoring") {
            matching = Matching(.without(try labelList()))
        }
        for (name, cardinality) in [("group_left", Matching.Cardinality.manyToOne), ("group_right", .oneToMany)] {
            guard take(name: name) else { continue }
            guard matching != nil, !op.isSetOperator else {
                throw error("\(name) needs on or ignoring in front, and an operator of values", at: start)
            }
            matching?.cardinality = cardinality
            if token.kind == .sign("(") { matching?.included = try labelList() }
        }
        return matching
    }

    private mutating func unary() throws(QueryError) -> PromQLNode {
        let start = token.offset
        if take("-") {
            // Weaker than a power, stronger than a product.
            let operand = try expression(6)
            if case .number(let value) = operand.kind { return PromQLNode(kind: .number(-value), offset: start) }
            return PromQLNode(kind: .negated(operand), offset: start)
        }
        if take("+") { return try expression(6) }
        return try modified(try primary())
    }

    private mutating func primary() throws(QueryError) -> PromQLNode {
        let start = token.offset
        switch token.kind {
        case .number(let value):
            position += 1
            return PromQLNode(kind: .number(value), offset: start)
        case .string(let text):
            position += 1
            return PromQLNode(kind: .string(text), offset: start)
        case .sign("("):
            position += 1
            let inner = try expression()
            try expect(")")
            return inner
        case .sign("{"): return PromQLNode(kind: .selector(PromQLSelector(matchers: try matchers([]))), offset: start)
        case .identifier(let name):
            position += 1
            let isAggregation = Self.aggregations.contains(name.lowercased())
            if isAggregation, token.kind == .sign("(") || isNext(name: "by") || isNext(name: "without") {
                return try aggregation(name.lowercased(), start)
            }
            if token.kind == .sign("(") { return PromQLNode(kind: .call(name, try arguments()), offset: start) }
            let named = try LabelMatcher(Labels.nameLabel, .equal, name)
            let all = token.kind == .sign("{") ? try matchers([named]) : [named]
            return PromQLNode(kind: .selector(PromQLSelector(matchers: all)), offset: start)
        default: throw unexpected("an expression")
        }
    }

    /// With a range and an offset behind it.
    private mutating func modified(_ node: PromQLNode) throws(QueryError) -> PromQLNode {
        var node = node
        while true {
            let start = token.offset
            if take("[") {
                guard case .duration(let range) = token.kind, range > 0 else { throw unexpected("a duration above zero") }
                position += 1
                if token.kind == .sign(":") { throw QueryError(.unsupported, "\(place(start)): subqueries are not supported") }
                try expect("]")
                guard case .selector(var selector) = node.kind, selector.rangeMilliseconds == nil, selector.offsetMilliseconds == 0
                else {
                    throw error("a range is for a selector", at: start)
                }
                selector.rangeMilliseconds = range
                node.kind = .selector(selector)
            } else if take(name: "offset") {
                let isNegative = take("-")
                guard case .duration(let offset) = token.kind else { throw unexpected("a duration") }
                position += 1
                guard case .selector(var selector) = node.kind else { throw error("an offset is for a selector", at: start) }
                guard selector.offsetMilliseconds == 0 else { throw error("an offset is given twice", at: start) }
                selector.offsetMilliseconds = isNegative ? -offset : offset
                node.kind = .selector(selector)
            } else if token.kind == .sign("@") {
                throw QueryError(.unsupported, "\(place(start)): the modifier @ is not supported")
            } else {
                return node
            }
        }
    }

    private mutating func aggregation(_ name: String, _ start: Int) throws(QueryError) -> PromQLNode {
        var grouping = try self.grouping()
        var arguments = try self.arguments()
        if grouping == nil { grouping = try self.grouping() }
        let expected = Self.withParameter.contains(name) ? 2 : 1
        guard arguments.count == expected else {
            throw error("\(name) has \(arguments.count) arguments, expected \(expected)", at: start)
        }
        let operand = arguments.removeLast()
        return PromQLNode(kind: .aggregation(name, grouping ?? .all, parameter: arguments.first, operand), offset: start)
    }

    private mutating func grouping() throws(QueryError) -> Grouping? {
        if take(name: "by") { return .by(try labelList()) }
        if take(name: "without") { return .without(try labelList()) }
        return nil
    }

    private mutating func arguments() throws(QueryError) -> [PromQLNode] {
        try expect("(")
        var arguments: [PromQLNode] = []
        while !take(")") {
            if !arguments.isEmpty { try expect(",") }
            arguments.append(try expression())
        }
        return arguments
    }

    private mutating func labelList() throws(QueryError) -> [String] {
        try expect("(")
        var names: [String] = []
        while !take(")") {
            if !names.isEmpty {
                try expect(",")
                if take(")") { return names }
            }
            guard case .identifier(let name) = token.kind, !name.contains(":") else { throw unexpected("a label") }
            position += 1
            names.append(name)
        }
        return names
    }

    private mutating func matchers(_ named: [LabelMatcher]) throws(QueryError) -> [LabelMatcher] {
        let start = token.offset
        try expect("{")
        var matchers = named
        var isFirst = true
        while !take("}") {
            if !isFirst {
                try expect(",")
                if take("}") { break }
            }
            isFirst = false
            guard case .identifier(let name) = token.kind, !name.contains(":") else { throw unexpected("a label") }
            position += 1
            guard case .sign(let sign) = token.kind, let comparison = LabelMatcher.Comparison(rawValue: sign) else {
                throw unexpected("'=', '!=', '=~' or '!~'")
            }
            position += 1
            guard case .string(let value) = token.kind else { throw unexpected("a text") }
            do throws(QueryError) {
                matchers.append(try LabelMatcher(name, comparison, value))
            } catch {
                throw QueryError(error.code, "\(place(token.offset)): parse error: \(error.message)")
            }
            position += 1
        }
        guard matchers.contains(where: { !$0.matchesEmpty }) else {
            throw error("a selector needs a matcher at least that the empty text does not match", at: start)
        }
        return matchers
    }

    // MARK: Words

    private var token: PromQLToken { tokens[position] }

    private func isNext(name: String) -> Bool {
        if case .identifier(let found) = token.kind { found.lowercased() == name } else { false }
    }

    private mutating func take(name: String) -> Bool {
        guard isNext(name: name) else { return false }
        position += 1
        return true
    }

    private mutating func take(_ sign: String) -> Bool {
        guard token.kind == .sign(sign) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ sign: String) throws(QueryError) {
        if !take(sign) { throw unexpected("'\(sign)'") }
    }

    private func unexpected(_ expected: String) -> QueryError {
        error("expected \(expected), found \(token.description)", at: token.offset)
    }

    private func error(_ message: String, at offset: Int) -> QueryError { Self.error(message, at: offset, in: text) }
    private func place(_ offset: Int) -> String { Self.place(offset, in: text) }

    static func error(_ message: String, at offset: Int, in text: [UInt8]) -> QueryError {
        QueryError(.malformed, "\(place(offset, in: text)): parse error: \(message)")
    }

    /// Line and column, both counted from 1.
    static func place(_ offset: Int, in text: [UInt8]) -> String {
        let before = text.prefix(offset)
        let line = before.count { $0 == 10 } + 1
        let start = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
        return "\(line):\(offset - start + 1)"
    }
}
