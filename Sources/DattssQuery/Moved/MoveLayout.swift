public import DattssCore

/// Which minutes are compared with which, and in which bins they are kept:
///
///     before       │ baseline: 4 times the window, an hour at least │ lead │ window │
///     yesterday    │ as long, around the same time of the day before │   …   │ lead │ window │
///     usual        │ lead and window of each of the seven days before, at the same time │   …   │ lead │ window │
///
/// The lead is a third of the window. What moved in the window may have begun there; so it belongs neither to the one nor to the other. A
/// window of more than two hours is compared in steps of several minutes, so that a day takes as much memory as two hours.
public struct MoveLayout: Sendable, Hashable {
    /// What a window is compared with.
    public enum Baseline: String, Sendable, Hashable, CaseIterable {
        /// The time directly before.
        case before
        /// The same time of the day before, as clocks show it.
        case yesterday
        /// The same time of the seven days before, as clocks show it.
        case usual
    }

    /// How many minutes a window may have.
    public static let windowMinutes: ClosedRange<Int64> = 5...1440

    /// Minutes that lie side by side, and where the bins of them begin.
    struct Part: Sendable, Hashable {
        var minutes: Range<Minute>
        var firstBin: Int
    }

    /// How many minutes a bin has.
    public let binMinutes: Int64
    /// How many bins there are in all.
    public let binCount: Int
    /// The stretches of the baseline, in bins.
    let stretches: [Range<Int>]
    /// The lead and the window, in bins.
    let current: Range<Int>
    /// Where the window begins, in bins.
    let windowStart: Int
    let parts: [Part]

    private static let windowBinsMax: Int64 = 120
    private static let baselineMinutesMin: Int64 = 60
    private static let baselineFactor: Int64 = 4
    private static let usualDays: ClosedRange<Int64> = 1...7
    /// On a usual day a short window is compared with some more minutes around it.
    private static let usualMinutesMin: Int64 = 15

    /// - Parameters:
    ///   - window: its beginning is moved to a whole bin, by five minutes less than a bin's length at most.
    ///   - rules: the time zone whose clocks say what the same time is.
    /// - Throws: ``QueryError/Code/limit`` when the window is none of ``windowMinutes``.
    public init(_ window: Range<Minute>, against baseline: Baseline, in rules: any TimeZoneRules) throws(QueryError) {
        let length = window.upperBound.index - window.lowerBound.index
        guard Self.windowMinutes.contains(length) else {
            throw QueryError(
                .limit,
                "a window of \(length) minute\(length == 1 ? "" : "s"): expected \(Self.windowMinutes.lowerBound) to "
                    + "\(Self.windowMinutes.upperBound), the limit of minutes")
        }
        let width = (length + Self.windowBinsMax - 1) / Self.windowBinsMax
        func whole(_ minutes: Int64) -> Int64 { (minutes + width - 1) / width * width }
        let windowLength = length / width * width
        let start = window.upperBound.index - windowLength
        let lead = whole(Swift.max(2, windowLength / 3))
        let from = start - lead
        let length4 = whole(Swift.max(Self.baselineMinutesMin, windowLength * Self.baselineFactor))
        // A long window reaches into its own day.
        func stretch(_ first: Int64, _ length: Int64) -> Range<Int64> {
            first..<Swift.min(first + length, first + (from - first) / width * width)
        }
        var ranges: [Range<Int64>] = []
        switch baseline {
        case .before: ranges = [from - length4..<from]
        case .yesterday:
            let same = Self.sameTime(start, daysBefore: 1, rules)
            ranges = [stretch(same - whole((length4 - windowLength) / 2), length4)]
        case .usual:
            let around = whole(Swift.max(0, (Self.usualMinutesMin - windowLength + 1) / 2))
            ranges = Self.usualDays.reversed().map { day in
                let same = Self.sameTime(start, daysBefore: day, rules)
                // (With the lead, so that what begins at the same time every day has a beginning there, too.)
                let before = Swift.max(lead, around)
                return stretch(same - before, before + windowLength + around)
            }
        }
        binMinutes = width
        var (parts, stretches, bins): ([Part], [Range<Int>], Int) = ([], [], 0)
        for range in ranges + [from..<window.upperBound.index] {
            parts.append(Part(minutes: Minute(range.lowerBound)..<Minute(range.upperBound), firstBin: bins))
            stretches.append(bins..<bins + Int((range.upperBound - range.lowerBound) / width))
            bins = stretches[stretches.count - 1].upperBound
        }
        current = stretches.removeLast()
        (self.parts, self.stretches, binCount) = (parts, stretches, bins)
        windowStart = current.lowerBound + Int(lead / width)
    }

    /// The minute at which clocks show, some days before, what they show at a minute.
    private static func sameTime(_ minute: Int64, daysBefore days: Int64, _ rules: any TimeZoneRules) -> Int64 {
        func ahead(_ minute: Int64) -> Int64 { rules.secondsFromUTC(at: Minute(minute).start).flooredQuotient(by: 60) }
        let wanted = minute + ahead(minute) - days * Minute.perDay
        // (Where the clocks were set between, the first guess is an hour away, and near the change itself it may be twice.)
        let guess = wanted - ahead(wanted - ahead(minute))
        return wanted - ahead(guess)
    }

    // MARK: Bins and minutes

    /// What has to be read: no minute twice.
    var reads: [Range<Minute>] {
        var reads: [Range<Minute>] = []
        for minutes in parts.map(\.minutes).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = reads.last, minutes.lowerBound <= last.upperBound {
                reads[reads.count - 1] = last.lowerBound..<Swift.max(last.upperBound, minutes.upperBound)
            } else {
                reads.append(minutes)
            }
        }
        return reads
    }

    /// The bins of a minute: of the days of a usual day two may share one, where clocks were set.
    @inline(__always)
    func forEachBin(of minute: Minute, _ body: (Int) -> Void) {
        for part in parts where part.minutes.contains(minute) {
            body(part.firstBin + Int((minute.index - part.minutes.lowerBound.index) / binMinutes))
        }
    }

    /// All bins of some minutes.
    func forEachBin(in minutes: Range<Minute>, _ body: (Int) -> Void) {
        var minute = minutes.lowerBound
        while minute < minutes.upperBound {
            forEachBin(of: minute, body)
            minute = minute.advanced(by: 1)
        }
    }

    /// The first minute of a bin of ``current``, or its end.
    func minute(ofCurrent bin: Int) -> Minute {
        window.upperBound.advanced(by: Int64(bin - current.upperBound) * binMinutes)
    }

    /// The window, in whole bins.
    public var window: Range<Minute> {
        let minutes = parts[parts.count - 1].minutes
        return minutes.lowerBound.advanced(by: Int64(windowStart - current.lowerBound) * binMinutes)..<minutes.upperBound
    }

    /// The stretches of the baseline.
    public var baseline: [Range<Minute>] { parts.dropLast().map(\.minutes) }

    /// What a small drawing shows: all that lies directly before the window, and the window.
    var drawn: Range<Int> {
        let isContiguous = parts.count == 2 && parts[0].minutes.upperBound == parts[1].minutes.lowerBound
        return isContiguous ? 0..<binCount : current
    }

    /// How many bins a point of a small drawing has.
    var drawnWidth: Int { (drawn.count + Self.drawnPointsMax - 1) / Self.drawnPointsMax }

    private static let drawnPointsMax = 120

    /// When the small drawing begins, and how many minutes a point of it has.
    public var drawing: (from: Minute, minutes: Int64) {
        (minute(ofCurrent: current.upperBound - drawn.count), Int64(drawnWidth) * binMinutes)
    }
}
