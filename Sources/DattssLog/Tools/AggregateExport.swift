public import DattssCore

/// One user's minute aggregates as text, for other programs and for keeping.
///
///     let export = AggregateExport(of: user, minutes: range, from: history)
///     try export.writeCSV(withSketches: true) { (bytes) throws(FileSystemError) in … }
///
/// Writes nothing to the data folder, and holds a statistic's aggregates of one day in memory at a time.
public struct AggregateExport: Sendable {
    private let history: History
    private let user: UserID
    private let minutes: Range<Minute>

    private static let chunkBytes = 256 << 10

    /// - Parameter minutes: those that are written.
    public init(of user: UserID, minutes: Range<Minute>, from history: History) {
        self.history = history
        self.user = user
        self.minutes = minutes
    }

    /// Writes the table of ``AggregateColumns``, in the order in which the log hands it out: day by day. What `dattss import
    /// --format aggregates` reads back is, with sketches, bit by bit what was written; several aggregates of one minute keep their
    /// order.
    /// - Parameter write: is given the text piece by piece; what it throws ends the export.
    /// - Returns: how many aggregates were written.
    @discardableResult
    public func writeCSV(
        withSketches: Bool, _ write: ([UInt8]) throws(FileSystemError) -> Void
    ) throws(LogError) -> Int {
        var rows = AggregateLineWriter(
            AggregateColumns(hasSketch: withSketches, hasExtras: try needsExtraColumns()))
        rows.appendHeader()
        var count = 0
        try history.forEachPoint(user: user, minutes: minutes, withSketches: withSketches) {
            (key, point) throws(LogError) in
            rows.append(point.minute, key, point.aggregate)
            count += 1
            if rows.bytes.count >= Self.chunkBytes {
                try logged { () throws(FileSystemError) in try write(rows.bytes) }
                rows.bytes.removeAll(keepingCapacity: true)
            }
        }
        try logged { () throws(FileSystemError) in try write(rows.bytes) }
        return count
    }

    /// Whether there is any aggregate of which the three columns are needed: found in a pass of its own, because the names of
    /// the columns come first.
    private func needsExtraColumns() throws(LogError) -> Bool {
        var isNeeded = false
        try history.forEachPoint(user: user, minutes: minutes, withSketches: false) { (_, point) throws(LogError) in
            isNeeded = isNeeded || point.aggregate.needsExtraColumns
        }
        return isNeeded
    }

    /// Writes OpenMetrics 1.0 text with timestamps, as `promtool tsdb create-blocks-from openmetrics` and VictoriaMetrics'
    /// `/api/v1/import/prometheus` take it in:
    ///
    ///     # TYPE dattss_sum gauge
    ///     # HELP dattss_sum The sum of the samples of a minute.
    ///     dattss_sum{type="c",path="routes.get"} 376 1795330020
    ///     …
    ///     # EOF
    ///
    /// A family for each of the eight numbers, and in it a series for each statistic. They are gauges: a minute's `sum` is not
    /// a total that only grows, and `sum_over_time(dattss_sum[1h])` adds minutes up. The time is the minute's first second.
    /// Several aggregates of one minute are merged, because a series has one value at a time; sketches stay behind.
    /// - Returns: how many values were written.
    @discardableResult
    public func writeOpenMetrics(_ write: ([UInt8]) throws(FileSystemError) -> Void) throws(LogError) -> Int {
        let keys = try history.keys(user: user, minutes: minutes).sorted()
        var text = OpenMetricsText()
        // The families must not mix, so each statistic is read once for each.
        for number in OpenMetricsText.families.indices {
            text.beginFamily(number)
            for key in keys {
                let slice = try history.read(user: user, key: key, minutes: minutes)
                text.append(slice.mergedByMinute, of: key)
                if text.bytes.count >= Self.chunkBytes {
                    try logged { () throws(FileSystemError) in try write(text.bytes) }
                    text.bytes.removeAll(keepingCapacity: true)
                }
            }
        }
        text.end()
        try logged { () throws(FileSystemError) in try write(text.bytes) }
        return text.valueCount
    }
}

extension HistorySlice {
    /// One point a minute.
    var mergedByMinute: [Point] {
        var merged: [Point] = []
        var open: (minute: Minute, merging: MergingAggregate)?
        for point in points {
            if open?.minute == point.minute {
                open?.merging.merge(point.aggregate)
            } else {
                if let open { merged.append(Point(minute: open.minute, aggregate: open.merging.merged)) }
                open = (point.minute, MergingAggregate(point.aggregate))
            }
        }
        if let open { merged.append(Point(minute: open.minute, aggregate: open.merging.merged)) }
        return merged
    }
}
