import DattssCore
import DattssQuery

/// Answers as Prometheus writes them (https://prometheus.io/docs/prometheus/latest/querying/api/).
enum PrometheusJSON {
    static func success(warnings: [String] = [], _ data: (inout JSONWriter) -> Void) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            data(&json)
            if !warnings.isEmpty { json.array("warnings") { json in for warning in warnings { json.value(warning) } } }
        }
        return json
    }

    static func failure(_ type: String, _ message: String) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "error")
            json.member("errorType", type)
            json.member("error", message)
        }
        return json
    }

    /// - Parameter isRange: whether there is a value for each instant, or for one only.
    static func answer(_ answer: QueryAnswer, isRange: Bool) -> JSONWriter {
        success(warnings: answer.warnings) { json in
            json.object("data") { json in
                switch (answer.value, isRange) {
                case (.scalar(let values), false):
                    json.member("resultType", "scalar")
                    json.array("result") { sample(answer.grid.start, values[0], &$0) }
                case (.series(let series), false):
                    json.member("resultType", "vector")
                    json.array("result") { json in
                        for one in series {
                            json.object { json in
                                metric(one.labels, &json)
                                json.array("value") { sample(answer.grid.start, one.values[0], &$0) }
                            }
                        }
                    }
                case (.scalar(let values), true):
                    json.member("resultType", "matrix")
                    json.array("result") { row(Labels(), values, answer.grid, &$0) }
                case (.series(let series), true):
                    json.member("resultType", "matrix")
                    json.array("result") { json in for one in series { row(one.labels, one.values, answer.grid, &json) } }
                }
            }
        }
    }

    static func labels(_ labels: Labels, _ json: inout JSONWriter) {
        json.object { json in for label in labels.all { json.member(escaping: label.name, label.value) } }
    }

    private static func metric(_ labels: Labels, _ json: inout JSONWriter) {
        json.object("metric") { json in for label in labels.all { json.member(escaping: label.name, label.value) } }
    }

    private static func row(_ labels: Labels, _ values: [Double], _ grid: TimeGrid, _ json: inout JSONWriter) {
        json.object { json in
            metric(labels, &json)
            json.array("values") { json in
                for (index, value) in values.enumerated() where !value.isGap {
                    json.array { sample(grid.instant(index), value, &$0) }
                }
            }
        }
    }

    private static func sample(_ instant: Timestamp, _ value: Double, _ json: inout JSONWriter) {
        json.value(Double(instant.milliseconds) / 1000)
        json.value(text(value))
    }

    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).flatMap { $0.magnitude <= 1 << 53 ? String($0) : nil } ?? value.description
    }
}
