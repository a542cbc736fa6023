public import DattssCore

/// What statsd would hand to carbon of one minute of a statistic, under the names by which it can be asked for.
public enum GraphiteMinute {
    /// How long a silent counter or timer counts zero, in minutes.
    public static let silentMinutes: Int64 = Int64(GraphiteField.holdSeconds / 60)

    private static let minuteSeconds = 60.0

    /// Hands out names and values; percentiles only where the distribution is known.
    /// - Parameter aggregate: nil for a counter or a timer that was silent.
    public static func forEach(of key: StatisticKey, _ aggregate: Aggregate?, _ body: (_ name: String, _ value: Double) -> Void) {
        switch key.kind {
        case .gauge: if let aggregate { body(GraphiteNamespace.gauges.name(key.path, nil), aggregate.last) }
        case .counter: forEach(of: key, .counters, aggregate, body)
        case .timer: forEach(of: key, .timers, aggregate, body)
        }
    }

    private static func forEach(
        of key: StatisticKey, _ namespace: GraphiteNamespace, _ aggregate: Aggregate?, _ body: (String, Double) -> Void
    ) {
        for (suffix, field) in namespace.suffixes {
            if let value = value(field, aggregate) { body(namespace.name(key.path, suffix), value) }
        }
    }

    private static func value(_ field: GraphiteField, _ aggregate: Aggregate?) -> Double? {
        switch field {
        case .count: aggregate?.sum ?? 0
        case .rate: (aggregate?.sum ?? 0) / minuteSeconds
        case .timerCount: Double(aggregate?.count ?? 0)
        case .timerRate: Double(aggregate?.count ?? 0) / minuteSeconds
        case .lower: aggregate?.min
        case .upper: aggregate?.max
        case .mean: aggregate?.mean
        case .sum: aggregate?.sum
        case .median: aggregate?.quantile(0.5)
        case .upperPercent(let percent): aggregate?.quantile(percent / 100)
        case .gauge, .heldGauge: aggregate?.last
        }
    }
}
