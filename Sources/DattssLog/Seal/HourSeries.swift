internal import DattssCore

/// Merges points, which come by minute, into one an hour.
struct HourSeries {
    private let day: Int64
    private var open: (slot: Int, merging: MergingAggregate)?

    init(day: Int64) { self.day = day }

    /// - Returns: the hour before, when this point is the first of a later one.
    mutating func append(_ point: HistorySlice.Point) -> HistorySlice.Point? {
        let slot = SealedStep.hour.slot(of: point.minute)
        if open?.slot == slot {
            open?.merging.merge(point.aggregate)
            return nil
        }
        defer { open = (slot, MergingAggregate(point.aggregate)) }
        return hour
    }

    /// The last hour.
    mutating func finish() -> HistorySlice.Point? {
        defer { open = nil }
        return hour
    }

    private var hour: HistorySlice.Point? {
        open.map { open in
            HistorySlice.Point(
                minute: SealedStep.hour.minute(ofSlot: open.slot, day: day), aggregate: open.merging.merged)
        }
    }
}
