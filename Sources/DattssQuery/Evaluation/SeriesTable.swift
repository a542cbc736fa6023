import DattssCore

/// What was read of some statistics, bin by bin.
///
///     bins       0         1         2    …      tail
///     minutes    first… (width each)             whatever is later, for totals
///
/// Only the columns that a query needs are kept.
final class SeriesTable {
    struct Columns: OptionSet {
        let rawValue: Int
        static let sum = Columns(rawValue: 1)
        static let extremes = Columns(rawValue: 2)
        static let last = Columns(rawValue: 4)
        static let distribution = Columns(rawValue: 8)
        static let tail = Columns(rawValue: 16)

        var numbersEach: Int {
            1 + (contains(.sum) ? 1 : 0) + (contains(.extremes) ? 2 : 0) + (contains(.last) ? 2 : 0)
                + (contains(.distribution) ? 1 : 0)
        }
    }

    /// What there is of one statistic, or of one group of them.
    struct Row {
        /// How many samples.
        var counts: [Double]
        var sums: [Double] = []
        var minima: [Double] = []
        var maxima: [Double] = []
        var lasts: [Double] = []
        /// The minutes that `lasts` come from.
        var lastMinutes: [Int64] = []
        var distributions: [BinDistribution] = []
        var tailSum = 0.0
        var total: Double?
    }

    let windows: SpanWindows
    let binCount: Int
    let columns: Columns
    private(set) var rows: [Row] = []
    private var distributionBytes = 0
    private let limits: QueryLimits
    private let rowOf: (StatisticKey) throws(QueryError) -> Int?

    /// - Parameter rowOf: the number of the row of a statistic: the next one, or one that is there; nil for one that is not wanted.
    init(
        _ windows: SpanWindows, _ columns: Columns, _ limits: QueryLimits,
        rowOf: @escaping (StatisticKey) throws(QueryError) -> Int?
    ) {
        (self.windows, binCount, self.columns) = (windows, windows.binCount, columns)
        (self.limits, self.rowOf) = (limits, rowOf)
    }

    func slot(of key: StatisticKey) throws(QueryError) -> Int? {
        guard let row = try rowOf(key) else { return nil }
        if row == rows.count {
            guard row < limits.series else {
                throw QueryError(.limit, "more than \(limits.series) series, the limit of series: select fewer")
            }
            guard (row + 1) * binCount * columns.numbersEach <= limits.numbers else {
                throw QueryError(
                    .limit,
                    "\(row + 1) series of \(binCount) points are more than \(limits.numbers) numbers, the limit of numbers: "
                        + "select fewer, or take a longer step")
            }
            rows.append(emptyRow)
        }
        return row
    }

    func removePoints() {
        for row in rows.indices { rows[row] = emptyRow }
        distributionBytes = 0
    }

    func checkMemory() throws(QueryError) {
        guard distributionBytes <= limits.distributionBytes else {
            throw QueryError(
                .limit,
                "distributions take more than \(limits.distributionBytes >> 20) MiB, the limit of distributions: "
                    + "select or group to fewer, or take a longer step")
        }
    }

    func setTotal(of row: Int, sum: Double) { rows[row].total = sum }

    func add(_ point: MinutePoint, isHour: Bool, to row: Int) {
        let start = point.minute.index - windows.range.lowerBound.index
        guard isHour else { return add(point, bin: windows.bin(of: start), 1, to: row) }
        // An hour is shared out evenly among the bins that it spans.
        var from = start
        let end = start + 60
        while from < end {
            let next = min(end, (from.flooredQuotient(by: windows.width) + 1) * windows.width)
            add(point, bin: windows.bin(of: from), Double(next - from) / 60, to: row)
            from = next
        }
    }

    private func add(_ point: MinutePoint, bin: Int?, _ share: Double, to row: Int) {
        guard let bin else { return }
        let aggregate = point.aggregate
        guard bin < binCount else {
            guard columns.contains(.tail) else { return }
            rows[row].tailSum += aggregate.sum * share
            return
        }
        rows[row].counts[bin] += Double(aggregate.count) * share
        if columns.contains(.sum) { rows[row].sums[bin] += aggregate.sum * share }
        if columns.contains(.extremes) {
            rows[row].minima[bin] = Swift.min(rows[row].minima[bin], aggregate.min)
            rows[row].maxima[bin] = Swift.max(rows[row].maxima[bin], aggregate.max)
        }
        if columns.contains(.last), point.minute.index >= rows[row].lastMinutes[bin] {
            rows[row].lasts[bin] = aggregate.last
            rows[row].lastMinutes[bin] = point.minute.index
        }
        if columns.contains(.distribution) { distributionBytes += rows[row].distributions[bin].add(aggregate, share) }
    }

    private var emptyRow: Row {
        var row = Row(counts: [Double](repeating: 0, count: binCount))
        if columns.contains(.sum) { row.sums = row.counts }
        if columns.contains(.extremes) {
            row.minima = [Double](repeating: .infinity, count: binCount)
            row.maxima = [Double](repeating: -.infinity, count: binCount)
        }
        if columns.contains(.last) {
            row.lasts = [Double](repeating: .gap, count: binCount)
            row.lastMinutes = [Int64](repeating: .min, count: binCount)
        }
        if columns.contains(.distribution) { row.distributions = [BinDistribution](repeating: .none, count: binCount) }
        return row
    }
}

/// The distribution of one bin. Most bins of a single statistic have a single aggregate, whose packed sketch is a tenth of what buckets side by side
/// take.
enum BinDistribution {
    case none
    case single(Aggregate, share: Double)
    case merged(Distribution)

    /// - Returns: how many bytes more it takes.
    mutating func add(_ aggregate: Aggregate, _ share: Double) -> Int {
        switch self {
        case .none:
            self = .single(aggregate, share: share)
            return 160 + (aggregate.packedSketch?.bytes.count ?? 0)
        case .single(let first, let firstShare):
            var merged = Distribution()
            merged.add(first, share: firstShare)
            merged.add(aggregate, share: share)
            let bytes = merged.byteCount
            self = .merged(merged)
            return bytes
        case .merged(var merged):
            // Not there twice, so that it grows in place.
            self = .none
            let before = merged.byteCount
            merged.add(aggregate, share: share)
            let bytes = merged.byteCount - before
            self = .merged(merged)
            return bytes
        }
    }

    func add(to distribution: inout Distribution) {
        switch self {
        case .none: break
        case .single(let aggregate, let share): distribution.add(aggregate, share: share)
        case .merged(let merged): distribution.add(merged)
        }
    }

    var isEmpty: Bool { if case .none = self { true } else { false } }
}
