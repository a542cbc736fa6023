/// What is remembered of a series between two exports: enough to tell what is new in a cumulative one, what came twice, and what
/// comes too late.
///
/// A cumulative series is a row of *runs*: each begins at a start time and only grows (OpenTelemetry's data model, "Resets and
/// Gaps"). A point of a run that is not later than the last one of it says nothing new. A point of a run that was not there before
///
///     start after that of every run before    a reset: the run counts whole, from its start
///     start == time                           a run whose beginning nobody knows: it counts from this point on
///     no start, or one of long ago            the same, because its total may have been counted before
///     a later time, but a smaller total       a reset without a new start, which counts whole
///
/// Several runs are remembered, so that what overlaps ("Overlap" there: two writers of one series, or the last export of a process
/// that comes after the first one of the next) is counted by its own differences and never twice.
struct OTLPSeries: Sendable, Hashable {
    /// By their starts.
    private var runs: [Run] = []
    /// For deltas, a hash of the start and time of each that came lately; the oldest is first once it is full.
    private var deltas: [UInt64] = []
    private var nextDelta = 0
    /// For a gauge, the time of its last value.
    private var gaugeTime: UInt64 = 0
    /// The latest start of a run that was forgotten.
    private var forgottenStart: UInt64 = 0

    static let runsMax = 4
    static let deltasMax = 32

    private struct Run: Sendable, Hashable {
        var start: UInt64
        var time: UInt64
        var total: Total
    }

    enum Total: Sendable, Hashable {
        case number(Double)
        case histogram(OTLPHistogram)

        /// nil when this is no continuation of `earlier`.
        fileprivate func since(_ earlier: Total) -> Total? {
            switch (self, earlier) {
            case (.number(let total), .number(let earlier)): total >= earlier ? .number(total - earlier) : nil
            case (.histogram(let total), .histogram(let earlier)): total.since(earlier).map { .histogram($0) }
            default: nil
            }
        }
    }

    /// What a point is.
    enum News: Sendable, Hashable {
        /// What it adds; nil for a total that only says where counting begins.
        case new(Total?)
        /// Seen before.
        case repeated
        /// Older than what is known already.
        case late
    }

    /// The latest start that belongs to it.
    var latestStart: UInt64 { max(runs.last?.start ?? 0, forgottenStart) }

    /// How many numbers it holds.
    var weight: Int {
        runs.reduce(1 + deltas.count / 8) { weight, run in
            guard case .histogram(let histogram) = run.total else { return weight + 1 }
            return weight + 1 + histogram.bucketCount
        }
    }

    // MARK: Points

    mutating func takeGauge(at time: UInt64) -> News {
        if time != 0, time <= gaugeTime { return time == gaugeTime ? .repeated : .late }
        gaugeTime = max(gaugeTime, time)
        return .new(nil)
    }

    /// - Returns: new for one that is older than the last ``deltasMax``, and for one without a time: nothing tells these.
    mutating func takeDelta(_ value: Total, start: UInt64, time: UInt64) -> News {
        if time == 0 { return .new(value) }
        let mark = (start ^ (time &* 0x9E37_79B9_7F4A_7C15)) &* 0xD6E8_FEB8_6659_FD93
        if deltas.contains(mark) { return .repeated }
        if deltas.count < Self.deltasMax {
            deltas.append(mark)
        } else {
            deltas[nextDelta] = mark
            nextDelta = (nextDelta + 1) % Self.deltasMax
        }
        return .new(value)
    }

    /// - Parameter knownSince: runs of a series of which nothing is known count whole when they began later than this.
    mutating func takeTotal(_ total: Total, start: UInt64, time: UInt64, knownSince: UInt64) -> News {
        if let place = runs.firstIndex(where: { $0.start == start }) {
            let run = runs[place]
            if time != 0, time <= run.time { return time == run.time ? .repeated : .late }
            runs[place] = Run(start: start, time: max(time, run.time), total: total)
            return .new(total.since(run.total) ?? total)
        }
        if runs.count == Self.runsMax, start < runs[0].start { return .late }
        let isReset = runs.last.map { start > $0.start } ?? false
        let countsFromStart = start != 0 && start != time && (isReset || start > max(knownSince, forgottenStart))
        let place = runs.firstIndex { $0.start > start } ?? runs.endIndex
        runs.insert(Run(start: start, time: time, total: total), at: place)
        if runs.count > Self.runsMax { forgottenStart = max(forgottenStart, runs.removeFirst().start) }
        return .new(countsFromStart ? total : nil)
    }
}
