internal import DattssCore

/// Merges points, which come by minute, into one an hour.
struct HourSeries {
    private let day: Int64
    private var open: MergingAggregate?
    private var slot = 0
    /// The minutes of the open hour.
    private var minutes: Range<Int64> = 0..<0

    init(day: Int64) { self.day = day }

    /// - Returns: the hour before, when this point is the first of a later one.
    mutating func append(_ point: HistorySlice.Point) -> HistorySlice.Point? {
        if minutes.contains(point.minute.index) {
            open?.merge(point.aggregate)
            return nil
        }
        let hour = hour
        open = MergingAggregate(point.aggregate)
        slot = SealedStep.hour.slot(of: point.minute)
        let first = SealedStep.hour.minute(ofSlot: slot, day: point.minute.day).index
        minutes = first..<first + Int64(SealedStep.hour.rawValue)
        return hour
    }

    /// The last hour.
    mutating func finish() -> HistorySlice.Point? {
        defer { (open, minutes) = (nil, 0..<0) }
        return hour
    }

    private var hour: HistorySlice.Point? {
        open.map { open in
            HistorySlice.Point(minute: SealedStep.hour.minute(ofSlot: slot, day: day), aggregate: open.merged)
        }
    }
}
