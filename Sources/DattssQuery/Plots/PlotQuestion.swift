public import DattssCore

/// What is asked for a plot: of all statistics of a kind whose path is like a pattern, one number for each step.
///
/// Unlike an ``Expression`` it keeps the paths, because people choose and read these, and it merges statistics before it makes a number
/// of them: an average is that of all samples, and a percentile comes out of merged sketches.
public struct PlotQuestion: Sendable, Hashable {
    /// The kind of the statistics.
    public var kind: Kind
    /// What their paths are like.
    public var pattern: PathPattern
    /// Which number.
    public var figure: Figure
    /// How those of a group become one.
    public var fold: Fold
    /// What tells groups apart: `n0`, `n1`, … for a component of the path, or the key of a tag; nil: all are one group.
    public var component: String?
    /// How many of the series at most: those that are highest by their mean over the range; nil for all.
    public var top: Int?

    /// How several statistics become one series.
    public enum Fold: String, Sendable, Hashable, CaseIterable {
        /// Each is a series of its own.
        case none
        /// All their samples together.
        case merge
        /// Their numbers, step by step. A gauge of each of several machines is added up so.
        case sum, mean, min, max
    }

    /// Makes a question of its parts.
    /// - Throws: ``QueryError/Code/invalid`` for a figure that the kind does not have, and for groups of what is not folded.
    public init(
        _ kind: Kind, _ pattern: PathPattern, _ figure: Figure, fold: Fold = .none, component: String? = nil, top: Int? = nil
    ) throws(QueryError) {
        (self.kind, self.pattern, self.figure, self.fold) = (kind, pattern, figure, fold)
        (self.component, self.top) = (component, top)
        switch (figure, kind) {
        case (.quantile, .counter), (.quantile, .gauge):
            throw QueryError(.invalid, "percentiles are of timers: a counter has sums and rates, a gauge average, min and max")
        case (.perMinute, .gauge), (.perSecond, .gauge):
            throw QueryError(.invalid, "rates are known of counters and timers only: a gauge has average, min and max")
        default: break
        }
        if component != nil, fold == .none { throw QueryError(.invalid, "groups need a fold: merge, sum, mean, min or max") }
    }
}

/// Which number is made of all samples of a step.
public enum Figure: Sendable, Hashable {
    /// What a counter counted, or how many samples a timer had, by the time that has passed of the step.
    case perMinute, perSecond
    /// The sum of all samples, how many there were, and their average.
    case sum, count, average
    /// The smallest and the largest sample.
    case min, max
    /// By nearest rank out of merged sketches; see ``Distribution/quantile(_:)``.
    case quantile(Double)

    /// - Parameter text: as it is named in addresses: `per-minute`, `p99`, `p99.9`.
    public init?(_ text: String) {
        switch text {
        case "per-minute": self = .perMinute
        case "per-second": self = .perSecond
        case "sum": self = .sum
        case "count": self = .count
        case "average": self = .average
        case "min": self = .min
        case "max": self = .max
        default:
            guard text.hasPrefix("p"), text.utf8.count <= 6, text.dropFirst().allSatisfy({ "0123456789.".contains($0) }),
                let percent = Double(text.dropFirst()), percent > 0, percent < 100
            else { return nil }
            self = .quantile(percent / 100)
        }
    }

    var columns: SeriesTable.Columns {
        switch self {
        case .perMinute, .perSecond, .sum, .average: .sum
        case .count: []
        case .min, .max: .extremes
        case .quantile: .distribution
        }
    }

    /// Whether it is zero, and not unknown, where a counter counted nothing.
    var isOfCounting: Bool {
        switch self {
        case .perMinute, .perSecond, .sum, .count: true
        case .average, .min, .max, .quantile: false
        }
    }
}

/// What a plot shows.
public struct PlotAnswer: Sendable, Hashable {
    /// One line: what it is called, and a number or a gap for each step.
    public struct Series: Sendable, Hashable {
        /// The path of the statistic, or what tells the group; empty where all are one group.
        public var name: String
        /// For each step; see ``Swift/Double/isGap``.
        public var values: [Double]
    }

    /// Sorted by name; those of a top by their mean, the highest first.
    public var series: [Series]
    /// How many statistics matched the pattern in the range.
    public var statisticCount: Int
    /// How many series there were before those of the top were chosen.
    public var seriesCount: Int
    /// Whether some percentiles are approximate; see ``Distribution/isApproximate``.
    public var isApproximate: Bool
}
