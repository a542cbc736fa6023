import DattssCore

/// What is watched, what fires, and what becomes of the messages.
extension Metrics {
    func alerts(_ text: inout PrometheusText) async {
        let (states, outbox, counts) = (await alerts.ruleStates, await alerts.outboxCounts(), alerts.counters.snapshot)
        let shown = AlertInstance.State.allCases.map { ($0.rawValue, states[$0] ?? 0) } + [("disabled", states[nil] ?? 0)]
        text.metric(
            "dattss_alert_rules", .gauge, "Rules of all users, by the state of theirs that matters most.",
            shown.map { ([("state", $0.0)], Double($0.1)) })
        text.metric(
            "dattss_alert_looks_total", .counter,
            "Slots of five seconds, and minutes of what is usual, at which a user's rules looked.", counts.looks)
        text.metric(
            "dattss_alert_evaluation_seconds_total", .counter, "How long looking at all rules took.",
            [([], counts.duration / .seconds(1))])
        text.metric(
            "dattss_alert_evaluation_last_seconds", .gauge, "How long it took the last time.",
            [([], counts.lastDuration / .seconds(1))])
        text.metric(
            "dattss_alert_evaluation_failures_total", .counter, "Times an error cut it short; what was left is looked at later.",
            counts.failures)
        text.metric(
            "dattss_alert_last_evaluation_timestamp_seconds", .gauge,
            "When all rules were looked at last, epoch seconds; 0 before the first time.", counts.last?.seconds ?? 0)
        text.metric(
            "dattss_alert_tries_total", .counter, "Tries to hand a message over, by what became of them.",
            [([("outcome", "sent")], Double(counts.sentTries)), ([("outcome", "failed")], Double(counts.failedTries))])
        text.metric(
            "dattss_alert_messages", .gauge,
            "Messages that are kept: on their way, sent, given up, and refused because the user had too many.",
            Accounts.OutboxState.allCases.map { ([("state", $0 == .failed ? "dead" : $0.rawValue)], Double(outbox[$0] ?? 0)) })
    }
}
