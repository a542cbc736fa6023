/// The end of a run as a table: every stream, and the books of the server.
struct LoadReport {
    private let result: LoadRun.Result

    init(_ result: LoadRun.Result) { self.result = result }

    var lines: [String] { [""] + result.outcomes.flatMap(lines) + serverLines }

    private static func row(_ name: String, _ what: String, _ values: [String]) -> String {
        "\(name.padded(10)) \(what.padded(26))" + values.map { $0.leftPadded(16) }.joined()
    }

    private static func row(_ name: String, _ what: String, _ amount: Tally.Amount) -> String {
        row(name, what, [amount.bundles.grouped, amount.items.grouped, amount.samples.grouped])
    }

    private func lines(_ outcome: LoadRun.Outcome) -> [String] {
        let (stream, tally) = (outcome.stream, outcome.tally)
        let columns =
            switch stream.transport {
            case .http: ["requests", "partials", "samples"]
            case .udp: ["datagrams", "lines", "samples"]
            case .query: ["requests", "", ""]
            }
        var lines = [Self.row(result.outcomes.last?.phase == 1 ? "" : "phase \(outcome.phase)", "", columns)]
        lines.append(Self.row(stream.title, "sent", tally.sent))
        if stream.transport != .udp {
            lines.append(Self.row("", stream.transport == .query ? "answered" : "acknowledged", tally.acknowledged))
        }
        for (reason, amount) in tally.refused.sorted(by: { $0.key < $1.key }) {
            lines.append(Self.row("", "refused: \(reason)", amount))
        }
        if tally.unanswered.bundles > 0 { lines.append(Self.row("", "never answered", tally.unanswered)) }
        if tally.unsent > 0 { lines.append(Self.row("", "due, but not sent in time", [tally.unsent.grouped])) }
        lines.append(Self.row("", "a second", [rate(tally.sent.bundles, outcome), rate(tally.sent.items, outcome)]))
        lines += [
            Self.latencyLine(stream.transport == .query ? "answer, ms" : "acknowledgement, ms", tally.latency),
            tally.calmLatency.count == 0 ? nil : Self.latencyLine("… a minute's first 5 s, ms", tally.edgeLatency),
            Self.latencyLine("refusal, ms", tally.refusalLatency),
            stream.rate == .max ? nil : Self.latencyLine("since really sent, ms", tally.service),
            stream.rate == .max ? nil : Self.latencyLine("generator late, ms", tally.lateness),
        ].compactMap { $0 }
        return lines + [""]
    }

    private func rate(_ count: Int, _ outcome: LoadRun.Outcome) -> String {
        Int((Double(count) / outcome.seconds).rounded()).grouped
    }

    private static func latencyLine(_ title: String, _ latency: Latency) -> String? {
        guard latency.count > 0 else { return nil }
        let percentiles = [50, 90, 99, 99.9].map { percentile in
            let name = percentile == percentile.rounded() ? "p\(Int(percentile))" : "p\(percentile)"
            return "\(name) \(latency.milliseconds(percentile: percentile)?.rounded(digits: 2) ?? "–")"
        }
        return "\("".padded(10)) \(title.padded(26))      " + percentiles.joined(separator: "   ")
            + "   max \(latency.maxMilliseconds?.rounded(digits: 2) ?? "–")"
    }

    private var serverLines: [String] {
        guard let account = result.account else { return [] }
        var lines: [String] = []
        if account.udp.sent.bundles > 0 {
            lines.append(
                Self.row("server", "lost by the kernel", [account.lostDatagrams.grouped, "", account.lostSamples.grouped]))
            for (reason, count) in account.server.refusedLines.sorted(by: { $0.key < $1.key }) {
                lines.append(Self.row("", "lines refused: \(reason)", ["", "", count.grouped]))
            }
            lines.append(
                Self.row("", "taken in over UDP", [account.server.datagrams.grouped, "", account.server.udpSamples.grouped]))
            for (reason, count) in account.server.refusedPartials.sorted(by: { $0.key < $1.key }) {
                lines.append(Self.row("", "then refused: \(reason)", ["", "\(count.grouped) partials", ""]))
            }
            let later = account.expected - account.server.acceptedSamples
            if later > 0, account.refusedUDPPartials > 0 {
                lines.append(Self.row("", "… samples in them", ["", "", later.grouped]))
            }
        }
        lines.append(Self.row("server", "counted", ["", "", account.server.acceptedSamples.grouped]))
        if account.samplesOfOthers > 0 {
            lines.append(Self.row("", "… of them, by other senders", ["", "", account.samplesOfOthers.grouped]))
        }
        if let omission = account.readBack.omission {
            lines.append("\("".padded(10)) not read back statistic by statistic: \(omission)")
        } else {
            lines.append(
                "\("".padded(10)) read back: \(account.readBack.counters.grouped) counters' totals, "
                    + "sums and counts of \(account.readBack.series.grouped) statistics")
        }
        if let hint = Self.hint(account) { lines.append(hint) }
        return lines + Self.conclusion(account)
    }

    private static func conclusion(_ account: LoadAccount) -> [String] {
        let problems = account.problems
        guard !problems.isEmpty else { return ["", "Everything adds up."] }
        return ["", "It does not add up:"] + problems.map { "  " + $0 }
    }

    private static func hint(_ account: LoadAccount) -> String? {
        guard (account.server.refusedLines["unknown_key"] ?? 0) > 0 else { return nil }
        return "The server does not know whose the lines are: start it with --statsd-user, or say --lines dattss."
    }
}
