/// The accumulators of all statistics of one sender over one push period: of a program in the SDK, of a user on the
/// server's UDP port.
///
///     table.add(SampleValue("2c"), to: "hits")       as often as you like
///     let partials = table.flush()                   every push period
///
/// Memory is bounded by the number of statistics, at most `capacity`; one that was silent for ``idleFlushesMax``
/// periods makes room.
public struct AccumulatorTable: Sendable {
    private var positions: [StatisticKey: Int] = [:]
    private var entries: [Entry] = []
    private var free: [Int] = []
    /// The entries that have samples in this period.
    private var touched: [Int] = []
    private let capacity: Int
    private let fraction: Double

    public static let idleFlushesMax = 720
    public static let distinctValuesMax = 65_536

    private struct Entry: Sendable {
        var key: StatisticKey
        var accumulator = SampleAccumulator()
        /// A set's values in this period; nil for every other statistic.
        var distinct: Set<String>?
        /// A gauge's last value, which a delta builds on.
        var last: Double?
        var idleFlushes = 0
        var isTouched = false
    }

    /// - Parameter fraction: see ``Aggregate/fraction``.
    public init(capacity: Int = 20_000, fraction: Double = Aggregate.defaultFraction) {
        self.capacity = capacity
        self.fraction = fraction
    }

    /// How many statistics are remembered.
    public var count: Int { positions.count }
    /// Whether there is nothing to flush.
    public var isEmpty: Bool { touched.isEmpty }

    /// - Parameter path: a valid path.
    /// - Returns: whether there was room.
    public mutating func add(_ sample: SampleValue, to path: String) -> Bool {
        guard let position = touch(StatisticKey(sample.kind, path)) else { return false }
        entries[position].accumulator.add(sample.value, isEmphasised: sample.isEmphasised)
        if sample.kind == .gauge { entries[position].last = sample.value }
        return true
    }

    /// Adds what a statsd line says: sums of a counter scale with the rate, a sampled timer counts as often as it stands
    /// for.
    public mutating func add(_ samples: DatagramLine.Samples, scale: Double, to path: String) -> Bool {
        let weight = Int64(scale.rounded())
        switch samples {
        case .counter(let values):
            guard let position = touch(StatisticKey(.counter, path)) else { return false }
            for value in values {
                entries[position].accumulator.add(value, weight: weight, total: value * scale)
            }
        case .timer(let values):
            guard let position = touch(StatisticKey(.timer, path)) else { return false }
            for value in values { entries[position].accumulator.add(value, weight: weight) }
        case .gauge(let values):
            guard let position = touch(StatisticKey(.gauge, path)) else { return false }
            for sample in values {
                let base = sample.isSigned ? entries[position].last ?? 0 : 0
                let value = base.saturatingAdd(sample.value)
                entries[position].accumulator.add(value)
                entries[position].last = value
            }
        case .set(let values):
            guard let position = touch(StatisticKey(.gauge, path)) else { return false }
            return addDistinct(values, at: position)
        }
        return true
    }

    /// The partials of the period that ends now.
    public mutating func flush() -> [Partial] {
        var partials: [Partial] = []
        partials.reserveCapacity(touched.count)
        for position in touched {
            if let distinct = entries[position].distinct, !distinct.isEmpty {
                entries[position].accumulator.add(Double(distinct.count))
                entries[position].distinct = nil
            }
            let key = entries[position].key
            if let aggregate = entries[position].accumulator.partial(of: key.kind, fraction: fraction) {
                partials.append(Partial(key, aggregate))
            }
            entries[position].accumulator.reset()
            entries[position].isTouched = false
            entries[position].idleFlushes = 0
        }
        touched.removeAll(keepingCapacity: true)
        return partials
    }

    /// Makes room: forgets what was silent for ``idleFlushesMax`` periods. Call it once a period.
    public mutating func forgetIdle() {
        for position in entries.indices where !entries[position].isTouched {
            guard positions[entries[position].key] == position else { continue }
            entries[position].idleFlushes += 1
            if entries[position].idleFlushes > Self.idleFlushesMax {
                positions[entries[position].key] = nil
                entries[position] = Entry(key: entries[position].key)
                free.append(position)
            }
        }
    }

    private mutating func touch(_ key: StatisticKey) -> Int? {
        let position: Int
        if let known = positions[key] {
            position = known
        } else {
            guard positions.count < capacity else { return nil }
            position = free.popLast() ?? entries.count
            if position == entries.count { entries.append(Entry(key: key)) } else { entries[position] = Entry(key: key) }
            positions[key] = position
        }
        if !entries[position].isTouched {
            entries[position].isTouched = true
            touched.append(position)
        }
        return position
    }

    private mutating func addDistinct(_ values: [String], at position: Int) -> Bool {
        var distinct = entries[position].distinct.take() ?? []
        for value in values where distinct.count < Self.distinctValuesMax { distinct.insert(value) }
        let isComplete = values.allSatisfy(distinct.contains)
        entries[position].distinct = distinct
        return isComplete
    }
}
