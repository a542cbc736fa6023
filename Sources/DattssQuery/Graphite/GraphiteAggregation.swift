/// How several values become one, by the names that graphite-web 1.1 has for it.
enum GraphiteAggregation: String, Sendable, CaseIterable {
    case average, averageZero = "avg_zero", median, sum, min, max, diff, stddev, count, range, multiply, last

    /// - Parameter name: also one of the short names, and with `Series` behind it.
    init?(_ name: String) {
        let short = name.hasSuffix("Series") ? String(name.dropLast(6)) : name
        switch short {
        case "avg": self = .average
        case "rangeOf": self = .range
        case "total": self = .sum
        case "current": self = .last
        // As statsd calls it.
        case "std": self = .stddev
        default:
            guard let found = GraphiteAggregation(rawValue: short) else { return nil }
            self = found
        }
    }

    func of(_ row: some Collection<Double>) -> Double {
        let present = row.filter { !$0.isNaN }
        if self == .count { return Double(present.count) }
        if self == .averageZero { return row.isEmpty ? .gap : present.reduce(0, +) / Double(row.count) }
        guard let first = present.first, let last = present.last else { return .gap }
        switch self {
        case .average, .averageZero: return present.reduce(0, +) / Double(present.count)
        case .sum: return present.reduce(0, +)
        case .min: return present.min() ?? .gap
        case .max: return present.max() ?? .gap
        case .diff: return present.dropFirst().reduce(first) { $0 - $1 }
        case .count: return Double(present.count)
        case .range: return (present.max() ?? .gap) - (present.min() ?? .gap)
        case .multiply: return present.count == row.count ? present.reduce(1, *) : .gap
        case .last: return last
        case .stddev:
            let mean = present.reduce(0, +) / Double(present.count)
            return (present.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(present.count)).squareRoot()
        case .median:
            let sorted = present.sorted()
            let middle = sorted.count / 2
            return sorted.count % 2 == 0 ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        }
    }

    /// The same, but a gap where too few are there.
    func of(_ row: [Double], _ xFilesFactor: Double) -> Double {
        Self.suffices(row.count { !$0.isNaN }, of: row.count, xFilesFactor) ? of(row) : .gap
    }

    static func suffices(_ present: Int, of total: Int, _ xFilesFactor: Double) -> Bool {
        present > 0 && total > 0 && Double(present) / Double(total) >= xFilesFactor
    }

    /// By rank, as `_getPercentile` of graphite-web.
    static func percentile(_ values: [Double], _ percent: Double, interpolates: Bool) -> Double {
        let sorted = values.filter { !$0.isNaN }.sorted()
        guard let first = sorted.first, let last = sorted.last else { return .gap }
        let exact = percent / 100 * Double(sorted.count + 1)
        var rank = Int(Swift.max(-1, Swift.min(exact, Double(sorted.count + 1))))
        let fraction = exact - Double(rank)
        if !interpolates { rank += Int(Swift.min(1, fraction.rounded(.up))) }
        if rank <= 0 { return first }
        if rank > sorted.count { return last }
        let value = sorted[rank - 1]
        return interpolates && rank != sorted.count ? value + fraction * (sorted[rank] - value) : value
    }
}
