/// Judges how far statistics moved in a window, one after the other.
///
/// A level is the mean of some bins side by side. For lengths from the whole window down to a single bin, halving, it takes
///
///     move       how far the level that is furthest from the baseline's mean is away from it, among those that reach into the window
///     own moves  how far the highest and the lowest level of that length within the baseline are apart
///     floor      the standard error of such a level, were the minutes independent; for counts at least that of counting; and 1 % of
///                the level itself
///     score      move ÷ (own moves + floor), the largest of all lengths, and at most ``scoreMax``
///
/// So a step is found by its length, a spike by its height, and what drifts or wanders is measured by how it drifts and wanders: the
/// Kolmogorov–Smirnov distance, for comparison, is near 1 for everything that drifts, and hardly sees a spike of two minutes. The score is a
/// ratio for sorting by. It is no probability, and says nothing of one.
///
/// When it began is the most likely minute of a change from the mean to the moved level: where the cumulative sum of how far the minutes
/// are beyond the middle of the two has its largest rise (Page's CUSUM), prolonged to the front by minutes that are already further away
/// than 2.5 standard deviations, as those of a ramp are.
struct MoveJudge {
    private let layout: MoveLayout
    /// Whether the user sent anything in a bin.
    private let isActive: [Bool]
    private let lengths: [Int]
    private var values: [Double]
    /// For each bin, the sum of all values before it, and how many there are.
    private var sums: [Double]
    private var counts: [Int]

    /// A move that is beyond all bounds, because nothing ever moved before, has this score.
    static let scoreMax = 100.0
    /// Fewer values tell nothing of a baseline.
    static let presentMin = 5
    private static let relativeFloor = 0.01
    private static let deviations = 2.5
    private static let silentMin = 3
    private static let silentTimes = 2.0
    /// The mean distance from the mean is that part of the standard deviation of a normal distribution: √(π/2).
    private static let deviationOfMeanDistance = 1.2533141373155003

    init(_ layout: MoveLayout, isActive: [Bool]) {
        (self.layout, self.isActive) = (layout, isActive)
        values = [Double](repeating: .nan, count: layout.binCount)
        sums = [Double](repeating: 0, count: layout.binCount + 1)
        counts = [Int](repeating: 0, count: layout.binCount + 1)
        lengths = Array(sequence(first: layout.current.upperBound - layout.windowStart) { $0 > 1 ? $0 / 2 : nil })
    }

    /// - Parameters:
    ///   - row: a value for each bin; not a number where there is none.
    ///   - isCounted: whether no value means zero wherever the user sent something else.
    /// - Returns: nil where there is too little to say anything, and for what moved no further than the baseline did.
    mutating func judge(_ row: [Float], isCounted: Bool) -> Move? {
        load(row, isCounted)
        let wasThere = layout.stretches.contains { $0.contains { !row[$0].isNaN } }
        if !isCounted, !wasThere { return appearance() }
        guard let baseline = baseline(isCounted) else { return nil }
        if !isCounted, let silence = silence() { return silence }
        guard let level = furthest(baseline), level.score > MoveAnswer.scoreMin else { return nil }
        var move = span(of: level, baseline)
        if isCounted {
            let rest = layout.current.last { values[$0] > 0 }.map { $0 + 1 } ?? layout.current.lowerBound
            if !wasThere, level.sign > 0 {
                (move.change, move.before) = (.appeared, nil)
            } else if level.sign < 0, rest < layout.current.upperBound, rest - move.began <= 2 {
                (move.change, move.began, move.after) = (.silent, Swift.max(rest, move.began), 0)
            }
        }
        return move
    }

    private mutating func load(_ row: [Float], _ isCounted: Bool) {
        for bin in 0..<layout.binCount {
            let value = row[bin].isNaN && isCounted && isActive[bin] ? 0 : Double(row[bin])
            values[bin] = value
            sums[bin + 1] = sums[bin] + (value.isNaN ? 0 : value)
            counts[bin + 1] = counts[bin] + (value.isNaN ? 0 : 1)
        }
    }

    // MARK: The baseline

    private struct Baseline {
        /// What levels are compared with: of something that is mostly zero no level is like the median.
        var mean: Double
        var deviation: Double
        /// How many of its bins have a value.
        var presence: Double
        /// Whether its values are whole numbers of something.
        var isCount: Bool
    }

    private func baseline(_ isCounted: Bool) -> Baseline? {
        var (bins, count, sum, distances, isWhole) = (0, 0, 0.0, 0.0, isCounted)
        for stretch in layout.stretches {
            bins += stretch.count
            count += counts[stretch.upperBound] - counts[stretch.lowerBound]
            sum += sums[stretch.upperBound] - sums[stretch.lowerBound]
        }
        guard count >= Self.presentMin else { return nil }
        let (mean, width) = (sum / Double(count), Double(layout.binMinutes))
        for stretch in layout.stretches {
            for bin in stretch where !values[bin].isNaN {
                distances += abs(values[bin] - mean)
                isWhole = isWhole && Self.isWhole(values[bin] * width)
            }
        }
        return Baseline(
            mean: mean, deviation: distances / Double(count) * Self.deviationOfMeanDistance, presence: Double(count) / Double(bins),
            isCount: isWhole)
    }

    /// The values have the digits of a `Float`, and so may be a little beside a whole number once they are multiplied.
    private static func isWhole(_ value: Double) -> Bool { abs(value - value.rounded()) <= 1e-6 * abs(value) }

    /// The median of the values that are there; nil for none.
    private func median(_ bins: [Range<Int>]) -> Double? {
        let sorted = bins.joined().lazy.map { values[$0] }.filter { !$0.isNaN }.sorted()
        if sorted.isEmpty { return nil }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    // MARK: How far

    private struct Level {
        var score: Double
        /// How far it is away from the mean, above 0, and to which side.
        var distance: Double
        var sign: Double
    }

    /// The level that has the highest score.
    private func furthest(_ baseline: Baseline) -> Level? {
        var best: Level?
        for length in lengths {
            let least = Swift.max(1, Int((Double(length) * baseline.presence / 2).rounded(.up)))
            var (distance, sign, count) = (0.0, 1.0, 0)
            forEachLevel(
                Swift.max(layout.current.lowerBound, layout.windowStart - length + 1)..<layout.current.upperBound, length, least
            ) { level, present in
                let away = level - baseline.mean
                if abs(away) > distance { (distance, sign, count) = (abs(away), away < 0 ? -1 : 1, present) }
            }
            guard count > 0 else { continue }
            var (low, high) = (Double.infinity, -Double.infinity)
            for stretch in layout.stretches {
                forEachLevel(stretch, length, least) { level, _ in (low, high) = (Swift.min(low, level), Swift.max(high, level)) }
            }
            let own = high > low ? high - low : 0
            let score = distance / (own + floor(baseline, count, distance: distance * sign))
            if score > best?.score ?? 0 {
                best = Level(score: Swift.min(score, Self.scoreMax), distance: distance, sign: sign)
            }
        }
        return best
    }

    /// The means of so many bins side by side, where enough of them have a value.
    @inline(__always)
    private func forEachLevel(_ bins: Range<Int>, _ length: Int, _ least: Int, _ body: (_ level: Double, _ present: Int) -> Void) {
        var bin = bins.lowerBound
        while bin + length <= bins.upperBound {
            let present = counts[bin + length] &- counts[bin]
            if present >= least { body((sums[bin + length] - sums[bin]) / Double(present), present) }
            bin &+= 1
        }
    }

    private func floor(_ baseline: Baseline, _ count: Int, distance: Double) -> Double {
        var error = baseline.deviation / Double(count).squareRoot()
        if baseline.isCount {
            let minutes = Double(count) * Double(layout.binMinutes)
            error = Swift.max(error, ((Swift.max(0, baseline.mean) + 1 / minutes) / minutes).squareRoot())
        }
        return error + Self.relativeFloor * Swift.max(abs(baseline.mean), abs(baseline.mean + distance))
    }

    // MARK: When

    private func span(of level: Level, _ baseline: Baseline) -> Move {
        let current = layout.current
        func distance(_ bin: Int) -> Double { (values[bin] - baseline.mean) * level.sign }
        // The segment with the largest sum that reaches into the window.
        var (sum, start, best, span) = (0.0, current.lowerBound, -Double.infinity, layout.windowStart..<current.upperBound)
        for bin in current where !values[bin].isNaN {
            if sum <= 0 { (sum, start) = (0, bin) }
            sum += Swift.min(distance(bin), 1.5 * level.distance) - level.distance / 2
            if sum > best, bin >= layout.windowStart { (best, span) = (sum, start..<bin + 1) }
        }
        let far = Swift.max(Self.deviations * baseline.deviation, 0.02 * level.distance)
        var (began, ended) = (span.lowerBound, span.upperBound)
        while began > current.lowerBound, distance(began - 1) > far { began -= 1 }
        while ended < current.upperBound, distance(ended) > far { ended += 1 }
        return Move(
            change: .moved, score: level.score, before: median(layout.stretches), after: median([began..<ended]), began: began,
            ended: ended, isEarlier: began == current.lowerBound)
    }

    // MARK: What comes and what goes

    /// What is silent at the end of the window for longer than it ever was in the baseline, by how many times.
    private func silence() -> Move? {
        let current = layout.current
        let last = current.last { !values[$0].isNaN }
        let began = last.map { $0 + 1 } ?? current.lowerBound
        let silent = (began..<current.upperBound).count { isActive[$0] }
        guard began < current.upperBound, silent >= Self.silentMin else { return nil }
        let longest = layout.stretches.map { longestGap($0) }.max() ?? 0
        let score = Double(silent) / Double(longest + 1)
        // One that is only late has a level to be judged by, if it has any value.
        guard score > (last == nil ? MoveAnswer.scoreMin : Self.silentTimes) else { return nil }
        return Move(
            change: .silent, score: Swift.min(score, Self.scoreMax), before: median(layout.stretches), after: nil, began: began,
            ended: current.upperBound, isEarlier: last == nil)
    }

    /// What was not there before: by how many times the baseline is longer than its longest gap since then.
    private func appearance() -> Move? {
        let current = layout.current
        guard let began = current.first(where: { !values[$0].isNaN }) else { return nil }
        let absent = layout.stretches.joined().count { isActive[$0] }
        guard absent >= Self.presentMin else { return nil }
        let longest = longestGap(began..<current.upperBound)
        let last = current.last { !values[$0].isNaN } ?? began
        return Move(
            change: .appeared, score: Swift.min(Double(absent) / Double(longest + 1), Self.scoreMax), before: nil,
            after: median([began..<last + 1]), began: began, ended: last + 1, isEarlier: began == current.lowerBound)
    }

    /// The most bins one after the other without a value in which the user sent something else.
    private func longestGap(_ bins: Range<Int>) -> Int {
        var (longest, gap) = (0, 0)
        for bin in bins {
            if !values[bin].isNaN { gap = 0 } else if isActive[bin] { gap += 1 }
            longest = Swift.max(longest, gap)
        }
        return longest
    }

    // MARK: A small drawing

    /// So few values that a small drawing can show them: means of neighbours.
    func drawn(_ row: [Float], isCounted: Bool) -> [Float] {
        let (bins, width) = (layout.drawn, layout.drawnWidth)
        return stride(from: bins.lowerBound, to: bins.upperBound, by: width).map { first in
            let known = (first..<Swift.min(first + width, bins.upperBound)).compactMap { bin -> Float? in
                if row[bin].isNaN { return isCounted && isActive[bin] ? 0 : nil }
                return row[bin]
            }
            return known.isEmpty ? .nan : known.reduce(0, +) / Float(known.count)
        }
    }
}
