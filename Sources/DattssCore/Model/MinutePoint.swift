/// What one statistic had in one minute. (Where only hours are left of old days, in the hour that begins with the minute.)
public struct MinutePoint: Sendable, Hashable {
    /// The minute.
    public var minute: Minute
    /// What the statistic had in it.
    public var aggregate: Aggregate

    /// Makes a point of its parts.
    public init(minute: Minute, aggregate: Aggregate) {
        self.minute = minute
        self.aggregate = aggregate
    }
}
