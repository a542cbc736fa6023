/// A call of a function, whose arguments are worked out as they are asked for.
struct GraphiteCall: Sendable {
    let name: String
    let arguments: [GraphiteNode]
    let named: [String: GraphiteNode]
    let evaluator: GraphiteEvaluator
    let context: GraphiteContext

    /// - Parameter parameters: the names of all; one that ends with `…` stands for as many as there are, with `?` for one that may be
    ///   left out.
    func check(_ parameters: [String]) throws(QueryError) {
        let isOpen = parameters.last?.hasSuffix("…") ?? false
        if arguments.count > parameters.count, !isOpen {
            throw QueryError(.malformed, "\(name): has \(arguments.count) arguments, expected at most \(parameters.count)")
        }
        let plain = parameters.map(Self.plain)
        for (key, _) in named {
            guard let index = plain.firstIndex(of: key) else {
                throw QueryError(.unsupported, "\(name): has no argument '\(key.prefix(40))'")
            }
            if index < arguments.count { throw QueryError(.malformed, "\(name): has the argument '\(key)' twice") }
        }
        for (index, parameter) in parameters.enumerated() where !parameter.hasSuffix("…") && !parameter.hasSuffix("?") {
            if argument(index, plain[index]) == nil {
                throw QueryError(.malformed, "\(name): lacks the argument '\(plain[index])'")
            }
        }
    }

    private static func plain(_ parameter: String) -> String { String(parameter.prefix { $0 != "…" && $0 != "?" }) }

    private func argument(_ index: Int, _ key: String) -> GraphiteNode? {
        if index < arguments.count { return arguments[index] == .none ? nil : arguments[index] }
        return named[key].flatMap { $0 == .none ? nil : $0 }
    }

    // MARK: Series

    /// The series of an argument.
    func series(_ index: Int = 0) async throws -> [GraphiteSeries] { try await series(index, context) }

    func series(_ index: Int, _ context: GraphiteContext) async throws -> [GraphiteSeries] {
        guard index < arguments.count else { throw QueryError(.malformed, "\(name): lacks series") }
        return try await evaluator.series(arguments[index], context)
    }

    /// Those of all arguments.
    func allSeries() async throws -> [GraphiteSeries] {
        var all: [GraphiteSeries] = []
        for index in arguments.indices { all += try await series(index) }
        return all
    }

    /// Whether an argument is one or more series, and no number or text.
    func isSeries(_ index: Int) -> Bool {
        guard index < arguments.count else { return false }
        switch arguments[index] {
        case .path, .call: return true
        default: return false
        }
    }

    // MARK: Values

    func number(_ index: Int, _ key: String) throws(QueryError) -> Double? {
        guard let argument = argument(index, key) else { return nil }
        switch argument {
        case .number(let value, _): return value
        case .string(let text):
            if let value = Double(text), value.isFinite { return value }
        default: break
        }
        throw wrong(key, "a number", argument)
    }

    func requiredNumber(_ index: Int, _ key: String) throws(QueryError) -> Double {
        guard let value = try number(index, key) else { throw QueryError(.malformed, "\(name): lacks the argument '\(key)'") }
        return value
    }

    func integer(_ index: Int, _ key: String) throws(QueryError) -> Int? {
        guard let value = try number(index, key) else { return nil }
        guard let integer = Int(exactly: value), integer.magnitude <= 1 << 40 else {
            throw QueryError(.malformed, "\(name): \(key) is \(value), expected a whole number")
        }
        return integer
    }

    func requiredInteger(_ index: Int, _ key: String) throws(QueryError) -> Int {
        guard let value = try integer(index, key) else { throw QueryError(.malformed, "\(name): lacks the argument '\(key)'") }
        return value
    }

    func string(_ index: Int, _ key: String) throws(QueryError) -> String? {
        guard let argument = argument(index, key) else { return nil }
        guard case .string(let text) = argument else { throw wrong(key, "a text in quotes", argument) }
        return text
    }

    func requiredString(_ index: Int, _ key: String) throws(QueryError) -> String {
        guard let text = try string(index, key) else { throw QueryError(.malformed, "\(name): lacks the argument '\(key)'") }
        return text
    }

    func boolean(_ index: Int, _ key: String) throws(QueryError) -> Bool {
        guard let argument = argument(index, key) else { return false }
        switch argument {
        case .boolean(let value): return value
        case .number(0, _): return false
        case .number(1, _): return true
        case .string(let text) where ["true", "false"].contains(text.lowercased()): return text.lowercased() == "true"
        default: throw wrong(key, "true or false", argument)
        }
    }

    /// As it was written, for names.
    func text(_ index: Int, _ key: String) -> String {
        switch argument(index, key) {
        case .number(_, let text): text
        case .string(let text): text
        default: ""
        }
    }

    func aggregation(_ index: Int, _ key: String, _ standard: GraphiteAggregation?) throws(QueryError) -> GraphiteAggregation {
        guard let text = try string(index, key) else {
            guard let standard else { throw QueryError(.malformed, "\(name): lacks the argument '\(key)'") }
            return standard
        }
        guard let found = GraphiteAggregation(text) else {
            throw QueryError(.unsupported, "\(name): \(key) '\(text.prefix(40))' is not supported")
        }
        return found
    }

    /// Seconds, above zero.
    func interval(_ index: Int, _ key: String) throws(QueryError) -> Int {
        let text = try requiredString(index, key)
        guard let seconds = GraphiteTime.offset(text), seconds != 0 else {
            throw QueryError(.malformed, "\(name): \(key) is '\(text.prefix(24))', expected a duration such as 5min")
        }
        return abs(seconds)
    }

    /// Components of paths by their numbers, or tags by their names.
    func nodes(from index: Int) throws(QueryError) -> [GraphiteLabel] {
        var nodes: [GraphiteLabel] = []
        for argument in arguments.dropFirst(index) {
            switch argument {
            case .number(let value, _):
                guard let number = Int(exactly: value) else { throw wrong("nodes", "whole numbers or names of tags", argument) }
                nodes.append(.component(number))
            case .string(let text): nodes.append(Int(text).map { .component($0) } ?? .tag(text))
            default: throw wrong("nodes", "whole numbers or names of tags", argument)
            }
        }
        return nodes
    }

    private func wrong(_ key: String, _ expected: String, _ found: GraphiteNode) -> QueryError {
        QueryError(.malformed, "\(name): \(key) is \(found.description.prefix(40)), expected \(expected)")
    }
}

/// A part of a series' name.
enum GraphiteLabel: Sendable, Hashable {
    case component(Int)
    case tag(String)

    /// The parts of a series, as aliasByNode puts them together: of the first path in a name that is a call.
    static func key(_ series: GraphiteSeries, _ labels: [GraphiteLabel]) -> String {
        var path = series.name
        if path.hasSuffix(")"), let node = try? GraphiteParser.target(path), let first = node.firstPath { path = first }
        let components = path.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)[0]
            .split(separator: ".", omittingEmptySubsequences: false)
        return labels.map { label in
            switch label {
            case .component(let number):
                let index = number < 0 ? components.count + number : number
                return components.indices.contains(index) ? String(components[index]) : series.tags["\(number)"] ?? ""
            case .tag(let tag): return tag == "name" ? series.name : series.tags[tag] ?? ""
            }
        }.joined(separator: ".")
    }
}
