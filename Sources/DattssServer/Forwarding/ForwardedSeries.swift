import DattssCore
import DattssQuery

/// One statistic in one minute, as it is handed on.
struct ForwardedStatistic: Sendable {
    var user: UserID
    var key: StatisticKey
    /// nil for a counter or a timer that was silent for a while.
    var aggregate: Aggregate?
    /// What all samples up to the end of the minute came to; gauges have nothing of it.
    var total = ForwardTotals.Total()
}

/// How what is forwarded is written.
enum ForwardFormat: Sendable, Hashable {
    /// Lines of carbon's plaintext protocol, with this in front of each name; empty for nothing.
    case graphite(prefix: String)
    /// Messages `TimeSeries` of Prometheus' remote write 1.0.
    case remoteWrite
    /// Lines of JSON for VictoriaMetrics' `/api/v1/import`.
    case jsonLines

    /// The label that tells the users apart, where all of them are forwarded. (A tag `user` is nothing unusual.)
    static let userLabel = "dattss_user"

    /// - Parameter withUser: whether names are to tell whose statistic it is.
    func append(_ statistic: ForwardedStatistic, _ minute: Minute, withUser: Bool, to batch: inout ForwardBatch) {
        switch self {
        case .graphite(let prefix):
            let front = (prefix.isEmpty ? "" : prefix + ".") + (withUser ? statistic.user.string + "." : "")
            // A value stands at the beginning of its minute, as our own /render has it.
            let end = " \(minute.start.seconds)\n"
            GraphiteMinute.forEach(of: statistic.key, statistic.aggregate) { name, value in
                batch.append(Array((front + name + " " + PrometheusText.number(value) + end).utf8))
            }
        case .remoteWrite:
            Self.forEachSample(of: statistic, withUser) { labels, value in
                batch.append(RemoteWrite.series(labels, value, at: minute.end))
            }
        case .jsonLines:
            Self.forEachSample(of: statistic, withUser) { labels, value in
                // Names and values of labels are made of letters that JSON has no escapes for.
                let metric = labels.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ",")
                let line =
                    "{\"metric\":{\(metric)},\"values\":[\(PrometheusText.number(value))],\"timestamps\":[\(minute.end.milliseconds)]}\n"
                batch.append(Array(line.utf8))
            }
        }
    }

    /// The samples of a statistic at the end of a minute, under the names of the label model: counters and what timers counted as running
    /// totals, gauges by their last value, the percentiles of a timer's minute as those of a summary.
    private static func forEachSample(
        of statistic: ForwardedStatistic, _ withUser: Bool, _ body: ([Label], Double) -> Void
    ) {
        let user = withUser ? Label(userLabel, statistic.user.string) : nil
        func sample(_ field: MetricField, _ quantile: String?, _ value: Double) {
            let name = MetricName(statistic.key, field)
            var labels = [Label(Labels.nameLabel, name.metric)] + name.tags.filter { $0.name != user?.name }
            if let user { labels.append(user) }
            if let quantile { labels.append(Label("quantile", quantile)) }
            // Remote write wants them sorted.
            body(labels.sorted { $0.name < $1.name }, value)
        }
        switch statistic.key.kind {
        case .counter: sample(.total, nil, statistic.total.sum)
        case .gauge: if let aggregate = statistic.aggregate { sample(.gauge, nil, aggregate.last) }
        case .timer:
            if let aggregate = statistic.aggregate {
                for (text, quantile) in [("0.5", 0.5), ("0.95", 0.95), ("0.99", 0.99)] {
                    if let value = aggregate.quantile(quantile) { sample(.distribution, text, value) }
                }
                sample(.timerMin, nil, aggregate.min)
                sample(.timerMax, nil, aggregate.max)
            }
            sample(.timerCount, nil, Double(statistic.total.count))
            sample(.timerSum, nil, statistic.total.sum)
        }
    }
}

/// What is handed over at once: so many series, each with one sample. A request that is refused because of one of them can be cut in two.
struct ForwardBatch: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Where each series ends.
    private var ends: [Int] = []

    /// So much at a time: enough for a request to pay, and little enough to get through where a target is slow.
    static let countMax = 5000
    static let bytesMax = 512 << 10

    var count: Int { ends.count }
    var isFull: Bool { count >= Self.countMax || bytes.count >= Self.bytesMax }

    mutating func append(_ series: [UInt8]) {
        bytes += series
        ends.append(bytes.count)
    }

    /// Two halves; nil for a single series.
    var halves: (ForwardBatch, ForwardBatch)? {
        guard count > 1 else { return nil }
        let middle = count / 2
        let cut = ends[middle - 1]
        var (first, second) = (ForwardBatch(), ForwardBatch())
        (first.bytes, first.ends) = (Array(bytes[..<cut]), Array(ends[..<middle]))
        (second.bytes, second.ends) = (Array(bytes[cut...]), ends[middle...].map { $0 - cut })
        return (first, second)
    }
}
