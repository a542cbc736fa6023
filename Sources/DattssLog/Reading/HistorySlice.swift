public import DattssCore

/// One statistic of one user over some minutes, as the log has it.
public struct HistorySlice: Sendable, Hashable {
    /// By minute, then in the order in which they were written: a minute may have several blocks. Where only hours are
    /// left, one point an hour, at its first minute.
    public var points: [Point] = []
    /// The minutes in which the user has any aggregate at all; in these a silent counter is a
    /// zero, in others it is a gap. Where only hours are left, the first minutes of hours.
    public var activeMinutes = MinuteRuns()
    /// The accepted batches that the sealed files cover which this comes from: whoever reports from memory what is not in
    /// the log yet has to leave these out.
    public var sealedThrough = LSN.zero

    /// What the statistic had in one minute.
    public typealias Point = MinutePoint

    /// Makes a slice of its parts.
    public init(points: [Point] = [], activeMinutes: MinuteRuns = MinuteRuns(), sealedThrough: LSN = .zero) {
        self.points = points
        self.activeMinutes = activeMinutes
        self.sealedThrough = sealedThrough
    }

    /// Takes in points that were written later and may lie between what is there from some place on.
    mutating func merge(_ later: [Point], from start: Int) {
        if points.count == start {
            points += later
        } else {
            let earlier = Array(points[start...])
            points.replaceSubrange(start..., with: Self.merge(earlier, later))
        }
    }

    /// Both are sorted by minute; within a minute those of `earlier` come first.
    static func merge(_ earlier: [Point], _ later: [Point]) -> [Point] {
        if earlier.isEmpty { return later }
        if later.isEmpty { return earlier }
        var merged: [Point] = []
        merged.reserveCapacity(earlier.count + later.count)
        var (a, b) = (0, 0)
        while a < earlier.count, b < later.count {
            if later[b].minute < earlier[a].minute {
                merged.append(later[b])
                b += 1
            } else {
                merged.append(earlier[a])
                a += 1
            }
        }
        return merged + earlier[a...] + later[b...]
    }
}
