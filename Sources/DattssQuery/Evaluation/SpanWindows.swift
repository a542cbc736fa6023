import DattssCore

/// The spans of all instants of a grid, as bins of equal width.
///
///     instant 0      [from, end) bins ─┐
///     instant 1         [from, end)    ├─ each a whole number of bins; may overlap, or leave bins out between them
///
/// Bins that no span needs are not numbered, so that a short span at a long step takes no memory for what lies between.
struct SpanWindows {
    /// The minutes of each instant.
    let minutes: [Range<Int64>]
    /// All minutes that are to be read.
    let range: Range<Minute>
    /// Minutes a bin.
    let width: Int64
    /// After so many minutes the same comes again; of these only the first `used` minutes have bins.
    private let period: Int64
    private let used: Int64
    /// In front of each span, for knowing whether a counter is still there.
    let presenceMinutes: Int64

    /// - Parameters:
    ///   - presenceMinutes: how far to look back at least.
    ///   - finest: whether each minute is to have a bin of its own.
    init(_ span: Span, on grid: TimeGrid, presenceMinutes: Int64, finest: Bool, keepsAll: Bool, _ limits: QueryLimits)
        throws(QueryError)
    {
        let ends = (0..<grid.count).map { grid.instant($0).advanced(byMilliseconds: -span.offsetMilliseconds) }
        let minutes = ends.map { end in
            let last = end.minute.index
            return min(end.advanced(byMilliseconds: -span.milliseconds).minute.index, last - 1)..<last
        }
        let froms = minutes.map { min($0.lowerBound, $0.upperBound - presenceMinutes) }
        let (first, end) = (froms[0], minutes[minutes.count - 1].upperBound)
        guard end - first <= limits.days * Minute.perDay + Minute.perDay else {
            throw QueryError(.limit, "the query reaches over more than \(limits.days) days, the limit of days")
        }
        var width: Int64 = finest ? 1 : end - first
        if !finest {
            for (own, from) in zip(minutes, froms) {
                for distance in [own.lowerBound - first, own.upperBound - first, from - first] {
                    width = Self.divisor(width, distance)
                }
                if width == 1 { break }
            }
        }
        let step = grid.stepMilliseconds / 60_000
        let length = minutes[0].upperBound - first
        let isRegular = grid.count > 1 && grid.stepMilliseconds % 60_000 == 0 && step > length && step % width == 0
        (period, used) = isRegular && !keepsAll ? (step, length) : (end - first, end - first)
        self.minutes = minutes
        self.width = width
        self.presenceMinutes = presenceMinutes
        range = Minute(first)..<Minute(end)
    }

    var binCount: Int {
        let minutes = range.upperBound.index - range.lowerBound.index
        return Int((minutes / period * used + min(minutes % period, used)) / width)
    }

    /// The bin of a minute, from the first one that is read; nil where no span needs it. Behind the last one: the number of bins.
    func bin(of offset: Int64) -> Int? {
        if offset < 0 { return nil }
        if offset >= range.upperBound.index - range.lowerBound.index { return binCount }
        if used == period { return Int(width == 1 ? offset : offset / width) }
        let (turn, phase) = offset.quotientAndRemainder(dividingBy: period)
        return phase < used ? Int((turn * used + phase) / width) : nil
    }

    /// The first minute of a bin.
    func minute(ofBin bin: Int) -> Int64 {
        let (turn, phase) = (Int64(bin) * width).quotientAndRemainder(dividingBy: used)
        return range.lowerBound.index + turn * period + phase
    }

    /// The bins of an instant's span.
    func bins(_ instant: Int) -> Range<Int> { bins(from: minutes[instant].lowerBound, end: minutes[instant].upperBound) }

    /// The bins in which a counter must have counted at some time to be still there.
    func presenceBins(_ instant: Int) -> Range<Int> {
        let own = minutes[instant]
        return bins(from: min(own.lowerBound, own.upperBound - presenceMinutes), end: own.upperBound)
    }

    private func bins(from: Int64, end: Int64) -> Range<Int> {
        let first = range.lowerBound.index
        let count = Int((end - from) / width)
        let start = bin(of: from - first) ?? 0
        return start..<(start + count)
    }

    private static func divisor(_ a: Int64, _ b: Int64) -> Int64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}
