import DattssCore
import DattssQuery

/// What a user's statistics are now, as Prometheus and its kin scrape them: counters as running totals, gauges by their last value,
/// timers as summaries with the percentiles of the last minutes.
struct ExportText {
    /// In which of the two text formats it is written.
    enum Format {
        /// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
        case plain
        /// https://prometheus.io/docs/specs/om/open_metrics_spec/
        case openMetrics

        /// - Parameter accepted: the `Accept` of a request.
        init(accepted: String?) {
            self = accepted?.contains("application/openmetrics-text") == true ? .openMetrics : .plain
        }

        var contentType: String {
            switch self {
            case .plain: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    private let format: Format

    static func write(_ statuses: [StatisticStatus], _ format: Format) -> String { ExportText(format: format).text(of: statuses) }

    private func text(of statuses: [StatisticStatus]) -> String {
        let named = statuses.map { (name: MetricName($0.key, Self.field(of: $0.key.kind)), status: $0) }
        var text = PrometheusText()
        for (metric, members) in Dictionary(grouping: named, by: { $0.name.metric }).sorted(by: { $0.key < $1.key }) {
            let members = members.sorted { $0.name.labels < $1.name.labels }
            let samples = members.flatMap { self.samples(of: $0.name, $0.status) }
            // A timer that nobody sent in the last minutes has no percentiles.
            guard let field = members.first?.name.field, !samples.isEmpty else { continue }
            text.family(self.family(of: metric, field), field == .distribution ? "summary" : field.prometheusType, samples)
        }
        return text.text + (format == .openMetrics ? "# EOF\n" : "")
    }

    private static func field(of kind: Kind) -> MetricField {
        switch kind {
        case .counter: .total
        case .gauge: .gauge
        case .timer: .distribution
        }
    }

    /// A family of counters has no ending in OpenMetrics, but its samples do.
    private func family(of metric: String, _ field: MetricField) -> String {
        format == .openMetrics && field == .total ? String(metric.dropLast(field.ending.count)) : metric
    }

    private func samples(of name: MetricName, _ status: StatisticStatus) -> [PrometheusText.Sample] {
        let labels = name.tags.map { ($0.name, $0.value) }
        switch name.field {
        case .total: return [.init(name.metric, labels, status.sum)]
        case .gauge: return [.init(name.metric, labels, status.last)]
        default:
            guard let percentiles = status.percentiles else { return [] }
            return [("0.5", percentiles.p50), ("0.95", percentiles.p95), ("0.99", percentiles.p99)].map { quantile, value in
                .init(name.metric, labels + [("quantile", quantile)], value)
            }
        }
    }
}
