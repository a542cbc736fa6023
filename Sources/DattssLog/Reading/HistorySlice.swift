public import DattssCore

/// One statistic of one user over some minutes, as the log has it.
public struct HistorySlice: Sendable, Hashable {
    /// By minute, then in the order in which they were written: a minute may have several blocks.
    public var points: [Point] = []
    /// The minutes in which the user has any aggregate at all; ascending, each once. In these a silent counter is a
    /// zero, in others it is a gap.
    public var activeMinutes: [Minute] = []

    public struct Point: Sendable, Hashable {
        public var minute: Minute
        public var aggregate: Aggregate

        public init(minute: Minute, aggregate: Aggregate) {
            self.minute = minute
            self.aggregate = aggregate
        }
    }

    public init(points: [Point] = [], activeMinutes: [Minute] = []) {
        self.points = points
        self.activeMinutes = activeMinutes
    }
}
