/// What one statistic had in one minute. (Where only hours are left of old days, in the hour that begins with the minute.)
public struct MinutePoint: Sendable, Hashable {
    public var minute: Minute
    public var aggregate: Aggregate

    public init(minute: Minute, aggregate: Aggregate) {
        self.minute = minute
        self.aggregate = aggregate
    }
}
