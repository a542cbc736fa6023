import DattssCore

/// Reads what a path means: for each step what the minutes in it come to, merged, not averaged.
struct GraphiteReader {
    let source: any SeriesSource
    let limits: QueryLimits
    let watch: QueryWatch
    /// No minute is answered that is not over at this time.
    let now: Timestamp
    let xFilesFactor: Double

    /// Points of a series that are read; longer ranges get longer steps.
    private static let pointsMax = 10_080

    /// Seconds from one value to the next in a range.
    static func step(forSeconds seconds: Int) -> Int {
        if seconds <= pointsMax * 60 { return 60 }
        return Int(TimeGrid.step(forMilliseconds: Int64(seconds) * 1000, points: pointsMax) / 1000)
    }

    /// - Parameter range: in seconds. The first value is the first one behind its beginning, as Whisper has it.
    func series(_ pattern: String, _ range: Range<Int>) async throws -> [GraphiteSeries] {
        let query = try GraphiteQuery(pattern)
        if let field = query.missingField {
            throw QueryError(
                .unsupported,
                "\(field) of a timer is not kept (\(pattern)); there are count, count_ps, lower, mean, "
                    + "median, sum, upper and upper_PERCENT")
        }
        let step = Self.step(forSeconds: range.count)
        let first = range.lowerBound.flooredQuotient(by: step) * step + step
        let lastKnown = Int(now.minute.index - 1) * 60
        let last = min(range.upperBound, lastKnown).flooredQuotient(by: step) * step
        if query.isEmpty || last < first { return [] }
        let grid = try TimeGrid(
            from: Timestamp(milliseconds: Int64(first + step) * 1000), through: Timestamp(milliseconds: Int64(last + step) * 1000),
            stepMilliseconds: Int64(step) * 1000, limits)
        return try await read(query, pattern, first, step, grid)
    }

    private func read(
        _ query: GraphiteQuery, _ pattern: String, _ first: Int, _ step: Int, _ grid: TimeGrid
    ) async throws -> [GraphiteSeries] {
        let span = Span(milliseconds: grid.stepMilliseconds)
        let windows = try SpanWindows(
            span, on: grid, presenceMinutes: StatisticReader.presenceMinutes, finest: false, keepsAll: false, limits)
        let fields = FieldsInReach(query)
        var rows: [(key: StatisticKey, found: [GraphiteQuery.Found])] = []
        let table = SeriesTable(windows, fields.columns, limits) { key in
            let found = query.series(of: key)
            if found.isEmpty { return nil }
            rows.append((key, found))
            return rows.count - 1
        }
        let sink = SeriesSink(table, watch)
        let request = SeriesRequest(
            minutes: windows.range, pathPrefix: query.pathPrefix, withSketches: fields.columns.contains(.distribution),
            withTotals: false, merging: table.spans)
        let active = ActiveMinutes(try await source.read(request, into: sink))
        if let failure = sink.failure { throw failure }
        try table.checkMemory()
        try watch.take(rows.reduce(0) { $0 + $1.found.count } * grid.count)
        var named: [String: (rank: Int, series: GraphiteSeries)] = [:]
        for (position, row) in rows.prefix(table.rowCount).enumerated() {
            let points = StatisticPoints(table.row(position), windows, span, active, grid)
            let tags = Dictionary(MetricName.parts(of: row.key.path).tags.map { ($0.name, $0.value) }) { first, _ in first }
            for found in row.found {
                try watch.check()
                let rank = GraphiteNamespace.allCases.firstIndex(of: found.namespace) ?? 0
                if let other = named[found.name], other.rank <= rank { continue }
                let values = try points.values(found.field, watch)
                var series = GraphiteSeries(
                    found.name, start: first, end: first + values.count * step, step: step, values, xFilesFactor: xFilesFactor)
                (series.pathExpression, series.tags) = (pattern, tags)
                named[found.name] = (rank, series)
            }
        }
        guard named.count <= limits.series else {
            throw QueryError(.limit, "more than \(limits.series) series, the limit of series: select fewer")
        }
        return named.values.map(\.series).sorted { $0.name < $1.name }
    }
}

/// Which columns a query may need.
private struct FieldsInReach {
    let columns: SeriesTable.Columns

    init(_ query: GraphiteQuery) {
        var columns: SeriesTable.Columns = []
        for field in query.fields {
            switch field {
            case .gauge, .heldGauge: columns.insert(.last)
            case .count, .rate, .mean, .sum: columns.insert(.sum)
            case .lower, .upper: columns.insert(.extremes)
            case .median, .upperPercent: columns.insert(.distribution)
            case .timerCount, .timerRate: break
            }
        }
        self.columns = columns
    }
}

/// The values of one statistic, step by step.
private struct StatisticPoints {
    private let row: SeriesTable.Row
    private let windows: SpanWindows
    private let span: Span
    private let active: ActiveMinutes
    private let grid: TimeGrid

    init(_ row: SeriesTable.Row, _ windows: SpanWindows, _ span: Span, _ active: ActiveMinutes, _ grid: TimeGrid) {
        (self.row, self.windows, self.span, self.active, self.grid) = (row, windows, span, active, grid)
    }

    func values(_ field: GraphiteField, _ watch: QueryWatch) throws(QueryError) -> [Double] {
        switch field {
        case .count: return running(.total, .increase)
        case .rate: return running(.total, .rate)
        case .timerCount: return running(.timerCount, .increase)
        case .timerRate: return running(.timerCount, .rate)
        case .gauge: return gauge(row.lasts, .last)
        case .lower: return gauge(row.minima, .min)
        case .upper: return gauge(row.maxima, .max)
        case .heldGauge: return held
        case .sum: return each { bins in row.sums[bins].reduce(0, +) }
        case .mean: return each { bins in row.sums[bins].reduce(0, +) / row.counts[bins].reduce(0, +) }
        case .median: return try percentiles(0.5, watch)
        case .upperPercent(let percent): return try percentiles(percent / 100, watch)
        }
    }

    private func running(_ field: MetricField, _ reading: Reading) -> [Double] {
        RunningValues(row, field, windows, span, active, grid).values(reading)
    }

    private func gauge(_ values: [Double], _ reading: Reading) -> [Double] {
        GaugeValues(row, values, row.minima, row.maxima, windows, span, grid).values(reading, extreme: nil)
    }

    /// Where there are samples.
    private func each(_ value: (Range<Int>) -> Double) -> [Double] {
        (0..<grid.count).map { instant in
            let bins = windows.bins(instant)
            return row.counts[bins].contains { $0 > 0 } ? value(bins) : .gap
        }
    }

    private var held: [Double] {
        var (latest, next) = (-1, 0)
        return (0..<grid.count).map { instant in
            let bins = windows.presenceBins(instant)
            while next < bins.upperBound {
                if row.counts[next] > 0 { latest = next }
                next += 1
            }
            return latest >= bins.lowerBound ? row.lasts[latest] : .gap
        }
    }

    private func percentiles(_ quantile: Double, _ watch: QueryWatch) throws(QueryError) -> [Double] {
        var values: [Double] = []
        for instant in 0..<grid.count {
            if instant % 64 == 63 { try watch.check() }
            var merged = Distribution()
            for bin in windows.bins(instant) { row.distributions[bin].add(to: &merged) }
            values.append(merged.count > 0 ? merged.quantile(quantile) : .gap)
        }
        return values
    }
}
