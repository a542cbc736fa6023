/// The samples of one push period, taken out of an ``AccumulatorTable``: their partials can be worked out elsewhere while the
/// table takes in the next period's.
public struct AccumulatedPeriod: Sendable {
    /// By position, in the order of each one's first sample. Apart from the accumulators, which the samples go to.
    private var keys: [StatisticKey] = []
    private var accumulators: [SampleAccumulator] = []
    /// The values of sets, by position.
    private var distinct: [Int: NameIndex] = [:]
    let number: UInt32

    init(number: UInt32, capacity: Int) {
        self.number = number
        keys.reserveCapacity(capacity)
        accumulators.reserveCapacity(capacity)
    }

    /// How many statistics have samples in it.
    public var count: Int { keys.count }
    public var isEmpty: Bool { keys.isEmpty }

    /// The partials, in the order of each one's first sample.
    public func partials(fraction: Double = Aggregate.defaultFraction) -> [Partial] {
        var partials: [Partial] = []
        partials.reserveCapacity(keys.count)
        for position in keys.indices {
            let key = keys[position]
            var accumulator = accumulators[position]
            if let distinct = distinct[position] { accumulator.add(Double(distinct.count)) }
            if let aggregate = accumulator.partial(of: key.kind, fraction: fraction) {
                partials.append(Partial(key, aggregate))
            }
        }
        return partials
    }

    /// - Returns: the position of the statistic.
    mutating func append(_ key: StatisticKey) -> Int {
        keys.append(key)
        accumulators.append(SampleAccumulator())
        return keys.count - 1
    }

    subscript(position: Int) -> SampleAccumulator {
        get { accumulators[position] }
        @inline(__always) _modify { yield &accumulators[position] }
    }

    /// - Returns: whether the set has room for them all.
    mutating func addMembers(of line: StatsdLine, at position: Int) -> Bool {
        var isComplete = true
        line.forEachMember { member in
            if distinct[position]?.number(of: member) != nil { return }
            let (count, bytes) = distinct[position].map { ($0.count, $0.byteCount) } ?? (0, 0)
            if count < AccumulatorTable.distinctValuesMax, bytes + member.count <= AccumulatorTable.distinctBytesMax {
                _ = distinct[position, default: NameIndex()].insert(member)
            } else {
                isComplete = false
            }
        }
        return isComplete
    }
}
