import DattssCore
import DattssTestSupport

/// Seeded values of the model, extremes included.
struct RandomValues {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func number() -> Double {
        switch int(0...9) {
        case 0: 0
        case 1: -0.0
        case 2: random.element(of: [0x1p53, -0x1p53, 0x1p53 + 2, 0x1p53 - 1, 1 - 0x1p53])
        case 3: random.element(of: [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 0x1p-1030])
        case 4...6: Double(int(-1000...100_000))
        case 7: Double(Int64.random(in: -(1 << 53)...(1 << 53), using: &random))
        default: Double.random(in: -1e6...1e6, using: &random)
        }
    }

    mutating func count() -> Int64 {
        random.element(of: [1, 2, 12, 1000, Int64.random(in: 1...Aggregate.countMax, using: &random), Aggregate.countMax])
    }

    mutating func name(_ bytesMax: Int) -> String {
        let alphabet = Array("abcxyzABCXYZ0129_.:!-")
        return String((0..<int(1...bytesMax)).map { _ in random.element(of: alphabet) })
    }

    mutating func path() -> String {
        switch int(0...5) {
        case 0: name(Name.pathBytesMax)
        case 1: String(repeating: "p", count: Name.pathBytesMax)
        default: "routes.\(random.element(of: ["get", "put", "delete"]))_\(int(0...500)).\(random.element(of: ["time", "count"]))"
        }
    }

    mutating func sketch() -> Sketch {
        var sketch = Sketch()
        switch int(0...3) {
        case 0: break
        case 1:
            // More magnitudes than a store has buckets, so that the lowest are folded together.
            for exponent in -300...300 { sketch.add(sign() * Double(sign: .plus, exponent: exponent, significand: 1.5)) }
        default:
            for _ in 0..<int(1...60) { sketch.add(number(), weight: count() / 1000 + 1) }
        }
        return sketch
    }

    private mutating func sign() -> Double { random.oneIn(2) ? 1 : -1 }

    mutating func aggregate() -> Aggregate {
        if random.oneIn(4) {
            // A counter of ones, or of another single value.
            let value = random.oneIn(2) ? 1 : number()
            let count = Int64(int(1...1000))
            return Aggregate(
                sum: value * Double(count), count: count, max: value, min: value, first: value, last: value,
                bottom: value, top: value, isEmphasised: random.oneIn(2))
        }
        return Aggregate(
            sum: number(), count: count(), max: number(), min: number(), first: number(), last: number(),
            bottom: number(), top: number(), fraction: random.element(of: [0.1, 0.5, 0.01, .leastNonzeroMagnitude]),
            isEmphasised: random.oneIn(2), isApproximate: random.oneIn(3), sketch: random.oneIn(2) ? sketch() : nil)
    }

    /// What partials of real samples merge to: decimals, sums with rounding errors, percentiles out of sketches.
    mutating func merged() -> Aggregate {
        let scale = random.element(of: [1, 1, 10, 100, 1000] as [Double])
        var parts: [Aggregate] = []
        for _ in 0..<int(1...3) {
            var accumulator = SampleAccumulator()
            for _ in 0..<random.element(of: [1, 2, int(3...40), int(65...200)]) {
                accumulator.add(Double(int(-3...3) * int(0...2) + int(0...500)) / scale)
            }
            if let partial = accumulator.partial(of: random.element(of: Kind.allCases)) { parts.append(partial) }
        }
        var merging = MergingAggregate(parts[0])
        for part in parts.dropFirst() { merging.merge(part) }
        return merging.merged
    }

    mutating func key() -> StatisticKey { StatisticKey(random.element(of: Kind.allCases), path()) }

    mutating func user() -> UserID { UserID("user\(int(0...9999))")! }

    mutating func batch() -> Batch {
        Batch(
            partials: (0..<int(0...6)).map { _ in Partial(key(), aggregate()) },
            origin: random.oneIn(2)
                ? Batch.Origin(client: name(Name.clientBytesMax), sequence: Int64.random(in: 0...(1 << 53), using: &random)) : nil,
            process: random.oneIn(2) ? name(Name.processBytesMax) : nil,
            uptimeSeconds: random.oneIn(2) ? number() : nil)
    }

    mutating func clients() -> [ClientWindow] {
        (0..<int(0...3)).map { _ in
            ClientWindow(
                client: name(Name.clientBytesMax),
                window: SequenceWindow(
                    highest: Int64.random(in: 0...(1 << 53), using: &random), bits: random.next()))
        }
    }

    mutating func block(
        minute: Minute? = nil, through: LSN?? = .none, users: ClosedRange<Int> = 0...4,
        statistics: ClosedRange<Int> = 0...12
    ) -> MinuteBlock {
        let ids = Set((0..<int(users)).map { _ in user() }).sorted()
        return MinuteBlock(
            minute: minute ?? Minute(Int64(int(-2000...30_000_000))),
            through: through ?? (random.oneIn(4) ? nil : LSN(UInt64(int(0...1 << 40)))),
            users: ids.map { id in
                let keys = Set((0..<int(statistics)).map { _ in key() }).sorted()
                return UserMinute(user: id, aggregates: keys.map { Partial($0, aggregate()) }, clients: clients())
            })
    }

    mutating func checkpoint(through: LSN? = nil) -> Checkpoint {
        let at = Timestamp(milliseconds: Int64(int(0...1 << 42)))
        return Checkpoint(
            at: at, through: through ?? LSN(UInt64(int(0...1 << 40))),
            users: Set((0..<int(0...4)).map { _ in user() }).sorted().map { id in
                UserCheckpoint(
                    user: id,
                    totals: Set((0..<int(0...12)).map { _ in key() }).sorted().map { key in
                        UserCheckpoint.StatisticTotals(
                            key: key,
                            totals: StatusTotals(
                                sum: number(), last: number(),
                                seen: at.advanced(byMilliseconds: Int64(-int(-5...1_000_000))),
                                isEmphasised: random.oneIn(2),
                                since: random.oneIn(3) ? nil : at.minute.advanced(by: Int64(-int(-5...1_000_000)))))
                    },
                    clients: clients())
            })
    }
}

/// Everything of an aggregate, bit by bit: `==` takes −0 for 0.
func bits(_ aggregate: Aggregate) -> [UInt64] {
    [
        aggregate.sum, aggregate.max, aggregate.min, aggregate.first, aggregate.last, aggregate.bottom, aggregate.top,
        aggregate.fraction,
    ].map(\.bitPattern) + [UInt64(bitPattern: aggregate.count)]
}

func bits(_ partials: [Partial]) -> [[UInt64]] { partials.map { bits($0.aggregate) } }
