/// Minute aggregates merged to steps: what `/api/v1/series` answers.
public enum Series {
    /// One step that has data.
    public struct Point: Sendable, Hashable {
        /// The first minute of the step; a multiple of the step since the epoch.
        public var start: Minute
        public var aggregate: Aggregate
    }

    /// - Parameters:
    ///   - minutes: sorted by minute; several of one minute in the order in which they were written.
    ///   - stepMinutes: at least 1.
    public static func points(_ minutes: some Sequence<(minute: Minute, aggregate: Aggregate)>, stepMinutes: Int64) -> [Point] {
        merge(minutes.lazy.map { ($0.minute.index.flooredQuotient(by: stepMinutes) * stepMinutes, $0.aggregate) })
            .map { Point(start: Minute($0.position), aggregate: $0.aggregate) }
    }

    /// Merges neighbours with the same position.
    static func merge(
        _ positioned: some Sequence<(Int64, Aggregate)>
    ) -> [(position: Int64, aggregate: Aggregate)] {
        var merged: [(position: Int64, aggregate: Aggregate)] = []
        var current: (position: Int64, merging: MergingAggregate)?
        for (position, aggregate) in positioned {
            if current?.position == position {
                current?.merging.merge(aggregate)
            } else {
                if let current { merged.append((current.position, current.merging.merged)) }
                current = (position, MergingAggregate(aggregate))
            }
        }
        if let current { merged.append((current.position, current.merging.merged)) }
        return merged
    }
}
