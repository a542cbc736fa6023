/// The current state of a statistic, as `/api/v1/status` tells it.
public struct StatisticStatus: Sendable, Hashable {
    public var key: StatisticKey
    /// The sum of all samples ever: a counter's running total.
    public var sum: Double
    /// A gauge's last value.
    public var last: Double
    public var seen: Timestamp
    public var isEmphasised: Bool
    /// Its last 60 seconds.
    public var window: Window.Totals
    /// Of a timer whose partials carry sketches: the percentiles of the open minute and the one before it.
    public var percentiles: Percentiles?

    public struct Percentiles: Sendable, Hashable {
        public var p50: Double
        public var p95: Double
        public var p99: Double
        /// Whether they are only estimates: see ``Aggregate/isApproximate``.
        public var areApproximate: Bool

        public init(p50: Double, p95: Double, p99: Double, areApproximate: Bool = false) {
            self.p50 = p50
            self.p95 = p95
            self.p99 = p99
            self.areApproximate = areApproximate
        }
    }
}
