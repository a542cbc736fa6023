import DattssCore
import DattssQuery

/// The latest values of series in Prometheus' text exposition format 0.0.4, metric by metric.
struct FederationText {
    /// Each series once, whichever selectors it came by.
    private var values: [Labels: Double] = [:]

    mutating func add(_ answer: QueryAnswer) {
        guard case .series(let series) = answer.value else { return }
        for one in series where !one.values[0].isGap { values[one.labels] = one.values[0] }
    }

    func written(at time: Timestamp) -> String {
        let metrics = Dictionary(grouping: values.keys) { $0[Labels.nameLabel] }
        var text = ""
        for (metric, series) in metrics.sorted(by: { $0.key < $1.key }) {
            if let field = MetricName.parse(metric)?.field { text += "# TYPE \(metric) \(field.prometheusType)\n" }
            for labels in series.sorted() {
                let pairs = labels.withoutName.all.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
                text +=
                    "\(metric)\(pairs.isEmpty ? "" : "{\(pairs)}") \(PrometheusJSON.text(values[labels] ?? .nan)) \(time.milliseconds)\n"
            }
        }
        return text
    }
}
