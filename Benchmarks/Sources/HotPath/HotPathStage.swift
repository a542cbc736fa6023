import AllocationCounting
import DattssCore
import DattssLog
import DattssPipeline

/// A step of the hot path: counts how often it asks for memory, an item.
struct HotPathStage: Sendable {
    let name: String
    /// Each call of the result does the step's work and returns how many items that were.
    let prepare: @Sendable () -> () -> Int

    static let all = [decodeDatagrams, accumulate, decodeBodies, merge, encode]

    private static let statistics = 1000
    private static let itemsPerBundle = 50
    private static let rounds = 20

    func allocations() -> Double {
        let work = prepare()
        // The first rounds make what lasts.
        for _ in 0..<3 { _ = work() }
        let before = AllocationCount.calls ?? 0
        let items = (0..<Self.rounds).reduce(0) { items, _ in items + work() }
        return Double((AllocationCount.calls ?? 0) - before) / Double(items)
    }

    private static let decodeDatagrams = HotPathStage(name: "decode a datagram") {
        let datagrams = Self.datagrams
        return {
            var samples = 0
            for datagram in datagrams {
                forEachLine(of: datagram) { _ in samples += 1 }
            }
            return samples
        }
    }

    private static let accumulate = HotPathStage(name: "accumulate a datagram") {
        let datagrams = Self.datagrams
        var collector = DatagramCollector(authenticator: NobodysKeys(), statsdUser: .someone, limits: Limits())
        return {
            let before = collector.counts.samples
            // Long periods: what is asked for at the beginning of one is asked for a statistic, not for a sample.
            for _ in 0..<100 {
                for datagram in datagrams { datagram.withUnsafeBytes { collector.receive($0) } }
            }
            _ = collector.flush()
            return collector.counts.samples - before
        }
    }

    private static let decodeBodies = HotPathStage(name: "decode a body") {
        let bodies = batches.map(BatchEncoder.encode)
        var paths = NameCache()
        return {
            bodies.reduce(0) { count, body in
                let batch = try? body.withUnsafeBytes { try BatchDecoder.decode($0, paths: &paths) }
                return count + (batch?.partials.count ?? 0)
            }
        }
    }

    private static let merge = HotPathStage(name: "merge into window, status and minute") {
        let batches = Self.batches
        var admission = Admission()
        var state = UserState(user: .someone)
        var now = Timestamp(seconds: 1_795_392_000)
        return {
            var count = 0
            for batch in batches {
                now = now.advanced(byMilliseconds: 1)
                guard case .admitted(let ids, let ticket) = admission.admit(batch, at: now, limits: Limits()) else { return 0 }
                state.apply(batch, ids: ids, at: now)
                admission.end(ticket)
                count += batch.partials.count
            }
            return count
        }
    }

    private static let encode = HotPathStage(name: "encode an accepted batch") {
        let batches = Self.batches
        return {
            batches.reduce(0) { $0 + (BatchCodec.encode(user: .someone, batch: $1).isEmpty ? 0 : $1.partials.count) }
        }
    }

    // MARK: Input

    private static func forEachLine(of datagram: [UInt8], _ body: (StatsdLine) -> Void) {
        datagram.withUnsafeBytes { bytes in
            DatagramLine.forEachLine(of: bytes) { line in
                if case .statsd(let line)? = try? DatagramLine.parse(line) { body(line) }
            }
        }
    }

    /// Half counters, 40 % timers, 10 % gauges.
    private static func key(_ number: Int) -> StatisticKey {
        let kind: Kind = number % 10 < 5 ? .counter : number % 10 < 9 ? .timer : .gauge
        return StatisticKey(kind, "shop.checkout.host\(number % 7).item\(number)")
    }

    private static var bundles: [Range<Int>] {
        stride(from: 0, to: statistics, by: itemsPerBundle).map { $0..<$0 + itemsPerBundle }
    }

    /// Each statistic once, in an order and with values that are drawn; a third of them have decimals.
    private static var datagrams: [[UInt8]] {
        var random = SplitMix64(seed: 1)
        let order = (0..<statistics).shuffled(using: &random)
        return bundles.map { places in
            let lines = places.map { place in
                let (key, value) = (key(order[place]), Int.random(in: 1...9999, using: &random))
                let number = place % 3 == 0 ? "\(value / 10).\(value % 10)" : "\(value)"
                return "\(key.path):\(number)|\(key.kind.symbol)"
            }
            return Array(lines.joined(separator: "\n").utf8)
        }
    }

    private static var batches: [Batch] {
        bundles.map { numbers in
            Batch(
                partials: numbers.map { number in
                    Partial(
                        key(number),
                        Aggregate(
                            sum: Double(number) + 6.948927789100864, count: 3, max: Double(number) + 4, min: 0.25, first: 1.5,
                            last: 0.25, bottom: 0.25, top: Double(number) + 4))
                })
        }
    }
}
