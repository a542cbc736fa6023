import CPlatform

/// The samples of one push period, taken out of an ``AccumulatorTable``: their partials can be worked out elsewhere while the
/// table takes in the next period's.
public struct AccumulatedPeriod: Sendable {
    /// By position, in the order of each one's first sample.
    private var accumulators: [SampleAccumulator] = []
    /// By position, what came behind the samples in `accumulators`.
    private var recent: [RecentSamples] = []
    /// The number of the statistic of each position in the table.
    private var numbers: [Int32] = []
    /// The values of sets, by position.
    private var distinct: [Int: NameIndex] = [:]
    /// By position, gauges whose first sample was a delta.
    private var relative: [Int: RelativeSamples] = [:]
    /// By number: the table's, which the period that has ended shares.
    private var keys: [StatisticKey?] = []
    let number: UInt32

    /// What stands in front of the first value that was set.
    private struct RelativeSamples: Sendable {
        /// What its values were taken to build on.
        var base: Double
        /// nil as long as no value was set: all samples are relative.
        var samples: SampleAccumulator?
    }

    init(number: UInt32, capacity: Int) {
        self.number = number
        accumulators.reserveCapacity(capacity)
        recent.reserveCapacity(capacity)
        numbers.reserveCapacity(capacity)
    }

    func ended(_ keys: [StatisticKey?]) -> AccumulatedPeriod {
        var ended = self
        ended.keys = keys
        return ended
    }

    /// How many statistics have samples in it.
    public var count: Int { numbers.count }
    /// Whether no statistic has samples in it.
    public var isEmpty: Bool { numbers.isEmpty }

    /// All partials, in the order of ``batches(of:fraction:)``.
    public func partials(fraction: Double = Aggregate.defaultFraction) -> [Partial] {
        var batches = batches(of: max(1, count), fraction: fraction)
        return batches.next() ?? []
    }

    /// The partials, in the order in which the table first saw their statistics: the same in every period, so that whoever
    /// takes them in finds what is known of them in the order of the memory. Each batch is worked out when it is asked for:
    /// 100,000 partials at once are more memory than a processor's caches hold, and than is kept from second to second.
    /// - Parameter size: how many partials a batch has at most.
    public func batches(of size: Int, fraction: Double = Aggregate.defaultFraction) -> AccumulatedBatches {
        AccumulatedBatches(self, positions, size: size, fraction: fraction)
    }

    /// - Parameter number: that of a statistic with samples.
    fileprivate func partial(of number: Int, at position: Int32, fraction: Double) -> Partial? {
        guard let key = keys[number], let aggregate = aggregate(at: Int(position), of: key.kind, fraction: fraction) else {
            return nil
        }
        return Partial(key, aggregate)
    }

    private func aggregate(at position: Int, of kind: Kind, fraction: Double) -> Aggregate? {
        // Most statistics of a sender with many have few samples in a period, and nothing else is to be considered.
        if accumulators[position].isEmpty, distinct.isEmpty, relative.isEmpty {
            return recent[position].aggregate(of: kind, fraction: fraction)
        }
        var settled = accumulators[position]
        recent[position].withValues { settled.add($0) }
        if distinct.isEmpty, relative.isEmpty { return settled.partial(of: kind, fraction: fraction) }
        var accumulator = relative[position]?.samples ?? SampleAccumulator()
        accumulator.append(settled)
        if let distinct = distinct[position] { accumulator.add(Double(distinct.count)) }
        return accumulator.partial(of: kind, fraction: fraction)
    }

    // MARK: Deltas

    /// The gauges whose samples begin with a delta: their values depend on one that others may know better.
    public var relativeKeys: [StatisticKey] { relative.keys.sorted().compactMap { keys[Int(numbers[$0])] } }

    /// Puts what a gauge's deltas build on in the place of what they were taken to build on. Up to 64 samples, and whenever that was
    /// the same, all of its aggregate is exact; else its `bottom` and `top` are within a sketch's error of the deltas.
    /// - Parameter base: the value in front of this period; nil for a gauge that has none, which is as 0.
    public mutating func resolve(_ base: (StatisticKey) -> Double?) {
        for (position, gauge) in relative {
            guard let key = keys[Int(numbers[position])] else { continue }
            let shift = (base(key) ?? 0).saturatingAdd(-gauge.base)
            if shift == 0 { continue }
            settle(position)
            if relative[position]?.samples?.shift(by: shift) == nil { accumulators[position].shift(by: shift) }
            relative[position]?.base = gauge.base.saturatingAdd(shift)
        }
    }

    /// A delta comes, where a gauge's value is taken to be `base`.
    mutating func noteDelta(at position: Int, base: Double) {
        guard accumulators[position].isEmpty, relative[position] == nil else { return }
        relative[position] = RelativeSamples(base: base)
    }

    /// A gauge is set: its samples up to here build on something else than those that come.
    @inline(__always)
    mutating func noteSet(at position: Int) {
        if !relative.isEmpty { keepRelative(position) }
    }

    @inline(never)
    private mutating func keepRelative(_ position: Int) {
        guard let gauge = relative[position], gauge.samples == nil else { return }
        relative[position]?.samples = accumulators[position]
        accumulators[position] = SampleAccumulator()
    }

    /// By number; -1 for a statistic without a sample.
    private var positions: [Int32] {
        var positions = [Int32](repeating: -1, count: keys.count)
        for (position, number) in numbers.enumerated() { positions[Int(number)] = Int32(position) }
        return positions
    }

    /// - Returns: the position of the statistic.
    mutating func append(_ number: Int, _ kind: Kind) -> Int {
        numbers.append(Int32(number))
        accumulators.append(SampleAccumulator())
        recent.append(RecentSamples(of: number, kind))
        return numbers.count - 1
    }

    // MARK: Samples

    /// - Precondition: the position is settled.
    subscript(position: Int) -> SampleAccumulator {
        get { accumulators[position] }
        @inline(__always) _modify { yield &accumulators[position] }
    }

    /// Adds up the latest samples of a statistic, before anything but another usual line comes for it.
    /// - Returns: the last sample of a statistic that has one.
    @discardableResult
    mutating func settle(_ position: Int) -> Double? {
        if !recent[position].isEmpty { recent[position].take { accumulators[position].add($0) } }
        return accumulators[position].lastValue
    }

    /// Adds a usual line's value.
    mutating func add(_ value: Double, at position: Int) {
        recent.withUnsafeMutableBufferPointer { recent in
            guard let samples = recent.baseAddress.map({ $0 + position }), RecentSamples.append(value, to: samples) else { return }
            samples.pointee.take { accumulators[position].add($0) }
        }
    }

    /// Adds lines of statistics that have samples in this period already.
    ///
    /// No array is looked at for each line: neither for its bounds, which all positions are within, nor for others that share it.
    /// What becomes full on the way is added up behind the last line, when its memory has had time to come.
    /// - Parameter positions: one for each line. It is written over.
    @inline(__always)
    mutating func add(_ lines: UnsafeBufferPointer<UsualLine>, at positions: UnsafeMutablePointer<Int>) {
        recent.withUnsafeMutableBufferPointer { recent in
            accumulators.withUnsafeMutableBufferPointer { accumulators in
                guard let recent = recent.baseAddress, let accumulators = accumulators.baseAddress else { return }
                for place in lines.indices { CPlatform.prefetch(recent + positions[place]) }
                var fullCount = 0
                for (place, line) in lines.enumerated() {
                    let position = positions[place]
                    if recent[position].isFull { recent[position].take { accumulators[position].add($0) } }
                    // Not by a branch: when they are full nobody can foretell.
                    positions[fullCount] = position
                    fullCount &+= RecentSamples.append(line.value, to: recent + position) ? 1 : 0
                }
                let full = UnsafeBufferPointer(start: positions, count: fullCount)
                for position in full {
                    CPlatform.prefetch(accumulators + position)
                    CPlatform.prefetch(UnsafeRawPointer(accumulators + position) + 64)
                }
                for position in full { recent[position].withValues { accumulators[position].prefetch($0) } }
                for position in full where recent[position].isFull {
                    recent[position].take { accumulators[position].add($0) }
                }
            }
        }
    }

    /// The last values of the gauges that have samples.
    func forEachGauge(_ body: (_ number: Int, _ last: Double) -> Void) {
        for (position, samples) in recent.enumerated() where samples.kind == Kind.gauge.rawValue {
            if let last = samples.last ?? accumulators[position].lastValue { body(samples.number, last) }
        }
    }

    /// Whether there are deltas, of which a value that is set ends what they build on.
    var hasDeltas: Bool { !relative.isEmpty }

    /// The latest period in which a statistic has samples, and its position there.
    struct Place: Sendable {
        var period: UInt32
        var position: UInt32

        init(period: UInt32, position: Int) { (self.period, self.position) = (period, UInt32(position)) }

        init(mark: UInt64) { (period, position) = (UInt32(mark >> 32), UInt32(truncatingIfNeeded: mark)) }

        var mark: UInt64 { UInt64(period) << 32 | UInt64(position) }
    }

    /// - Returns: whether the set has room for it.
    mutating func add(member: DatagramLine.Bytes, at position: Int) -> Bool {
        if distinct[position]?.number(of: member) != nil { return true }
        let (count, bytes) = distinct[position].map { ($0.count, $0.byteCount) } ?? (0, 0)
        guard count < AccumulatorTable.distinctValuesMax, bytes + member.count <= AccumulatorTable.distinctBytesMax else {
            return false
        }
        _ = distinct[position, default: NameIndex()].insert(member)
        return true
    }
}

/// The partials of a period, in batches: see ``AccumulatedPeriod/batches(of:fraction:)``.
public struct AccumulatedBatches: Sequence, IteratorProtocol, Sendable {
    private let period: AccumulatedPeriod
    /// By number; -1 for a statistic without a sample.
    private let positions: [Int32]
    private let size: Int
    private let fraction: Double
    /// Where the next batch begins.
    private var number = 0

    fileprivate init(_ period: AccumulatedPeriod, _ positions: [Int32], size: Int, fraction: Double) {
        precondition(size > 0, "a batch of no partials")
        (self.period, self.positions, self.size, self.fraction) = (period, positions, size, fraction)
    }

    /// The next batch; nil when all partials were handed out.
    public mutating func next() -> [Partial]? {
        var partials: [Partial] = []
        partials.reserveCapacity(Swift.min(size, period.count))
        while number < positions.count, partials.count < size {
            let position = positions[number]
            if position >= 0, let partial = period.partial(of: number, at: position, fraction: fraction) {
                partials.append(partial)
            }
            number += 1
        }
        return partials.isEmpty ? nil : partials
    }
}
