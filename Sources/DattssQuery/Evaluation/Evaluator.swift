public import DattssCore

/// Works out expressions over the statistics of one user.
///
///     Expression ──► reads spans of statistics (``StatisticReader``, ``DistributionReader``) ──► series on the grid
///                ──► maps, groups, combines them, instant by instant
///
/// A gap is no value: what is computed of a gap is a gap.
public struct Evaluator: Sendable {
    let source: any SeriesSource
    let limits: QueryLimits
    let watch: QueryWatch

    /// - Parameter watch: ends the query; begins to count now.
    public init(_ source: some SeriesSource, _ limits: QueryLimits, _ watch: QueryWatch) {
        (self.source, self.limits, self.watch) = (source, limits, watch)
    }

    /// Works out an expression.
    /// - Throws: ``QueryError``, and what the source throws.
    public func answer(_ expression: Expression, on grid: TimeGrid) async throws -> QueryAnswer {
        var warnings: Set<String> = []
        var value = try await evaluate(expression, on: grid, &warnings)
        if case .series(let series) = value {
            let present = series.filter { $0.values.contains { !$0.isGap } }
            guard Set(present.map(\.labels)).count == present.count else {
                throw QueryError(
                    .invalid,
                    "several series have the same labels, because the name that told them apart is gone: group them, by n0, n1, … for "
                        + "instance, the components of their paths")
            }
            var isSorted = false
            if case .sorted = expression { isSorted = true }
            if case .choose = expression { isSorted = grid.count == 1 }
            value = .series(isSorted ? present : present.sorted { $0.labels < $1.labels })
        }
        return QueryAnswer(grid: grid, value: value, warnings: warnings.sorted())
    }

    // MARK: The tree

    func evaluate(_ expression: Expression, on grid: TimeGrid, _ warnings: inout Set<String>) async throws -> QueryValue {
        try watch.check()
        switch expression {
        case .number(let number): return .scalar([Double](repeating: number, count: grid.count))
        case .time: return .scalar((0..<grid.count).map { Double(grid.instant($0).milliseconds) / 1000 })
        case .statistics(let selection, let reading, let span):
            return .series(try await StatisticReader(self, selection, reading, span, grid).series())
        case .distribution(let selection, let span, let grouping, let summary):
            let reader = try DistributionReader(self, selection, span, grouping, grid)
            let (series, isApproximate) = try await reader.series(summary)
            if isApproximate { warnings.insert(Self.approximate) }
            return .series(series)
        case .map(let transform, let operand):
            return transform.apply(to: try await evaluate(operand, on: grid, &warnings), on: grid)
        case .moving(let function, let instants, let operand):
            guard 1...limits.instants ~= instants else { throw QueryError(.limit, "more than \(limits.instants) instants") }
            let wide = try await evaluate(operand, on: grid.extended(by: instants - 1), &warnings)
            return .series(try series(wide).map { function.apply(to: $0, instants: instants) })
        case .shifted(let milliseconds, let operand):
            return try await evaluate(operand, on: grid.shifted(back: milliseconds), &warnings)
        case .reduce(let reducer, let grouping, let operand):
            return .series(reducer.reduce(try series(await evaluate(operand, on: grid, &warnings)), grouping, grid.count))
        case .choose(let choice, let grouping, let operand):
            return .series(choice.choose(try series(await evaluate(operand, on: grid, &warnings)), grouping, grid.count))
        case .combine(let op, let left, let right, let matching):
            let values = (try await evaluate(left, on: grid, &warnings), try await evaluate(right, on: grid, &warnings))
            return try Combination(op, matching, grid.count).combine(values.0, values.1)
        case .vector(let operand):
            guard case .scalar(let values) = try await evaluate(operand, on: grid, &warnings) else { throw Self.notScalar }
            return .series([ResultSeries(labels: Labels(), values: values)])
        case .scalar(let operand):
            return .scalar(Self.only(try series(await evaluate(operand, on: grid, &warnings)), grid.count))
        case .absent(let labels, let operand):
            let series = try series(await evaluate(operand, on: grid, &warnings))
            let values = (0..<grid.count).map { at in series.contains { !$0.values[at].isGap } ? Double.gap : 1 }
            return .series([ResultSeries(labels: labels, values: values)])
        case .sorted(let isDescending, let operand):
            let series = try series(await evaluate(operand, on: grid, &warnings))
            return .series(grid.count == 1 ? Choice.sorted(series, at: 0, highestFirst: isDescending) : series)
        }
    }

    private func series(_ value: QueryValue) throws(QueryError) -> [ResultSeries] {
        guard case .series(let series) = value else { throw QueryError(.malformed, "expected series, found a scalar") }
        return series
    }

    private static func only(_ series: [ResultSeries], _ count: Int) -> [Double] {
        (0..<count).map { at in
            let present = series.filter { !$0.values[at].isGap }
            return present.count == 1 ? present[0].values[at] : .nan
        }
    }

    private static let notScalar = QueryError(.malformed, "expected a scalar, found series")
    static let approximate =
        "some percentiles are approximate: not all senders of these statistics gave distributions, or these were too wide"

    // MARK: The names of what there is

    /// All series that there are in a range, or those that are selected, by their labels.
    public func names(in range: Range<Minute>, matching selections: [Selection]) async throws -> Set<MetricName> {
        var found: Set<MetricName> = []
        guard range.count <= limits.days * Minute.perDay + Minute.perDay else {
            throw QueryError(.limit, "the query reaches over more than \(limits.days) days, the limit of days")
        }
        for selection in selections {
            var names: [MetricName] = []
            let end = Timestamp(milliseconds: range.upperBound.index * 60_000)
            let span = Span(milliseconds: Int64(range.count) * 60_000)
            let windows = try SpanWindows(
                span, on: TimeGrid(at: end), presenceMinutes: 0, finest: false, keepsAll: false, limits)
            let table = SeriesTable(windows, [], limits) { key in
                let own = [false, true].flatMap { selection.names(of: key, distributions: $0) }
                names += own
                // Its name is enough; no point of it needs to be read.
                return nil
            }
            let sink = SeriesSink(table, watch)
            let request = SeriesRequest(
                minutes: range, pathPrefix: selection.pathPrefix, withSketches: false, withTotals: false)
            _ = try await source.read(request, into: sink)
            if let failure = sink.failure { throw failure }
            found.formUnion(names)
            guard found.count <= limits.series else {
                throw QueryError(.limit, "more than \(limits.series) series, the limit of series: select fewer")
            }
        }
        return found
    }
}
