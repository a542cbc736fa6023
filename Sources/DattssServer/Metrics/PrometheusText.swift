/// Writes Prometheus' text exposition format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct PrometheusText {
    private(set) var text = ""

    enum MetricType: String {
        case counter
        case gauge
    }

    struct Sample {
        let name: String
        let labels: [(String, String)]
        let value: Double

        init(_ name: String, _ labels: [(String, String)], _ value: Double) {
            (self.name, self.labels, self.value) = (name, labels, value)
        }
    }

    /// A metric and its samples: labels and a value each.
    mutating func metric(
        _ name: String, _ type: MetricType, _ help: String, _ samples: [(labels: [(String, String)], value: Double)]
    ) {
        text += "# HELP \(name) \(help)\n"
        family(name, type.rawValue, samples.map { Sample(name, $0.labels, $0.value) })
    }

    /// Samples that belong together, whose names may have endings.
    mutating func family(_ name: String, _ type: String, _ samples: [Sample]) {
        text += "# TYPE \(name) \(type)\n"
        for sample in samples {
            let labelled = sample.labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            text += sample.name + (labelled.isEmpty ? "" : "{\(labelled)}") + " \(Self.number(sample.value))\n"
        }
    }

    mutating func metric(_ name: String, _ type: MetricType, _ help: String, _ value: some BinaryInteger) {
        metric(name, type, help, [([], Double(value))])
    }

    /// The shortest text that is read as the same number again.
    static func number(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? value.description
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
