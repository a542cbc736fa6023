import DattssCore

/// What becomes of values: a gauge's, or the extremes of a timer's minutes.
struct GaugeValues {
    private let row: SeriesTable.Row
    private let lasts: [Double]
    private let minima: [Double]
    private let maxima: [Double]
    private let windows: SpanWindows
    private let span: Span
    private let grid: TimeGrid

    enum Extreme { case min, max }

    init(
        _ row: SeriesTable.Row, _ lasts: [Double], _ minima: [Double], _ maxima: [Double], _ windows: SpanWindows, _ span: Span,
        _ grid: TimeGrid
    ) {
        (self.row, self.lasts, self.minima, self.maxima) = (row, lasts, minima, maxima)
        (self.windows, self.span, self.grid) = (windows, span, grid)
    }

    /// - Parameter extreme: of which the values are; nil for a gauge's.
    func values(_ reading: Reading, extreme: Extreme?) -> [Double] {
        let longest = windows.bins(0).count
        let counts = RangeTree(row.counts, longest: longest, nothing: 0, +)
        func each(_ value: (_ instant: Int, _ bins: Range<Int>, _ count: Double) -> Double) -> [Double] {
            (0..<grid.count).map { instant in
                let bins = windows.bins(instant)
                let count = counts.of(bins)
                return count > 0 ? value(instant, bins, count) : .gap
            }
        }
        switch reading {
        case .instant, .last, .increase, .rate, .instantRate:
            let latest = latestBins
            return each { instant, bins, _ in lasts[latest[bins.upperBound - 1]] }
        case .min:
            let tree = RangeTree(minima, longest: longest, nothing: .infinity, Swift.min)
            return each { _, bins, _ in tree.of(bins) }
        case .max:
            let tree = RangeTree(maxima, longest: longest, nothing: -.infinity, Swift.max)
            return each { _, bins, _ in tree.of(bins) }
        case .present: return each { _, _, _ in 1 }
        case .count: return each { _, _, count in count }
        case .mean, .sum:
            let values = extreme == nil ? row.sums : zip(lasts, row.counts).map { $1 > 0 ? $0 : 0 }
            let numbers = extreme == nil ? row.counts : row.counts.map { $0 > 0 ? 1 : 0 }
            let tree = RangeTree(values, longest: longest, nothing: 0, +)
            let number = RangeTree(numbers, longest: longest, nothing: 0, +)
            return each { _, bins, _ in reading == .mean ? tree.of(bins) / number.of(bins) : tree.of(bins) }
        case .sequence:
            return SampleSequence(samples, windows, span, grid).values(reading)
        }
    }

    /// The last bin with a value, up to each.
    private var latestBins: [Int] {
        var last = 0
        return row.counts.indices.map { bin in
            if row.counts[bin] > 0 { last = bin }
            return last
        }
    }

    private var samples: [SampleSequence.Sample] {
        row.counts.indices.compactMap { bin in
            row.counts[bin] > 0 ? SampleSequence.Sample(minute: windows.minute(ofBin: bin), value: lasts[bin]) : nil
        }
    }
}
