/// The time that may be relied upon when something is deleted for its age: as late as it certainly is.
///
/// A clock that is set forward makes everything old at once, and what is deleted does not come back with the right time. So this
/// goes on as fast as time really passes, whatever the clock shows:
///
///     clock   ────────────┐ +30 days ┌────────      what it shows
///     line    ────────────────────────────────      moves with the uptime, follows steps of hours at once
///     latest  ────────────────────────────────      the earlier of the two
///
/// A clock that says otherwise, by more than ``followedMilliseconds``, is believed when it has said so for
/// ``confirmationMilliseconds`` of real time, in one run or in several. Until then what it makes old is kept.
public struct ConfirmedTime: Sendable, Hashable {
    /// What can be told without the clock.
    public private(set) var line: Timestamp
    /// What the clock showed last.
    public private(set) var shown: Timestamp
    /// That the clock says something else, and for how long it has.
    public private(set) var doubt: Doubt?
    private var uptime: Int64

    /// A clock that says something else than ``line``.
    public struct Doubt: Sendable, Hashable {
        /// By how much the clock is ahead of the line; negative when it is behind.
        public var aheadMilliseconds: Int64
        /// How long it has been, in real time.
        public var lastedMilliseconds: Int64

        /// Such a doubt, as an earlier run left it.
        public init(aheadMilliseconds: Int64, lastedMilliseconds: Int64) {
            (self.aheadMilliseconds, self.lastedMilliseconds) = (aheadMilliseconds, lastedMilliseconds)
        }
    }

    /// What a look at the clock brought to light.
    public enum News: Sendable, Hashable {
        /// The clock is beside the line since just now.
        case doubted
        /// The clock agrees with the line again.
        case resolved
        /// The clock has differed for long enough to be believed.
        case confirmed
    }

    /// Steps of a clock, and pauses of a server, that delete nothing much too early.
    public static let followedMilliseconds: Int64 = 6 * 3_600_000
    /// How long a clock has to differ before it is believed: longer than a weekend.
    public static let confirmationMilliseconds: Int64 = 72 * 3_600_000

    /// - Parameters:
    ///   - line: what was confirmed at the end of the run before, or the time of the newest data.
    ///   - doubt: what that run said of the clock.
    ///   - uptime: see ``WallClock/uptimeMilliseconds()``.
    public init(line: Timestamp, doubt: Doubt? = nil, shown: Timestamp, uptime: Int64) {
        (self.line, self.doubt, self.shown, self.uptime) = (line, doubt, shown, uptime)
    }

    /// The time from which ages are counted: the earlier of ``line`` and ``shown``.
    public var latest: Timestamp { min(line, shown) }

    /// Looks at the clock.
    public mutating func look(shown: Timestamp, uptime: Int64) -> News? {
        let (past, isBack) = uptime.subtractingReportingOverflow(self.uptime)
        let passed = isBack ? 0 : max(0, past)
        line = line.advanced(byMilliseconds: passed)
        (self.shown, self.uptime) = (shown, uptime)
        let (ahead, isBeyond) = shown.milliseconds.subtractingReportingOverflow(line.milliseconds)
        if !isBeyond, ahead.magnitude <= Self.followedMilliseconds.magnitude {
            defer { (line, doubt) = (shown, nil) }
            return doubt == nil ? nil : .resolved
        }
        if let before = doubt, Self.isNear(before.aheadMilliseconds, ahead) {
            let (lasted, isBeyond) = before.lastedMilliseconds.addingReportingOverflow(passed)
            doubt?.lastedMilliseconds = isBeyond ? .max : lasted
            guard isBeyond || lasted >= Self.confirmationMilliseconds else { return nil }
            (line, doubt) = (shown, nil)
            return .confirmed
        }
        doubt = Doubt(aheadMilliseconds: ahead, lastedMilliseconds: 0)
        return .doubted
    }

    private static func isNear(_ a: Int64, _ b: Int64) -> Bool {
        let (distance, isBeyond) = a.subtractingReportingOverflow(b)
        return !isBeyond && distance.magnitude <= followedMilliseconds.magnitude
    }
}
