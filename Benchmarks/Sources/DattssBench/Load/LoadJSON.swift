import FoundationEssentials

/// The end of a run for programs: `dattss-bench load --json`.
struct LoadJSON: Encodable {
    private let streams: [Stream]
    private let server: Server?
    private let problems: [String]
    private let senderCPUSeconds: Double

    private struct Stream: Encodable {
        var phase: Int
        var name: String
        var over: String
        var seconds: Double
        var sent: Amount
        var acknowledged: Amount
        /// Bundles, by reason.
        var refused: [String: Int]
        var unanswered: Int
        var unsent: Int
        var latency: Percentiles?
        /// In the first five seconds of a minute, and in the others.
        var edgeLatency: Percentiles?
        var calmLatency: Percentiles?
        var refusalLatency: Percentiles?
        var service: Percentiles?
        var lateness: Percentiles?
    }

    private struct Amount: Encodable {
        var bundles: Int
        var items: Int
        var samples: Int64

        init(_ amount: Tally.Amount) { (bundles, items, samples) = (amount.bundles, amount.items, amount.samples) }
    }

    /// Milliseconds.
    private struct Percentiles: Encodable {
        var p50: Double?
        var p90: Double?
        var p99: Double?
        var p999: Double?
        var max: Double?

        init?(_ latency: Latency) {
            guard latency.count > 0 else { return nil }
            (p50, p90) = (latency.milliseconds(percentile: 50), latency.milliseconds(percentile: 90))
            (p99, p999) = (latency.milliseconds(percentile: 99), latency.milliseconds(percentile: 99.9))
            max = latency.maxMilliseconds
        }
    }

    private struct Server: Encodable {
        var countedSamples: Int64
        var udpDatagrams: Int64
        var udpSamples: Int64
        var kernelDrops: Int64
        var refusedLines: [String: Int64]
        var refusedPartials: [String: Int64]
        var refusedBatches: [String: Int64]
        var samplesOfOthers: Int64
        /// From before the first to after the last was sent and worked off; without what is read back then.
        var cpuSeconds: Double
        var readBackCounters: Int
        var readBackSeries: Int
    }

    init(_ result: LoadRun.Result) {
        senderCPUSeconds = result.senderCPUSeconds
        streams = result.outcomes.map { outcome in
            let tally = outcome.tally
            return Stream(
                phase: outcome.phase, name: outcome.stream.title, over: outcome.stream.transport.rawValue,
                seconds: outcome.seconds, sent: Amount(tally.sent), acknowledged: Amount(tally.acknowledged),
                refused: tally.refused.mapValues(\.bundles), unanswered: tally.unanswered.bundles, unsent: tally.unsent,
                latency: Percentiles(tally.latency), edgeLatency: Percentiles(tally.edgeLatency),
                calmLatency: Percentiles(tally.calmLatency), refusalLatency: Percentiles(tally.refusalLatency),
                service: Percentiles(tally.service), lateness: Percentiles(tally.lateness))
        }
        guard let account = result.account else {
            (server, problems) = (nil, [])
            return
        }
        server = Server(
            countedSamples: account.server.acceptedSamples, udpDatagrams: account.server.datagrams,
            udpSamples: account.server.udpSamples, kernelDrops: account.lostDatagrams,
            refusedLines: account.server.refusedLines, refusedPartials: account.server.refusedPartials,
            refusedBatches: account.server.refusedBatches, samplesOfOthers: account.samplesOfOthers,
            cpuSeconds: account.server.cpuSeconds,
            readBackCounters: account.readBack.counters, readBackSeries: account.readBack.series)
        problems = account.problems
    }

    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
