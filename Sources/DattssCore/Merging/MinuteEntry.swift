/// The merge of one statistic in the open minute: what a ``MergingAggregate`` is, with what varies in size kept in the minute's
/// memory. All that is usual is merged here, in place; everything else by a ``MergingAggregate`` that is made for it.
///
/// There is one for every statistic that is sent, so it is 64 bytes: its numbers are ``CompactNumber``s as long as all can be.
struct MinuteEntry: Sendable {
    let id: StatisticID
    private var sketch = OpenSketch()
    private var flags: AggregateFlags
    private var state: MergeState
    private var parts = OpenParts()
    private(set) var sum: Double
    private var numbers = EntryNumbers()

    /// What a ``MergingAggregate`` knows of its parts.
    private struct MergeState: OptionSet, Sendable {
        let rawValue: UInt8

        static let hasOnePart = MergeState(rawValue: 1)
        static let hasOnlyEqualSamples = MergeState(rawValue: 2)
        /// See ``WeightedParts/isJoined``.
        static let hasJoinedParts = MergeState(rawValue: 4)
    }

    /// What an entry took the last time.
    struct Room: Sendable {
        var buckets = OpenSketch.Range.none
        var parts = OpenParts.Room()
    }

    init(_ id: StatisticID, _ part: Aggregate, expecting room: Room, in memory: inout MinuteMemory) {
        self.id = id
        sum = part.sum
        flags = AggregateFlags(merging: part)
        state = part.isOfEqualSamples ? [.hasOnePart, .hasOnlyEqualSamples] : .hasOnePart
        numbers.set(part, in: &memory.arena)
        guard let packed = part.packedSketch else { return }
        if !sketch.add(packed, total: part.count, expecting: room.buckets, in: &memory.arena) {
            sketch.set(Sketch(packed), total: part.count, in: &memory)
        }
    }

    /// - Parameter room: what is likely to be needed.
    mutating func merge(_ part: Aggregate, expecting room: Room, in memory: inout MinuteMemory) {
        let total = numbers.count(in: memory.arena).saturatingAdd(part.count)
        guard mergeSketch(of: part, total, room, &memory) else { return mergeUnusual(part, &memory) }
        sum = sum.saturatingAdd(part.sum)
        numbers.merge(part, total: total, in: &memory.arena)
        flags.formUnion(AggregateFlags(merging: part))
        state.remove(part.isOfEqualSamples ? .hasOnePart : [.hasOnePart, .hasOnlyEqualSamples])
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
            return part.isOfEqualSamples && sketch.add(part.min, weight: part.count, total: total, in: &memory.arena)
        }
        guard sketch.isEmpty, part.packedSketch == nil else { return false }
        let new = WeightedParts.Entry(bottom: part.bottom, top: part.top, count: part.count)
        if parts.isEmpty {
            let own = numbers.firstPart(in: memory.arena)
            if new.bottom == own.bottom, new.top == own.top { return true }
            _ = parts.add(own, expecting: room.parts, in: &memory.arena)
        }
        return parts.add(new, expecting: room.parts, in: &memory.arena)
    }

    private mutating func mergeUnusual(_ part: Aggregate, _ memory: inout MinuteMemory) {
        var merging = merging(sketch: sketch.take(from: &memory), in: memory)
        merging.merge(part)
        parts.release(in: &memory.arena)
        parts = OpenParts(merging.parts, in: &memory.arena)
        let running = merging.running
        sketch.set(merging.sketch, total: running.count, in: &memory)
        sum = running.sum
        numbers.set(running, in: &memory.arena)
        flags = AggregateFlags(merging: running)
        state = merging.hasOnlyEqualSamples ? .hasOnlyEqualSamples : []
        if merging.parts.isJoined { state.insert(.hasJoinedParts) }
    }

    // MARK: Reading

    /// The aggregate of all parts.
    func merged(in memory: MinuteMemory) -> Aggregate {
        if sketch.isEmpty { return merging(sketch: nil, in: memory).merged }
        let aggregate = forPercentiles(in: memory)
        return state.contains(.hasOnePart) ? aggregate : aggregate.withQuantilesOfSketch
    }

    /// The same, but for `bottom` and `top`, which are those of the first part.
    func forPercentiles(in memory: MinuteMemory) -> Aggregate { aggregate(sketch.packed(in: memory), in: memory) }

    /// What the next minute is likely to need.
    /// - Parameter packed: the sketch of ``forPercentiles(in:)``.
    func room(_ packed: PackedSketch?) -> Room { Room(buckets: sketch.range(of: packed), parts: parts.room) }

    private func aggregate(_ packed: PackedSketch?, in memory: MinuteMemory) -> Aggregate {
        var aggregate = numbers.aggregate(sum: sum, packed, in: memory.arena)
        aggregate.isEmphasised = flags.contains(.emphasised)
        aggregate.isApproximate = flags.contains(.approximate)
        return aggregate
    }

    private func merging(sketch: Sketch?, in memory: MinuteMemory) -> MergingAggregate {
        MergingAggregate(
            aggregate(nil, in: memory), sketch: sketch,
            parts: parts.parts(areJoined: state.contains(.hasJoinedParts), in: memory.arena),
            hasOnePart: state.contains(.hasOnePart), hasOnlyEqualSamples: state.contains(.hasOnlyEqualSamples))
    }
}

/// What the entries of an open minute keep apart from themselves.
struct MinuteMemory: Sendable {
    var arena: WordArena
    /// Those that have no place in a row.
    var sketches: [Sketch] = []

    init(wordCapacity: Int = 0) { arena = WordArena(capacity: wordCapacity) }
}

extension AggregateFlags {
    /// What a merge has if one of its parts has it. All else of an aggregate an entry knows otherwise.
    @inline(__always)
    fileprivate init(merging part: borrowing Aggregate) {
        self = []
        insert(.emphasised, if: part.isEmphasised)
        insert(.approximate, if: part.isApproximate)
    }
}
