import DattssCore

/// Reads numbers of statistics: for each instant one, out of what is in its span.
struct StatisticReader {
    private let evaluator: Evaluator
    private let selection: Selection
    private let reading: Reading
    private let span: Span
    private let grid: TimeGrid
    private let windows: SpanWindows
    private let fields: Set<MetricField>
    private let isByMinute: Bool

    /// A counter of which nothing was counted for so long is no longer there.
    static let presenceMinutes: Int64 = 60

    init(_ evaluator: Evaluator, _ selection: Selection, _ reading: Reading, _ span: Span, _ grid: TimeGrid) throws(QueryError) {
        (self.evaluator, self.selection, self.reading, self.span, self.grid) = (evaluator, selection, reading, span, grid)
        let possible = selection.possibleFields.filter { !$0.isDistribution && (selection.kinds?.contains($0.kind) ?? true) }
        // How many samples a timer ever had is not kept.
        let isOfTotals = !(reading == .rate || reading == .increase || reading == .instantRate)
        fields = possible.filter { !isOfTotals || ($0 != .timerCount && $0 != .timerSum) }
        guard possible.isEmpty || !fields.isEmpty else {
            throw QueryError(.unsupported, "a timer's count and sum have no running total: ask rate or increase of them")
        }
        let hasRunning = fields.contains(where: \.isRunning)
        // Only the differences of running totals can be merged.
        isByMinute = reading.isSequence || reading == .instantRate || (hasRunning && reading.isOfValues)
        windows = try SpanWindows(
            span, on: grid, presenceMinutes: hasRunning ? Self.presenceMinutes : 0, finest: isByMinute,
            keepsAll: Self.needsTotals(reading, hasRunning), evaluator.limits)
    }

    private static func needsTotals(_ reading: Reading, _ hasRunning: Bool) -> Bool {
        hasRunning && (reading == .instant || reading.isOfValues || reading.isSequence)
    }

    private var needsTotals: Bool { Self.needsTotals(reading, fields.contains(where: \.isRunning)) }

    func series() async throws -> [ResultSeries] {
        if fields.isEmpty { return [] }
        var names: [[MetricName]] = []
        let table = SeriesTable(windows, columns, evaluator.limits) { [selection, fields] key in
            let own = selection.names(of: key, distributions: false).filter { fields.contains($0.field) }
            if own.isEmpty { return nil }
            names.append(own)
            return names.count - 1
        }
        let sink = SeriesSink(table, evaluator.watch)
        let request = SeriesRequest(
            minutes: windows.range, pathPrefix: selection.pathPrefix, withSketches: false, withTotals: needsTotals,
            merging: table.spans)
        let active = ActiveMinutes(try await evaluator.source.read(request, into: sink))
        if let failure = sink.failure { throw failure }
        var series: [ResultSeries] = []
        try evaluator.watch.take(names.reduce(0) { $0 + $1.count } * grid.count)
        for (position, names) in names.prefix(table.rowCount).enumerated() {
            let row = table.row(position)
            for name in names {
                try evaluator.watch.check()
                series.append(
                    ResultSeries(
                        labels: reading.keepsNames ? name.labels : name.labels.withoutName, values: values(row, name.field, active),
                        base: name.base))
            }
        }
        guard series.count <= evaluator.limits.series else {
            throw QueryError(.limit, "more than \(evaluator.limits.series) series, the limit of series: select fewer")
        }
        return series
    }

    private var columns: SeriesTable.Columns {
        var columns: SeriesTable.Columns = []
        for field in fields {
            switch field {
            case .total, .timerSum: columns.insert(.sum)
            case .timerMin, .timerMax: columns.insert(.extremes)
            case .gauge:
                switch reading {
                case .mean, .sum: columns.insert(.sum)
                case .min, .max: columns.insert(.extremes)
                case .count, .present: break
                default: columns.insert(.last)
                }
            default: break
            }
        }
        if needsTotals { columns.insert(.tail) }
        return columns
    }

    private func values(_ row: SeriesTable.Row, _ field: MetricField, _ active: ActiveMinutes) -> [Double] {
        if field.isRunning { return RunningValues(row, field, windows, span, active, grid).values(reading) }
        switch field {
        case .timerMin:
            return GaugeValues(row, row.minima, row.minima, row.minima, windows, span, grid).values(reading, extreme: .min)
        case .timerMax:
            return GaugeValues(row, row.maxima, row.maxima, row.maxima, windows, span, grid).values(reading, extreme: .max)
        default: return GaugeValues(row, row.lasts, row.minima, row.maxima, windows, span, grid).values(reading, extreme: nil)
        }
    }
}

extension Reading {
    var isSequence: Bool { if case .sequence = self { true } else { false } }

    /// Whether it is of values and not of differences, over all of a span.
    var isOfValues: Bool {
        switch self {
        case .mean, .min, .max, .sum, .count, .last, .present: true
        default: false
        }
    }

    var keepsNames: Bool { self == .instant || self == .last }
}

/// The minutes in which a user sent anything, for asking often.
struct ActiveMinutes {
    private let runs: [Range<Minute>]

    init(_ minutes: MinuteRuns) { runs = minutes.runs }

    /// The last one of some minutes.
    func last(in minutes: Range<Int64>) -> Int64? {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].lowerBound.index < minutes.upperBound { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let last = min(runs[low - 1].upperBound.index, minutes.upperBound) - 1
        return last >= minutes.lowerBound ? last : nil
    }

    /// Whether there is one.
    func isActive(_ minute: Int64) -> Bool { last(in: minute..<minute + 1) != nil }
}
