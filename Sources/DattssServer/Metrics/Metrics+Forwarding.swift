import DattssCore

/// What is forwarded to others, and what is not.
extension Metrics {
    func forwarding(_ text: inout PrometheusText) {
        guard let targets = forwarding?.counts, !targets.isEmpty else { return }
        let each = { (value: (ForwardCounters.Counts) -> Int) in
            targets.map { ([("target", $0.target)], Double(value($0.counts))) }
        }
        text.metric(
            "dattss_forward_lag_seconds", .gauge, "By how much a target is behind the minutes that are written.",
            each { Int(Forwarding.lagSeconds($0)) })
        text.metric(
            "dattss_forward_samples_sent_total", .counter, "Samples that a target took; some of them twice, after an outage.",
            each { $0.sent })
        text.metric(
            "dattss_forward_failures_total", .counter,
            "Tries that failed. What was to be sent is sent later, or counted as dropped.",
            each { $0.failures })
        text.metric(
            "dattss_forward_dropped_total", .counter,
            "What a target never gets: samples that it refused for good, and statistics whose totals there is no room for.",
            targets.flatMap { target, counts in
                [
                    ([("target", target), ("reason", "refused")], Double(counts.refused)),
                    ([("target", target), ("reason", "limit")], Double(counts.overLimit)),
                ]
            })
        text.metric(
            "dattss_forward_expired_minutes_total", .counter,
            "Minutes of which only hours were left before a target could have them.", each { $0.expiredMinutes })
        text.metric(
            "dattss_forward_expired_statistics_total", .counter,
            "The same of users whose minutes are kept for less long: statistics, at each time they were passed over.",
            each { $0.expiredStatistics })
    }
}
