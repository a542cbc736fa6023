import DattssCore

/// What was read of some statistics, bin by bin.
///
///     bins       0         1         2    …      tail
///     minutes    first… (width each)             whatever is later, for totals
///
/// Only the columns that a query needs are kept.
final class SeriesTable: PointTable {
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
        var counts: [Double] = []
        var sums: [Double] = []
        var minima: [Double] = []
        var maxima: [Double] = []
        var lasts: [Double] = []
        var distributions: [BinDistribution] = []
        var tailSum = 0.0
        var total: Double?
    }

    let windows: SpanWindows
    let binCount: Int
    let columns: Columns
    private(set) var rowCount = 0
    private var bins: TableBins
    private let limits: QueryLimits
    private let rowOf: (StatisticKey) throws(QueryError) -> Int?

    /// - Parameter rowOf: the number of the row of a statistic: the next one, or one that is there; nil for one that is not wanted.
    init(
        _ windows: SpanWindows, _ columns: Columns, _ limits: QueryLimits,
        rowOf: @escaping (StatisticKey) throws(QueryError) -> Int?
    ) {
        (self.windows, binCount, self.columns) = (windows, windows.binCount, columns)
        (self.limits, self.rowOf) = (limits, rowOf)
        bins = TableBins(windows, columns)
    }

    func slot(of key: StatisticKey) throws(QueryError) -> Int? {
        guard let row = try rowOf(key) else { return nil }
        if row == rowCount {
            guard row < limits.series else {
                throw QueryError(.limit, "more than \(limits.series) series, the limit of series: select fewer")
            }
            guard (row + 1) * binCount * columns.numbersEach <= limits.numbers else {
                throw QueryError(
                    .limit,
                    "\(row + 1) series of \(binCount) points are more than \(limits.numbers) numbers, the limit of numbers: "
                        + "select fewer, or take a longer step")
            }
            rowCount += 1
            bins.setRows(rowCount)
        }
        return row
    }

    func removePoints() {
        bins = TableBins(windows, columns)
        bins.setRows(rowCount)
    }

    func checkMemory() throws(QueryError) {
        guard bins.distributionBytes <= limits.distributionBytes else {
            throw QueryError(
                .limit,
                "distributions take more than \(limits.distributionBytes >> 20) MiB, the limit of distributions: "
                    + "select or group to fewer, or take a longer step")
        }
    }

    /// What may be merged before it comes here: the minutes of a bin. (A period, and what is used of it, is a whole number of bins.) Which
    /// sample was the last one is not asked of merged points, because others may have been imported since.
    var spans: MinuteSpans? {
        guard windows.width > 1, !columns.contains(.last) else { return nil }
        return MinuteSpans(from: windows.range.lowerBound, minutes: windows.width)
    }

    func setTotal(of row: Int, sum: Double) { bins.totals[row] = sum }

    func add(_ point: borrowing MinutePoint, isHour: Bool, to row: Int) { bins.add(point, isHour: isHour, to: row) }

    /// A copy of what there is.
    func row(_ row: Int) -> Row { bins.row(row) }
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
