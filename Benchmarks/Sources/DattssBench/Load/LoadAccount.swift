/// Whether everything that was sent is accounted for: what the senders did against what the server says of itself.
///
///     HTTP   sent = acknowledged + refused + unanswered                          (by the answers)
///     UDP    sent = taken in + lost by the kernel + refused lines                (by the server's counters)
///     both   accepted by the pipeline = acknowledged + taken in − refused after being collected
struct LoadAccount: Sendable {
    let http: Tally
    let udp: Tally
    let server: ServerBooks
    let samplesPerDatagram: Int
    /// Nobody else sends to the server: then more than was sent is an error as well.
    let isAlone: Bool
    /// Statistics whose totals were read back, and what was wrong with them.
    var readBack = ReadBack()

    struct ReadBack: Sendable, Equatable {
        var counters = 0
        var series = 0
        var problems: [String] = []
        /// Why nothing was read back.
        var omission: String?
    }

    var lostDatagrams: Int64 { server.kernelDrops }
    var lostSamples: Int64 { server.kernelDrops * Int64(samplesPerDatagram) }
    var refusedLines: Int64 { server.refusedLines.values.reduce(0, +) }
    var refusedUDPPartials: Int64 { server.refusedPartials.values.reduce(0, +) }
    /// What the server should have accepted, but for what it says it refused after collecting it.
    var expected: Int64 { http.acknowledged.samples + server.udpSamples }
    var isCertain: Bool { http.unanswered == .init() && refusedUDPPartials == 0 }

    /// Samples that were sent and are not accounted for; what is negative was counted without having been sent.
    var missingSamples: Int64 { missingUDPSamples + missingAcceptedSamples }

    var missingUDPSamples: Int64 { udp.sent.samples - server.udpSamples - lostSamples - refusedLines }

    var missingAcceptedSamples: Int64 {
        let missing = expected - server.acceptedSamples
        // Partials that were refused after being collected stand for samples that nobody counted one by one.
        if missing > 0, refusedUDPPartials > 0 { return 0 }
        // What was never answered may have been counted.
        if missing < 0, missing >= -http.unanswered.samples { return 0 }
        return missing
    }

    /// What is wrong; empty when all adds up.
    var problems: [String] {
        var problems = readBack.problems
        if !http.isBalanced { problems.append("HTTP: \(http.sent.bundles) requests sent, but answered, refused and open differ") }
        if http.curtRefusals > 0 { problems.append("\(http.curtRefusals) answers 503 came without Retry-After") }
        if server.acceptedSamples < 0 { return problems + ["the server was started anew during the run"] }
        if missingUDPSamples > 0 {
            problems.append("\(missingUDPSamples) samples sent over UDP were neither taken in nor counted as lost")
        }
        if missingAcceptedSamples > 0 {
            problems.append("\(missingAcceptedSamples) samples were acknowledged or taken in, but not counted")
        }
        let surplus = -min(0, missingUDPSamples) - min(0, missingAcceptedSamples)
        if surplus > 0, isAlone { problems.append("\(surplus) samples were counted that were not sent") }
        for (reason, amount) in http.refused.sorted(by: { $0.key < $1.key }) {
            let counted = server.refusedBatches[reason] ?? 0
            if counted < amount.bundles {
                problems.append("\(amount.bundles) requests were refused as \(reason), but the server counts \(counted)")
            }
        }
        return problems
    }

    /// Samples that somebody else sent meanwhile.
    var samplesOfOthers: Int64 { isAlone ? 0 : -min(0, missingUDPSamples) - min(0, missingAcceptedSamples) }
}
