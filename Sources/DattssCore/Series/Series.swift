/// Minute aggregates merged to steps: what `/api/v1/series` answers.
public enum Series {
    /// One step that has data.
    public struct Point: Sendable, Hashable {
        /// The first minute of the step; a multiple of the step since the epoch.
        public var start: Minute
        /// The merge of the step's minutes.
        public var aggregate: Aggregate
    }

    /// - Parameters:
    ///   - minutes: sorted by minute; several of one minute in the order in which they were written.
    ///   - stepMinutes: at least 1.
    public static func points(_ minutes: [MinutePoint], stepMinutes: Int64) -> [Point] {
        guard let first = minutes.first else { return [] }
        var points: [Point] = []
        var merging = MergingAggregate(first.aggregate)
        var position = 0
        while position < minutes.count {
            let start = Minute(minutes[position].minute.index.flooredQuotient(by: stepMinutes) * stepMinutes)
            let end = start.advanced(by: stepMinutes)
            merging.restart(minutes[position].aggregate)
            position += 1
            while position < minutes.count, minutes[position].minute < end {
                merging.merge(minutes[position].aggregate)
                position += 1
            }
            points.append(Point(start: start, aggregate: merging.merged))
        }
        return points
    }
}
