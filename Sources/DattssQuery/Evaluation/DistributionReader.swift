import DattssCore

/// Reads distributions, merges those of a group and of a span, and makes a number of each: so a percentile is that of all samples, never
/// one of percentiles.
struct DistributionReader {
    private let evaluator: Evaluator
    private let selection: Selection
    private let span: Span
    private let grouping: Grouping?
    private let grid: TimeGrid
    private let windows: SpanWindows

    /// - Parameter grouping: nil keeps each statistic by itself.
    init(
        _ evaluator: Evaluator, _ selection: Selection, _ span: Span, _ grouping: Grouping?, _ grid: TimeGrid
    ) throws(QueryError) {
        (self.evaluator, self.selection, self.span, self.grouping, self.grid) = (evaluator, selection, span, grouping, grid)
        windows = try SpanWindows(span, on: grid, presenceMinutes: 0, finest: false, keepsAll: false, evaluator.limits)
    }

    func series(_ summary: Summary) async throws -> (series: [ResultSeries], isApproximate: Bool) {
        var rows: [Labels: Int] = [:]
        var groups: [ResultSeries] = []
        let grouping = grouping.map(Self.withoutBounds)
        let needsSketches = summary.needsSketches
        let columns: SeriesTable.Columns = needsSketches ? .distribution : .sum
        let table = SeriesTable(windows, columns, evaluator.limits) { [selection] key in
            let names = selection.names(of: key, distributions: true)
            guard let name = names.first else { return nil }
            let series = ResultSeries(labels: name.labels.withoutName, values: [], base: name.base)
            let group = grouping.map { ResultSeries(labels: series.labels(in: $0), values: []) } ?? series
            // Without a grouping paths tell apart what has equal labels.
            let identity = grouping == nil ? Labels([Label("", key.path)]) : group.labels
            if let row = rows[identity] { return row }
            rows[identity] = groups.count
            groups.append(group)
            return groups.count - 1
        }
        let sink = SeriesSink(table, evaluator.watch)
        let request = SeriesRequest(
            minutes: windows.range, pathPrefix: selection.pathPrefix, withSketches: needsSketches, withTotals: false,
            merging: table.spans)
        _ = try await evaluator.source.read(request, into: sink)
        if let failure = sink.failure { throw failure }
        try table.checkMemory()
        try evaluator.watch.take(groups.count * grid.count)
        var isApproximate = false
        for position in 0..<table.rowCount {
            let row = table.row(position)
            try evaluator.watch.check()
            groups[position].values = try values(summary, row, &isApproximate)
        }
        return (groups, isApproximate)
    }

    private func values(
        _ summary: Summary, _ row: SeriesTable.Row, _ isApproximate: inout Bool
    ) throws(QueryError) -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(grid.count)
        for instant in 0..<grid.count {
            if instant % 64 == 63 { try evaluator.watch.check() }
            let bins = windows.bins(instant)
            let seconds = Double(windows.minutes[instant].count * 60)
            if !summary.needsSketches {
                let count = row.counts[bins].reduce(0, +)
                values.append(count > 0 ? summary.value(count: count, sum: row.sums[bins].reduce(0, +), seconds: seconds) : .gap)
                continue
            }
            var merged = Distribution()
            for bin in bins { row.distributions[bin].add(to: &merged) }
            isApproximate = isApproximate || merged.isApproximate
            values.append(merged.count > 0 ? summary.value(merged).asValue : .gap)
        }
        return values
    }

    /// Classic histograms have a series a bucket, and are grouped by its bound, too.
    private static func withoutBounds(_ grouping: Grouping) -> Grouping {
        if case .by(let names) = grouping { .by(names.filter { $0 != "le" }) } else { grouping }
    }
}

extension Summary {
    var needsSketches: Bool {
        switch self {
        case .quantile, .fraction: true
        case .count, .sum, .mean: false
        }
    }

    func value(_ distribution: Distribution) -> Double {
        switch self {
        case .quantile(let quantile): distribution.quantile(quantile)
        case .fraction(let lower, let upper): distribution.fraction(above: lower, through: upper)
        case .count, .sum, .mean: .nan
        }
    }

    func value(count: Double, sum: Double, seconds: Double) -> Double {
        switch self {
        case .count(let bySecond): bySecond ? count / seconds : count
        case .sum(let bySecond): bySecond ? sum / seconds : sum
        case .mean: sum / count
        case .quantile, .fraction: .nan
        }
    }
}
