/// The merge of one statistic in the open minute: what a ``MergingAggregate`` is, with what varies in size kept in the minute's
/// memory. All that is usual is merged here, in place; everything else by a ``MergingAggregate`` that is made for it.
struct MinuteEntry: Sendable {
    let id: StatisticID
    private var isEmphasised: Bool
    private var isApproximate: Bool
    private var hasOnePart = true
    private var hasOnlyEqualSamples: Bool
    private var sketch = SketchRow()
    private var parts = PartRow()
    private var sum: Double
    private var count: Int64
    private var max: Double
    private var min: Double
    private var first: Double
    private var last: Double
    /// Those of the first part.
    private var bottom: Double
    private var top: Double
    private var fraction: Double

    /// What an entry took the last time.
    struct Room: Sendable {
        var buckets = SketchRow.Range.none
        var parts = PartRow.Room()
    }

    init(_ id: StatisticID, _ part: Aggregate, expecting room: Room, in memory: inout MinuteMemory) {
        self.id = id
        (sum, count, max, min) = (part.sum, part.count, part.max, part.min)
        (first, last, bottom, top) = (part.first, part.last, part.bottom, part.top)
        (fraction, isEmphasised, isApproximate) = (part.fraction, part.isEmphasised, part.isApproximate)
        hasOnlyEqualSamples = part.min == part.max
        guard let packed = part.packedSketch else { return }
        if !sketch.add(packed, total: count, expecting: room.buckets, in: &memory.arena) {
            sketch.set(Sketch(packed), total: count, in: &memory)
        }
    }

    /// - Parameter room: what is likely to be needed.
    mutating func merge(_ part: Aggregate, expecting room: Room, in memory: inout MinuteMemory) {
        let total = count.saturatingAdd(part.count)
        guard mergeSketch(of: part, total, room, &memory) else { return mergeUnusual(part, &memory) }
        sum = sum.saturatingAdd(part.sum)
        count = total
        max = Swift.max(max, part.max)
        min = Swift.min(min, part.min)
        last = part.last
        fraction = part.fraction
        isEmphasised = isEmphasised || part.isEmphasised
        isApproximate = isApproximate || part.isApproximate
        hasOnePart = false
        hasOnlyEqualSamples = hasOnlyEqualSamples && part.min == part.max
    }

    /// Merges what tells percentiles: buckets, or parts.
    /// - Returns: false, and nothing changed, for what is unusual.
    private mutating func mergeSketch(
        of part: Aggregate, _ total: Int64, _ room: Room, _ memory: inout MinuteMemory
    ) -> Bool {
        if sketch.isRow {
            if let packed = part.packedSketch {
                return sketch.add(packed, total: total, expecting: room.buckets, in: &memory.arena)
            }
            return part.min == part.max && sketch.add(part.min, weight: part.count, total: total, in: &memory.arena)
        }
        guard sketch.isEmpty, part.packedSketch == nil else { return false }
        if parts.isEmpty {
            if part.bottom == bottom, part.top == top { return true }
            let own = WeightedParts.Entry(bottom: bottom, top: top, count: count)
            _ = parts.add(own, expecting: room.parts, in: &memory.arena)
        }
        let new = WeightedParts.Entry(bottom: part.bottom, top: part.top, count: part.count)
        return parts.add(new, expecting: room.parts, in: &memory.arena)
    }

    private mutating func mergeUnusual(_ part: Aggregate, _ memory: inout MinuteMemory) {
        var merging = MergingAggregate(
            aggregate(nil), sketch: sketch.take(from: &memory), parts: parts.parts(in: memory.arena), hasOnePart: hasOnePart,
            hasOnlyEqualSamples: hasOnlyEqualSamples)
        merging.merge(part)
        parts.release(in: &memory.arena)
        parts = PartRow(merging.parts, in: &memory.arena)
        let running = merging.running
        sketch.set(merging.sketch, total: running.count, in: &memory)
        (sum, count, max, min) = (running.sum, running.count, running.max, running.min)
        (last, bottom, top) = (running.last, running.bottom, running.top)
        (fraction, isEmphasised, isApproximate) = (running.fraction, running.isEmphasised, running.isApproximate)
        hasOnePart = false
        hasOnlyEqualSamples = merging.hasOnlyEqualSamples
    }

    // MARK: Reading

    /// The aggregate of all parts.
    func merged(in memory: MinuteMemory) -> Aggregate {
        if sketch.isEmpty {
            return MergingAggregate(
                aggregate(nil), sketch: nil, parts: parts.parts(in: memory.arena), hasOnePart: hasOnePart,
                hasOnlyEqualSamples: hasOnlyEqualSamples
            ).merged
        }
        return hasOnePart ? forPercentiles(in: memory) : forPercentiles(in: memory).withQuantilesOfSketch
    }

    /// The same, but for `bottom` and `top`, which are those of the first part.
    func forPercentiles(in memory: MinuteMemory) -> Aggregate { aggregate(sketch.packed(in: memory)) }

    /// What the next minute is likely to need.
    /// - Parameter packed: the sketch of ``forPercentiles(in:)``.
    func room(_ packed: PackedSketch?) -> Room { Room(buckets: sketch.range(of: packed), parts: parts.room) }

    private func aggregate(_ packed: PackedSketch?) -> Aggregate {
        Aggregate(
            sum: sum, count: count, max: max, min: min, first: first, last: last, bottom: bottom, top: top,
            fraction: fraction, isEmphasised: isEmphasised, isApproximate: isApproximate, packedSketch: packed)
    }
}

/// What the entries of an open minute keep apart from themselves.
struct MinuteMemory: Sendable {
    var arena: WordArena
    /// Those that have no place in a row.
    var sketches: [Sketch] = []

    init(wordCapacity: Int = 0) { arena = WordArena(capacity: wordCapacity) }
}
