/// What the clocks on the walls of a time zone show over some days: of every minute of UTC the local date and minute of the
/// day (0..<1440).
///
/// Where clocks are set back they show some minutes twice; where they are set forward they miss some. It may be an hour, half
/// an hour (Lord Howe), or a whole day (Samoa, 2011), and it need not be for the summer only.
struct LocalMinutes {
    /// Minutes of UTC over which the clocks keep going, and by how many minutes they are ahead of it.
    private struct Span {
        var minutes: Range<Int64>
        /// What is left of a minute makes no difference.
        var shift: Int64

        var shown: Range<Int64> { minutes.lowerBound + shift..<minutes.upperBound + shift }
    }

    /// A minute as a clock shows it.
    struct Shown: Hashable {
        /// See ``CalendarDate/dayNumber``.
        var day: Int64
        var minuteOfDay: Int64
        /// Whether the clocks showed it before, and were set back then. No zone's clocks ever showed a minute three times.
        var isRepeated: Bool
    }

    /// Invariant: not empty, ascending, without gaps.
    private let spans: [Span]
    /// For each span, the end of what was shown before it.
    private let shownBefore: [Int64]
    /// The span of the minute that was asked for last: mostly one is asked for after the other.
    private var current = 0
    private var day: Int64 = 0

    /// - Parameter minutes: not empty; outside of them the clocks are taken to keep going.
    init(_ rules: any TimeZoneRules, over minutes: Range<Minute>) {
        spans = Self.spans(rules, minutes.lowerBound.index..<minutes.upperBound.index)
        var end = Int64.min
        shownBefore = spans.map { span in
            defer { end = max(end, span.shown.upperBound) }
            return end
        }
    }

    mutating func of(_ minute: Minute) -> Shown {
        while minute.index < spans[current].minutes.lowerBound, current > 0 { current -= 1 }
        while minute.index >= spans[current].minutes.upperBound, current < spans.count - 1 { current += 1 }
        let local = minute.index + spans[current].shift
        if local < day * Minute.perDay || local >= (day + 1) * Minute.perDay {
            day = local.flooredQuotient(by: Minute.perDay)
        }
        let isRepeated = local < shownBefore[current] && spans[..<current].contains { $0.shown.contains(local) }
        return Shown(day: day, minuteOfDay: local - day * Minute.perDay, isRepeated: isRepeated)
    }

    /// The minutes of UTC that lie on a day, in the order of time.
    func minutes(of day: Int64) -> [Range<Minute>] {
        let wanted = day * Minute.perDay..<(day + 1) * Minute.perDay
        return spans.compactMap { span in
            let shown = span.shown.clamped(to: wanted)
            return shown.isEmpty ? nil : Minute(shown.lowerBound - span.shift)..<Minute(shown.upperBound - span.shift)
        }
    }

    /// Where the clocks were set to or from minutes of a day.
    func changes(on day: Int64) -> [ClockChange] {
        let wanted = day * Minute.perDay...(day + 1) * Minute.perDay
        return zip(spans, spans.dropFirst()).compactMap { before, after in
            let start = after.minutes.lowerBound
            let from = (start + before.shift).clamped(to: wanted)
            let to = (start + after.shift).clamped(to: wanted)
            if from == to { return nil }
            // Set back to the day before, the clocks come to this day's minutes only later.
            let isBack = after.shift < before.shift
            return ClockChange(
                at: Minute(isBack ? to - after.shift : start), from: from - wanted.lowerBound, to: to - wanted.lowerBound)
        }
    }

    /// How far apart the rules are asked: no zone's clocks were ever set twice within that.
    private static let askedMinutes: Int64 = 6 * 60

    private static func spans(_ rules: any TimeZoneRules, _ minutes: Range<Int64>) -> [Span] {
        func shift(_ index: Int64) -> Int64 { rules.secondsFromUTC(at: Minute(index).start).flooredQuotient(by: 60) }
        var spans = [Span(minutes: minutes.lowerBound..<minutes.lowerBound + 1, shift: shift(minutes.lowerBound))]
        while let last = spans.last, last.minutes.upperBound < minutes.upperBound {
            let end = min(last.minutes.upperBound + askedMinutes, minutes.upperBound)
            // The first minute that is not as the last span is found by halving, where the end is not.
            var (same, other) = (last.minutes.upperBound - 1, end - 1)
            if shift(other) == last.shift {
                spans[spans.count - 1].minutes = last.minutes.lowerBound..<end
                continue
            }
            while other - same > 1 {
                let middle = (same + other) / 2
                if shift(middle) == last.shift { same = middle } else { other = middle }
            }
            spans[spans.count - 1].minutes = last.minutes.lowerBound..<other
            spans.append(Span(minutes: other..<other + 1, shift: shift(other)))
        }
        return spans
    }
}

/// The clocks of a time zone are set: forward, so that they miss the minutes between, or back, so that they show them again.
public struct ClockChange: Sendable, Hashable {
    /// When they begin to show ``to``.
    public var at: Minute
    /// What they would have shown then, in minutes of the day, from 0 to 1440.
    public var from: Int64
    /// What they show, in minutes of the same day. What lies on another day is cut off.
    public var to: Int64
}

extension Int64 {
    fileprivate func clamped(to range: ClosedRange<Int64>) -> Int64 {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
