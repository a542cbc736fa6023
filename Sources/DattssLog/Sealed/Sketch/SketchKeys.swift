internal import DattssCore

/// A sketch as the keys of ``SketchSlots``, and back.
enum SketchKeys {
    /// Hands out its buckets with their counts, by ascending key.
    @inline(__always)
    static func forEach(of sketch: Sketch, _ body: (_ key: Int32, _ count: Int64) -> Void) {
        withBuckets(of: sketch.negative) { indices, counts in
            var position = indices.count
            while position > 0 {
                position &-= 1
                body(-SketchSlots.key(ofPositive: indices[position]), counts[position])
            }
        }
        if sketch.zeroCount > 0 { body(0, sketch.zeroCount) }
        withBuckets(of: sketch.positive) { indices, counts in
            for position in indices.indices { body(SketchSlots.key(ofPositive: indices[position]), counts[position]) }
        }
    }

    @inline(__always)
    private static func withBuckets(
        of store: BucketStore, _ body: (UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Int64>) -> Void
    ) {
        store.indices.withUnsafeBufferPointer { indices in
            store.counts.withUnsafeBufferPointer { counts in body(indices, counts) }
        }
    }

    /// Whether a sketch is what its row's numbers say: see ``SketchWalk``.
    static func areRegular(_ sketch: Sketch, _ row: SketchColumn.Row) -> Bool {
        guard sketch.collapsedCount == 0, row.count <= Aggregate.countMax, sketch.count == row.count else { return false }
        return lowest(sketch) == SketchSlots.key(of: row.min) && highest(sketch) == SketchSlots.key(of: row.max)
    }

    static func lowest(_ sketch: Sketch) -> Int32? {
        if let index = sketch.negative.indices.last { return -SketchSlots.key(ofPositive: index) }
        if sketch.zeroCount > 0 { return 0 }
        return sketch.positive.indices.first.map { SketchSlots.key(ofPositive: $0) }
    }

    static func highest(_ sketch: Sketch) -> Int32? {
        if let index = sketch.positive.indices.last { return SketchSlots.key(ofPositive: index) }
        if sketch.zeroCount > 0 { return 0 }
        return sketch.negative.indices.first.map { -SketchSlots.key(ofPositive: $0) }
    }

    /// - Parameter slots: of `keys`, ascending; with as many counts of at least 1. Those of a sketch without negative samples, which is the
    ///   rule, become the indices of its buckets, so that it is packed where it was read.
    static func packed(
        _ keys: [Int32], _ slots: UnsafeMutableBufferPointer<Int32>, _ counts: UnsafeBufferPointer<Int64>
    ) throws(LogError) -> PackedSketch {
        guard let lowest = slots.first.map({ keys[Int($0)] }), lowest >= 0 else {
            return PackedSketch(try sketch(keys, UnsafeBufferPointer(slots), counts))
        }
        let positives = lowest == 0 ? 1 : 0
        guard slots.count - positives <= BucketStore.capacity else {
            throw ColumnReader.malformed("at most \(BucketStore.capacity) buckets of a sign")
        }
        for position in positives..<slots.count { slots[position] = SketchSlots.index(of: keys[Int(slots[position])]) }
        let buckets = ReadBuckets(
            indices: UnsafeBufferPointer(rebasing: slots[positives...]), counts: UnsafeBufferPointer(rebasing: counts[positives...])
        )
        return PackedSketch(zeroCount: lowest == 0 ? counts[0] : 0, positive: buckets)
    }

    /// - Parameter slots: of `keys`, ascending; with as many counts.
    static func sketch(
        _ keys: [Int32], _ slots: UnsafeBufferPointer<Int32>, _ counts: UnsafeBufferPointer<Int64>
    ) throws(LogError) -> Sketch {
        let negatives = slots.firstIndex { keys[Int($0)] >= 0 } ?? slots.count
        let hasZero = negatives < slots.count && keys[Int(slots[negatives])] == 0
        let positives = hasZero ? negatives + 1 : negatives
        let index = { (position: Int) in SketchSlots.index(of: keys[Int(slots[position])]) }
        guard
            let positive = BucketStore(
                indices: (positives..<slots.count).map(index), counts: Array(counts[positives...])),
            let negative = BucketStore(
                indices: (0..<negatives).reversed().map(index), counts: counts[..<negatives].reversed())
        else { throw ColumnReader.malformed("at most \(BucketStore.capacity) buckets of a sign") }
        return Sketch(zeroCount: hasZero ? counts[negatives] : 0, positive: positive, negative: negative)
    }
}
