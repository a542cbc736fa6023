/// A moment: milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z, negative before.
    public var milliseconds: Int64

    /// The moment so many milliseconds after 1970-01-01T00:00:00Z.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    /// The moment so many seconds after 1970-01-01T00:00:00Z.
    public init(seconds: Int64) { self.milliseconds = seconds * 1000 }

    /// Whole seconds since the epoch, rounded down.
    public var seconds: Int64 { milliseconds.flooredQuotient(by: 1000) }

    /// The minute this moment lies in.
    public var minute: Minute { Minute(milliseconds.flooredQuotient(by: 60_000)) }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// Stops at the ends of time: files and clocks may say anything.
    public func advanced(byMilliseconds delta: Int64) -> Timestamp {
        let (sum, isBeyond) = milliseconds.addingReportingOverflow(delta)
        return Timestamp(milliseconds: isBeyond ? (delta < 0 ? .min : .max) : sum)
    }
}

/// A minute of UTC: minutes since 1970-01-01T00:00Z. The unit in which DaTtSs remembers.
public struct Minute: Sendable, Hashable, Comparable, Strideable {
    /// Minutes since 1970-01-01T00:00Z, negative before.
    public var index: Int64

    /// The minute so many minutes after 1970-01-01T00:00Z.
    public init(_ index: Int64) { self.index = index }

    /// The first moment of this minute.
    public var start: Timestamp { Timestamp(milliseconds: index * 60_000) }
    /// The first moment after this minute.
    public var end: Timestamp { Timestamp(milliseconds: (index + 1) * 60_000) }

    /// Days since 1970-01-01 (UTC).
    public var day: Int64 { index.flooredQuotient(by: Minute.perDay) }

    /// Minutes in a day of UTC.
    public static let perDay: Int64 = 1440

    public static func < (a: Minute, b: Minute) -> Bool { a.index < b.index }
    /// How many minutes later `other` is.
    public func distance(to other: Minute) -> Int64 { other.index - index }
    /// The minute so many minutes later.
    public func advanced(by minutes: Int64) -> Minute { Minute(index + minutes) }
}

/// A moment by both of a machine's clocks: the one that shows the time and may be set, and the one that only goes on.
public struct Moment: Sendable, Hashable {
    /// What the wall clock shows.
    public var time: Timestamp
    /// See ``WallClock/uptimeMilliseconds()``.
    public var uptimeMilliseconds: Int64

    /// A moment by both clocks.
    public init(_ time: Timestamp, uptimeMilliseconds: Int64) {
        (self.time, self.uptimeMilliseconds) = (time, uptimeMilliseconds)
    }
}

/// Where a pipeline gets the time from. Servers read the system's clock, tests turn the hands themselves.
public protocol WallClock: Sendable {
    func now() -> Timestamp
    /// Returns when the clock shows `deadline` or later; throws `CancellationError` when the task is cancelled.
    ///
    /// It also returns when the clock was set back meanwhile, because the deadline may then be years away: a caller that waits
    /// for a moment looks at the clock again.
    /// - Parameter seen: what the clock showed when the deadline was worked out: it may have been set back since then, too.
    func sleep(until deadline: Timestamp, since seen: Timestamp) async throws
    /// Lets so much time pass, whatever the clock is set to meanwhile; throws `CancellationError` when the task is cancelled.
    func pause(milliseconds: Int64) async throws
    /// Milliseconds that have really passed since some moment, also while the machine slept: nobody can set this.
    func uptimeMilliseconds() -> Int64
}

extension WallClock {
    /// ``sleep(until:since:)`` for a deadline that was worked out just now.
    public func sleep(until deadline: Timestamp) async throws { try await sleep(until: deadline, since: now()) }

    /// Both clocks, read one right after the other.
    public func moment() -> Moment { Moment(now(), uptimeMilliseconds: uptimeMilliseconds()) }

    /// For clocks that nobody sets: sleeps until they show so much more.
    public func pause(milliseconds: Int64) async throws {
        try await sleep(until: now().advanced(byMilliseconds: milliseconds))
    }
}

extension FixedWidthInteger where Self: SignedInteger {
    /// Division that rounds towards negative infinity, so that moments before 1970 fall into the right minute.
    public func flooredQuotient(by divisor: Self) -> Self {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder != 0 && (remainder < 0) != (divisor < 0) ? quotient - 1 : quotient
    }
}
