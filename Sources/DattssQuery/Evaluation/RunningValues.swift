import DattssCore

/// What becomes of a counter, whose minutes are increments.
///
/// A counter is there at an instant when it counted something in the hour before, or in the span, and its user sent anything at all in
/// the span. Then silence is zero.
struct RunningValues {
    private let row: SeriesTable.Row
    /// By how much the counter grew in each bin.
    private let increments: [Double]
    private let windows: SpanWindows
    private let span: Span
    private let active: ActiveMinutes
    private let grid: TimeGrid
    private let totalAtEnd: Double
    private let lastUsedBin: [Int]

    init(
        _ row: SeriesTable.Row, _ field: MetricField, _ windows: SpanWindows, _ span: Span, _ active: ActiveMinutes,
        _ grid: TimeGrid
    ) {
        (self.row, self.windows, self.span, self.active, self.grid) = (row, windows, span, active, grid)
        increments = field == .timerCount ? row.counts : row.sums
        // What is not known any more began with what is read.
        totalAtEnd = row.total.map { $0 - row.tailSum } ?? increments.reduce(0, +)
        var last = -1
        lastUsedBin = row.counts.indices.map { bin in
            if row.counts[bin] > 0 { last = bin }
            return last
        }
    }

    func values(_ reading: Reading) -> [Double] {
        switch reading {
        case .increase, .rate: return differences(bySecond: reading == .rate)
        case .instantRate: return instantRates
        case .instant: return instants
        default: return SampleSequence(samples, windows, span, grid).values(reading)
        }
    }

    private func isThere(_ instant: Int) -> Bool {
        let bins = windows.presenceBins(instant)
        guard !bins.isEmpty, lastUsedBin[bins.upperBound - 1] >= bins.lowerBound else { return false }
        return active.last(in: windows.minutes[instant]) != nil
    }

    private func differences(bySecond: Bool) -> [Double] {
        let tree = RangeTree(increments, longest: windows.bins(0).count, nothing: 0, +)
        return (0..<grid.count).map { instant in
            guard isThere(instant) else { return .gap }
            let seconds = Double(windows.minutes[instant].count * 60)
            let difference = tree.of(windows.bins(instant))
            return bySecond ? difference / seconds : difference * (Double(span.milliseconds) / 1000 / seconds)
        }
    }

    /// The rate in the last minute in which its user was there.
    private var instantRates: [Double] {
        (0..<grid.count).map { instant in
            guard isThere(instant), let minute = active.last(in: windows.minutes[instant]),
                let bin = windows.bin(of: minute - windows.range.lowerBound.index)
            else { return .gap }
            return increments[bin] / 60
        }
    }

    /// The total at the end of each bin: what it is at the end, less what came later.
    private var totals: [Double] {
        var total = totalAtEnd
        var totals = increments
        for bin in increments.indices.reversed() {
            totals[bin] = total
            total -= increments[bin]
        }
        return totals
    }

    private var instants: [Double] {
        let totals = totals
        return (0..<grid.count).map { instant in isThere(instant) ? totals[windows.bins(instant).upperBound - 1] : .gap }
    }

    /// Minute by minute, as long as it is there.
    private var samples: [SampleSequence.Sample] {
        let totals = totals
        return totals.indices.compactMap { bin in
            let (used, minute) = (lastUsedBin[bin], windows.minute(ofBin: bin))
            guard used >= 0, bin - used < windows.presenceMinutes, active.isActive(minute) else { return nil }
            return SampleSequence.Sample(minute: minute, value: totals[bin])
        }
    }
}
