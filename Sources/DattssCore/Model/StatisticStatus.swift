import CPlatform

/// The current state of a statistic, as `/api/v1/status` tells it.
public struct StatisticStatus: Sendable, Hashable {
    /// The statistic.
    public var key: StatisticKey
    /// The sum of all samples since ``since``: a counter's running total.
    public var sum: Double
    /// The minute since which the sum counts; nil where that is not known: see ``StatusTotals/since``.
    public var since: Minute?
    /// A gauge's last value.
    public var last: Double
    /// When its last sample arrived.
    public var seen: Timestamp
    /// Whether a sender asked to emphasise it.
    public var isEmphasised: Bool
    /// Its last 60 seconds.
    public var window: Window.Totals
    /// The percentiles of the open minute and the one before it, for a timer whose partials carry sketches.
    public var percentiles: Percentiles?

    /// Makes a status of its parts.
    public init(
        key: StatisticKey, sum: Double, since: Minute?, last: Double, seen: Timestamp, isEmphasised: Bool, window: Window.Totals,
        percentiles: Percentiles?
    ) {
        (self.key, self.sum, self.since, self.last, self.seen) = (key, sum, since, last, seen)
        (self.isEmphasised, self.window, self.percentiles) = (isEmphasised, window, percentiles)
    }

    /// Percentiles of the samples of a timer.
    public struct Percentiles: Sendable, Hashable {
        /// The median.
        public var p50: Double
        /// The 95th percentile.
        public var p95: Double
        /// The 99th percentile.
        public var p99: Double
        /// Whether they are only estimates: see ``Aggregate/isApproximate``.
        public var areApproximate: Bool

        /// Makes percentiles of their parts.
        public init(p50: Double, p95: Double, p99: Double, areApproximate: Bool = false) {
            self.p50 = p50
            self.p95 = p95
            self.p99 = p99
            self.areApproximate = areApproximate
        }
    }

    /// Statuses by path and kind, each once: of a statistic that was looked at twice, because it was forgotten and came back in
    /// between, the later one.
    public static func inOrder(_ statuses: [StatisticStatus]) -> [StatisticStatus] {
        var once: [StatisticStatus] = []
        once.reserveCapacity(statuses.count)
        var comparisons = 0
        // By position, because a status is large to move; those of one statistic stay as they came.
        let order = statuses.indices.sorted { first, second in
            comparisons += 1
            if comparisons.isMultiple(of: 512) { thread_give_way() }
            return statuses[first].key < statuses[second].key
        }
        for position in order {
            if once.last?.key == statuses[position].key { once.removeLast() }
            once.append(statuses[position])
        }
        return once
    }
}
