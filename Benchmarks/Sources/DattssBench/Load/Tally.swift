import Histogram
import Synchronization

/// What one sender of a stream did so far.
struct Tally: Sendable {
    var sent = Amount()
    var acknowledged = Amount()
    /// By the name of the error in the answer.
    var refused: [String: Amount] = [:]
    /// Refusals with status 503 that do not say when to come again.
    var curtRefusals = 0
    /// The connection ended, or the run did, before an answer came: counted by the server or not, nobody knows.
    var unanswered = Amount()
    /// Due, but never sent, because no connection was free in time.
    var unsent = 0
    /// How often the bundle in each slot (``Bundles``) was acknowledged (UDP: sent); empty when there are too many of them.
    var perSlot: [UInt32] = []
    /// Since it was due until the acknowledgement.
    var latency = Latency()
    /// The latency of answers in the first seconds of a minute of the clock, when the server closes the one before.
    var edgeLatency = Latency()
    /// The others.
    var calmLatency = Latency()
    /// The same of refusals.
    var refusalLatency = Latency()
    /// The latency of answers and refusals since the request was really sent: what the server alone is answerable for.
    var service = Latency()
    /// How late the generator itself was, when a connection was free and waiting.
    var lateness = Latency()
    /// The latency of the last second, for the progress line.
    var recentLatency = Latency()

    /// Bundles, the items in them (partials, samples of a datagram) and the samples that they stand for.
    struct Amount: Sendable, Equatable {
        var bundles = 0
        var items = 0
        var samples: Int64 = 0

        static func + (a: Amount, b: Amount) -> Amount {
            Amount(bundles: a.bundles + b.bundles, items: a.items + b.items, samples: a.samples + b.samples)
        }

        static func += (a: inout Amount, b: Amount) { a = a + b }
    }

    /// All that was sent was acknowledged, refused or never answered.
    var isBalanced: Bool {
        sent == acknowledged + unanswered + refused.values.reduce(Amount(), +)
    }

    mutating func add(_ other: Tally) {
        sent += other.sent
        acknowledged += other.acknowledged
        refused.merge(other.refused, uniquingKeysWith: +)
        curtRefusals += other.curtRefusals
        unanswered += other.unanswered
        unsent += other.unsent
        if perSlot.isEmpty {
            perSlot = other.perSlot
        } else {
            for (slot, times) in other.perSlot.enumerated() { perSlot[slot] += times }
        }
        latency.add(other.latency)
        edgeLatency.add(other.edgeLatency)
        calmLatency.add(other.calmLatency)
        refusalLatency.add(other.refusalLatency)
        service.add(other.service)
        lateness.add(other.lateness)
        recentLatency.add(other.recentLatency)
    }

    static let countedSlotsMax = 4_000_000
}

/// Latencies in an HDR histogram: microseconds, three digits, up to ten minutes.
struct Latency: Sendable {
    private var histogram = Histogram<UInt32>(
        highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)

    var count: UInt64 { histogram.totalCount }

    mutating func record(nanoseconds: Int64) {
        histogram.record(UInt64(min(max(1, nanoseconds / 1000), 600_000_000)))
    }

    mutating func add(_ other: Latency) { if other.count > 0 { histogram.add(other.histogram) } }
    mutating func reset() { histogram.reset() }

    /// nil when nothing was recorded.
    func milliseconds(percentile: Double) -> Double? {
        count == 0 ? nil : Double(histogram.valueAtPercentile(percentile)) / 1000
    }

    var maxMilliseconds: Double? { count == 0 ? nil : Double(histogram.max) / 1000 }
}

/// The tally of a sender that runs, for whoever shows progress.
final class SharedTally: Sendable {
    private let tally = Mutex(Tally())

    func update(_ body: (inout sending Tally) -> Void) { tally.withLock { body(&$0) } }

    var snapshot: Tally { tally.withLock { $0 } }

    /// Counts and the latencies since the last time.
    func takeRecent() -> Progress {
        tally.withLock { tally in
            let progress = Progress(
                sent: tally.sent, acknowledged: tally.acknowledged,
                refused: tally.refused.values.reduce(0) { $0 + $1.items }, latency: tally.recentLatency)
            tally.recentLatency.reset()
            return progress
        }
    }

    struct Progress: Sendable {
        var sent = Tally.Amount()
        var acknowledged = Tally.Amount()
        var refused = 0
        var latency = Latency()
    }
}
