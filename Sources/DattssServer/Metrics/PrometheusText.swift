/// Writes Prometheus' text exposition format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct PrometheusText {
    private(set) var text = ""

    enum MetricType: String {
        case counter
        case gauge
    }

    /// A metric and its samples: labels and a value each.
    mutating func metric(
        _ name: String, _ type: MetricType, _ help: String, _ samples: [(labels: [(String, String)], value: Double)]
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type.rawValue)\n"
        for (labels, value) in samples {
            let labelled = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            text += name + (labelled.isEmpty ? "" : "{\(labelled)}") + " \(Self.number(value))\n"
        }
    }

    mutating func metric(_ name: String, _ type: MetricType, _ help: String, _ value: some BinaryInteger) {
        metric(name, type, help, [([], Double(value))])
    }

    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? value.description
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
