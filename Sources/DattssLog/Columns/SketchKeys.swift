internal import DattssCore

/// A sketch as the keys of ``SketchSlots``, and back.
enum SketchKeys {
    /// Its buckets with their counts, by ascending key.
    static func all(of sketch: Sketch) -> [(key: Int32, count: Int64)] {
        var all: [(key: Int32, count: Int64)] = []
        all.reserveCapacity(sketch.negative.indices.count + sketch.positive.indices.count + 1)
        for (index, count) in sketch.negative.descending { all.append((-SketchSlots.key(ofPositive: index), count)) }
        if sketch.zeroCount > 0 { all.append((0, sketch.zeroCount)) }
        for (index, count) in sketch.positive.ascending { all.append((SketchSlots.key(ofPositive: index), count)) }
        return all
    }

    /// Whether a sketch is what its row's numbers say: see ``SketchWalk``.
    static func areRegular(_ sketch: Sketch, _ row: SketchColumn.Row) -> Bool {
        guard sketch.collapsedCount == 0, row.count <= Aggregate.countMax, sketch.count == row.count else { return false }
        return lowest(sketch) == SketchSlots.key(of: row.min) && highest(sketch) == SketchSlots.key(of: row.max)
    }

    private static func lowest(_ sketch: Sketch) -> Int32? {
        if let index = sketch.negative.indices.last { return -SketchSlots.key(ofPositive: index) }
        if sketch.zeroCount > 0 { return 0 }
        return sketch.positive.indices.first.map { SketchSlots.key(ofPositive: $0) }
    }

    private static func highest(_ sketch: Sketch) -> Int32? {
        if let index = sketch.positive.indices.last { return SketchSlots.key(ofPositive: index) }
        if sketch.zeroCount > 0 { return 0 }
        return sketch.negative.indices.first.map { -SketchSlots.key(ofPositive: $0) }
    }

    /// - Parameter indices: of `keys`, ascending.
    static func sketch(
        _ keys: [Int32], _ slots: ArraySlice<Int32>, _ counts: ArraySlice<Int64>
    ) throws(LogError) -> Sketch {
        let negativeEnd = slots.firstIndex { keys[Int($0)] >= 0 } ?? slots.endIndex
        var positiveStart = negativeEnd
        var zeroCount: Int64 = 0
        if positiveStart < slots.endIndex, keys[Int(slots[positiveStart])] == 0 {
            zeroCount = counts[positiveStart]
            positiveStart += 1
        }
        let index = { (slot: Int32) in SketchSlots.index(of: keys[Int(slot)]) }
        guard
            let positive = BucketStore(
                indices: slots[positiveStart...].map(index), counts: Array(counts[positiveStart...])),
            let negative = BucketStore(
                indices: slots[..<negativeEnd].reversed().map(index), counts: counts[..<negativeEnd].reversed())
        else { throw ColumnReader.malformed("at most \(BucketStore.capacity) buckets of a sign") }
        return Sketch(zeroCount: zeroCount, positive: positive, negative: negative)
    }
}
