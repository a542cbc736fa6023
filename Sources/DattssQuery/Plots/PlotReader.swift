public import DattssCore

extension Evaluator {
    /// Answers what a plot asks. A step ends at an instant of the grid, and is as long as the grid's steps are apart.
    /// - Parameter now: a step that is not over by then is divided by the time that has passed of it, a minute at least.
    /// - Throws: ``QueryError``, and what the source throws.
    public func plot(_ question: PlotQuestion, on grid: TimeGrid, now: Timestamp) async throws -> PlotAnswer {
        try await PlotReader(self, question, grid, now).answer()
    }

    /// Answers how the samples of timers are distributed, step by step: all that match the pattern together.
    /// - Parameter bandsMax: into how many bands of values the samples are sorted at most.
    public func heatmap(_ pattern: PathPattern, on grid: TimeGrid, bandsMax: Int) async throws -> Heatmap {
        let question = try PlotQuestion(.timer, pattern, .quantile(0.5), fold: .merge)
        return try await PlotReader(self, question, grid, grid.end).heatmap(bandsMax: bandsMax)
    }
}

/// Reads what a plot shows.
private struct PlotReader {
    private let evaluator: Evaluator
    private let question: PlotQuestion
    private let grid: TimeGrid
    private let windows: SpanWindows
    private let now: Timestamp

    init(_ evaluator: Evaluator, _ question: PlotQuestion, _ grid: TimeGrid, _ now: Timestamp) throws(QueryError) {
        (self.evaluator, self.question, self.grid, self.now) = (evaluator, question, grid, now)
        windows = try SpanWindows(
            Span(milliseconds: grid.stepMilliseconds), on: grid, presenceMinutes: 0, finest: false, keepsAll: false,
            evaluator.limits)
    }

    /// What there is, a row for each statistic or, where all samples of a group are merged, for each group.
    private struct Found {
        var table: SeriesTable
        var rows: [ResultSeries]
        var statisticCount: Int
        var active: ActiveMinutes
    }

    private func read() async throws -> Found {
        var rows: [ResultSeries] = []
        var numbers: [String: Int] = [:]
        var statisticCount = 0
        let table = SeriesTable(windows, question.figure.columns, evaluator.limits) { [question] key in
            guard key.kind == question.kind, question.pattern.matches(key.path) else { return nil }
            statisticCount += 1
            let (base, tags) = MetricName.parts(of: key.path)
            let own = ResultSeries(labels: Labels([Label(Self.path, key.path)] + tags), values: [], base: base)
            let name = question.fold == .merge ? own.label(question.component ?? "") : key.path
            if let row = numbers[name] { return row }
            numbers[name] = rows.count
            rows.append(question.fold == .merge ? ResultSeries(labels: Labels([Label(Self.path, name)]), values: []) : own)
            return rows.count - 1
        }
        let sink = SeriesSink(table, evaluator.watch)
        let needsSketches = question.figure.columns.contains(.distribution)
        let request = SeriesRequest(
            minutes: windows.range, pathPrefix: question.pattern.prefix, withSketches: needsSketches, withTotals: false,
            merging: table.spans)
        let active = ActiveMinutes(try await evaluator.source.read(request, into: sink))
        if let failure = sink.failure { throw failure }
        try table.checkMemory()
        try evaluator.watch.take(rows.count * grid.count)
        return Found(table: table, rows: rows, statisticCount: statisticCount, active: active)
    }

    func answer() async throws -> PlotAnswer {
        let found = try await read()
        var (series, isApproximate) = (found.rows, false)
        for position in series.indices {
            try evaluator.watch.check()
            series[position].values = values(found.table.row(position), found.active, &isApproximate)
        }
        series.removeAll { $0.values.allSatisfy(\.isGap) }
        if let reducer = question.fold.reducer {
            let label = question.component ?? ""
            series = reducer.reduce(series, question.component.map { .by([$0]) } ?? .all, grid.count).map {
                ResultSeries(labels: Labels([Label(Self.path, $0.labels[label])]), values: $0.values)
            }
        }
        series.sort { $0.labels[Self.path] < $1.labels[Self.path] }
        let count = series.count
        if let top = question.top { series = Choice(top, isHighest: true, by: .mean).choose(series, .all, grid.count) }
        return PlotAnswer(
            series: series.map { PlotAnswer.Series(name: $0.labels[Self.path], values: $0.values) },
            statisticCount: found.statisticCount, seriesCount: count, isApproximate: isApproximate)
    }

    /// No tag is called so.
    private static let path = "__path__"

    private func values(_ row: SeriesTable.Row, _ active: ActiveMinutes, _ isApproximate: inout Bool) -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(grid.count)
        // A counter that is new was not silent before.
        var hasBegun = false
        for instant in 0..<grid.count {
            let bins = windows.bins(instant)
            let count = row.counts[bins].reduce(0, +)
            if count > 0 {
                hasBegun = true
                values.append(value(row, bins, count, instant, &isApproximate).asValue)
            } else {
                let isSilent = hasBegun && question.kind == .counter && question.figure.isOfCounting
                values.append(isSilent && active.last(in: windows.minutes[instant]) != nil ? 0 : .gap)
            }
        }
        return values
    }

    private func value(
        _ row: SeriesTable.Row, _ bins: Range<Int>, _ count: Double, _ instant: Int, _ isApproximate: inout Bool
    ) -> Double {
        switch question.figure {
        case .perMinute: return counted(row, bins, count) / minutesPassed(instant)
        case .perSecond: return counted(row, bins, count) / minutesPassed(instant) / 60
        case .sum: return row.sums[bins].reduce(0, +)
        case .count: return count
        case .average: return row.sums[bins].reduce(0, +) / count
        case .min: return row.minima[bins].reduce(.infinity, Swift.min)
        case .max: return row.maxima[bins].reduce(-.infinity, Swift.max)
        case .quantile(let quantile):
            let merged = Self.merged(row, bins)
            isApproximate = isApproximate || merged.isApproximate
            return merged.quantile(quantile)
        }
    }

    private func counted(_ row: SeriesTable.Row, _ bins: Range<Int>, _ count: Double) -> Double {
        question.kind == .timer ? count : row.sums[bins].reduce(0, +)
    }

    private func minutesPassed(_ instant: Int) -> Double {
        let (end, step) = (grid.instant(instant).milliseconds, grid.stepMilliseconds)
        return Double((step - Swift.max(0, end - now.milliseconds)).clamped(Swift.min(60_000, step), step)) / 60_000
    }

    private static func merged(_ row: SeriesTable.Row, _ bins: Range<Int>) -> Distribution {
        var merged = Distribution()
        for bin in bins { row.distributions[bin].add(to: &merged) }
        return merged
    }

    func heatmap(bandsMax: Int) async throws -> Heatmap {
        let found = try await read()
        let row = found.rows.isEmpty ? nil : found.table.row(0)
        var steps: [Distribution] = []
        for instant in 0..<grid.count {
            if instant % 64 == 63 { try evaluator.watch.check() }
            steps.append(row.map { Self.merged($0, windows.bins(instant)) } ?? Distribution())
        }
        return Heatmap(of: steps, statisticCount: found.statisticCount, bandsMax: bandsMax)
    }
}

extension PlotQuestion.Fold {
    fileprivate var reducer: Reducer? {
        switch self {
        case .none, .merge: nil
        case .sum: .sum
        case .mean: .mean
        case .min: .min
        case .max: .max
        }
    }
}
