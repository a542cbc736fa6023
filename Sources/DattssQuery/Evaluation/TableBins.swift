import DattssCore

/// The memory of a ``SeriesTable``: a few large arrays, in which the bins of a row lie side by side.
struct TableBins {
    private let windows: SpanWindows
    private let columns: SeriesTable.Columns
    private let binCount: Int
    private var counts: [Double] = []
    private var sums: [Double] = []
    private var minima: [Double] = []
    private var maxima: [Double] = []
    private var lasts: [Double] = []
    /// The minutes that `lasts` come from.
    private var lastMinutes: [Int64] = []
    private var distributions: [BinDistribution] = []
    private var tailSums: [Double] = []
    var totals: [Double?] = []
    private(set) var distributionBytes = 0

    init(_ windows: SpanWindows, _ columns: SeriesTable.Columns) {
        (self.windows, self.columns, binCount) = (windows, columns, windows.binCount)
    }

    /// Makes room for rows, which begin empty.
    mutating func setRows(_ rowCount: Int) {
        func extend<Value>(_ array: inout [Value], _ column: SeriesTable.Columns, with value: Value) {
            guard columns.isSuperset(of: column) else { return }
            array.append(contentsOf: repeatElement(value, count: rowCount * binCount - array.count))
        }
        extend(&counts, [], with: 0)
        extend(&sums, .sum, with: 0)
        extend(&minima, .extremes, with: .infinity)
        extend(&maxima, .extremes, with: -.infinity)
        extend(&lasts, .last, with: .gap)
        extend(&lastMinutes, .last, with: .min)
        extend(&distributions, .distribution, with: .none)
        tailSums.append(contentsOf: repeatElement(0, count: rowCount - tailSums.count))
        totals.append(contentsOf: repeatElement(nil, count: rowCount - totals.count))
    }

    mutating func add(_ point: borrowing MinutePoint, isHour: Bool, to row: Int) {
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

    @inline(__always)
    private mutating func add(_ point: borrowing MinutePoint, bin: Int?, _ share: Double, to row: Int) {
        guard let bin else { return }
        guard bin < binCount else {
            if columns.contains(.tail) { tailSums[row] += point.aggregate.sum * share }
            return
        }
        let place = row &* binCount &+ bin
        counts[place] += Double(point.aggregate.count) * share
        if columns.contains(.sum) { sums[place] += point.aggregate.sum * share }
        if columns.contains(.extremes) {
            minima[place] = Swift.min(minima[place], point.aggregate.min)
            maxima[place] = Swift.max(maxima[place], point.aggregate.max)
        }
        if columns.contains(.last), point.minute.index >= lastMinutes[place] {
            lasts[place] = point.aggregate.last
            lastMinutes[place] = point.minute.index
        }
        if columns.contains(.distribution) {
            let kept = copy point
            distributionBytes += distributions[place].add(kept.aggregate, share)
        }
    }

    func row(_ row: Int) -> SeriesTable.Row {
        func part<Value>(_ array: [Value]) -> [Value] {
            array.isEmpty ? [] : Array(array[row * binCount..<(row + 1) * binCount])
        }
        return SeriesTable.Row(
            counts: part(counts), sums: part(sums), minima: part(minima), maxima: part(maxima), lasts: part(lasts),
            distributions: part(distributions), tailSum: tailSums[row], total: totals[row])
    }
}
