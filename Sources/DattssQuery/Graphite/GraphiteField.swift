/// What Graphite can ask of a statistic.
enum GraphiteField: Sendable, Hashable {
    /// A gauge's last value in each step; or, as statsd repeats it, the last one of an hour.
    case gauge, heldGauge
    /// What was counted in each step; the same by the second.
    case count, rate
    case timerCount, timerRate, lower, upper, mean, sum, median
    /// The value at a percentile of all samples.
    case upperPercent(Double)

    /// How long statsd repeats a gauge.
    static let holdSeconds = 3600

    var isDistribution: Bool {
        switch self {
        case .median, .upperPercent: true
        default: false
        }
    }

    /// What globs find of a timer.
    static let ofTimers: [(name: String, field: GraphiteField)] = [
        ("count", .timerCount), ("count_ps", .timerRate), ("lower", .lower), ("mean", .mean), ("median", .median), ("sum", .sum),
        ("upper", .upper), ("upper_90", .upperPercent(90)), ("upper_95", .upperPercent(95)), ("upper_99", .upperPercent(99)),
    ]

    /// Also any other percentile: `upper_75`, `upper_99_9`.
    static func ofTimer(_ name: String) -> GraphiteField? {
        if let known = ofTimers.first(where: { $0.name == name }) { return known.field }
        guard name.hasPrefix("upper_"), name.utf8.count <= 16 else { return nil }
        let digits = name.dropFirst(6).split(separator: "_", omittingEmptySubsequences: false)
        guard 1...2 ~= digits.count, digits.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { 48...57 ~= $0 } }),
            let percent = Double(digits.joined(separator: ".")), percent > 0, percent <= 100
        else { return nil }
        return .upperPercent(percent)
    }

    /// What statsd keeps of a timer, and this does not.
    static func isNotKept(_ name: String) -> Bool {
        ["std", "sum_squares"].contains(name)
            || ["mean_", "sum_", "count_", "lower_", "sum_squares_", "std_", "median_", "bin_"].contains { name.hasPrefix($0) }
    }
}
