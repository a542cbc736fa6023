/// Five minutes of UTC, the step in which it is asked whether something is usual.
public struct UsualSlot: Sendable, Hashable, Comparable {
    /// Steps since 1970-01-01T00:00Z.
    public var index: Int64

    /// The step so many steps after 1970-01-01T00:00Z.
    public init(_ index: Int64) { self.index = index }

    /// The step in which a minute lies.
    public init(_ minute: Minute) { index = minute.index.flooredQuotient(by: Self.minutes) }

    /// The length of a step.
    public static let minutes: Int64 = 5
    /// Steps in a day of UTC.
    public static let perDay: Int64 = 288

    /// The first minute of the step.
    public var minute: Minute { Minute(index * Self.minutes) }

    public static func < (a: UsualSlot, b: UsualSlot) -> Bool { a.index < b.index }
}
