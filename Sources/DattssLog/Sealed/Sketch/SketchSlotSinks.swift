internal import DattssCore

/// The buckets of one sketch, side by side.
struct FoundBuckets: SlotSink {
    // Room for a number a slot, and two more.
    private let indices: UnsafeMutablePointer<Int32>
    private let counts: UnsafeMutablePointer<Int64>
    private let slots: UnsafePointer<SketchCountTables.Slot>
    /// One after the last bucket; the first place is for the sample of `min`.
    private var end = 1

    @inline(__always)
    init(_ room: SketchRoom, _ slots: UnsafePointer<SketchCountTables.Slot>) {
        (indices, counts, self.slots) = (room.indices, room.counts, slots)
    }

    /// The place is taken only if there are samples.
    @inline(__always)
    mutating func note(_ count: Int64, in slot: Int) {
        indices[end] = slots[slot].bucketIndex
        counts[end] = count
        end &+= count > 0 ? 1 : 0
    }

    /// Puts in the samples of `min` and `max`, which are not free.
    /// - Returns: the places of the buckets.
    @inline(__always)
    mutating func withEnds(of walk: SketchWalk) -> Range<Int> {
        let (lowest, highest) = (slots[walk.first].bucketIndex, slots[walk.last].bucketIndex)
        var start = 0
        if end > 1, indices[1] == lowest {
            counts[1] &+= 1
            start = 1
        } else {
            indices[0] = lowest
            counts[0] = 1
        }
        if walk.first == walk.last { return start..<end }
        if indices[end &- 1] != highest {
            indices[end] = highest
            counts[end] = 0
            end &+= 1
        }
        counts[end &- 1] &+= 1
        return start..<end
    }
}

/// The samples of many sketches together, slot by slot.
struct SlotTotals: SlotSink {
    // A number a slot.
    private let totals: UnsafeMutablePointer<Int64>
    /// The slots from the first to the last of which any may have samples.
    private var range: ClosedRange<Int>?

    init(_ room: SketchRoom) { totals = room.totals }

    @inline(__always)
    mutating func note(_ count: Int64, in slot: Int) { totals[slot] &+= count }

    /// Puts in the samples of `min` and `max`, which are not free.
    @inline(__always)
    mutating func addEnds(of walk: SketchWalk) {
        totals[walk.first] &+= 1
        if walk.first < walk.last { totals[walk.last] &+= 1 }
        range = min(range?.lowerBound ?? walk.first, walk.first)...max(range?.upperBound ?? walk.last, walk.last)
    }

    /// Hands over what there is, side by side, and begins anew.
    /// - Returns: the places of the buckets.
    mutating func take(into room: SketchRoom, _ slots: UnsafePointer<SketchCountTables.Slot>) -> Range<Int> {
        guard let range = range.take() else { return 0..<0 }
        var end = 0
        for slot in range {
            room.indices[end] = slots[slot].bucketIndex
            room.counts[end] = totals[slot]
            end &+= totals[slot] > 0 ? 1 : 0
            totals[slot] = 0
        }
        return 0..<end
    }
}
