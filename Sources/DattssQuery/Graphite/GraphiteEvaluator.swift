public import DattssCore

/// Works out targets of Graphite over the statistics of one user, as graphite-web 1.1 does.
///
///     target ──► GraphiteParser ──► GraphiteNode ──► GraphiteFunctions, which ask for the series of their arguments
///                                                       └─► GraphiteReader: paths become series
public struct GraphiteEvaluator: Sendable {
    private let reader: GraphiteReader
    private let limits: QueryLimits
    private let watch: QueryWatch
    private let now: Timestamp

    /// - Parameters:
    ///   - watch: ends the query; begins to count now.
    ///   - xFilesFactor: which part of the values have to be there so that one is made of them, 0 to 1.
    public init(_ source: some SeriesSource, _ limits: QueryLimits, _ watch: QueryWatch, now: Timestamp, xFilesFactor: Double = 0) {
        (self.limits, self.watch, self.now) = (limits, watch, now)
        reader = GraphiteReader(source: source, limits: limits, watch: watch, now: now, xFilesFactor: xFilesFactor)
    }

    /// What a target comes to, in its order.
    /// - Parameter range: from when to when, in seconds.
    /// - Throws: ``QueryError``, and what the source throws.
    public func series(_ target: String, in range: Range<Int>) async throws -> [GraphiteSeries] {
        try await series(GraphiteParser.target(target), GraphiteContext(range: range, xFilesFactor: reader.xFilesFactor))
    }

    func series(_ node: GraphiteNode, _ context: GraphiteContext) async throws -> [GraphiteSeries] {
        try watch.check()
        guard context.range.count <= Int(limits.days * Minute.perDay + Minute.perDay) * 60 else {
            throw QueryError(.limit, "the query reaches over more than \(limits.days) days, the limit of days")
        }
        switch node {
        case .path(let pattern): return try await reader.series(pattern, context.range)
        case .call(let name, let arguments, let named):
            guard let function = GraphiteFunctions.all[name] else { throw GraphiteFunctions.unknown(name) }
            let call = GraphiteCall(name: name, arguments: arguments, named: named, evaluator: self, context: context)
            try call.check(function.parameters)
            return try await function.body(call)
        default: throw QueryError(.malformed, "\(node.description) is no series")
        }
    }

    func check() throws(QueryError) { try watch.check() }

    /// Values that a function makes.
    func take(_ numbers: Int) throws(QueryError) { try watch.take(numbers) }
}

/// What an expression is worked out for; functions that look further back have another.
struct GraphiteContext: Sendable {
    /// In seconds.
    var range: Range<Int>
    var xFilesFactor: Double

    func shifted(by seconds: Int) -> GraphiteContext {
        GraphiteContext(range: (range.lowerBound + seconds)..<(range.upperBound + seconds), xFilesFactor: xFilesFactor)
    }

    func extended(back seconds: Int) -> GraphiteContext {
        GraphiteContext(range: (range.lowerBound - seconds)..<range.upperBound, xFilesFactor: xFilesFactor)
    }
}
