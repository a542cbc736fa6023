internal import DattssCore

/// A sketch in the bytes of a log: those of a ``PackedSketch``.
enum SketchCodec {
    static func encode(_ sketch: PackedSketch, into writer: inout ByteWriter) { writer.append(sketch.bytes) }

    static func decode(_ reader: inout ByteReader) throws(LogError) -> PackedSketch {
        if let sketch = reader.rest(PackedSketch.init(prefixOf:)) {
            try reader.skip(sketch.bytes.count, "sketch")
            return sketch
        }
        // It is damaged, which is told in detail, or written with longer varints than need be.
        let zeroCount = Int64(bitPattern: try reader.varint("zero count of a sketch"))
        guard zeroCount >= 0 else { throw reader.malformed("zero count of a sketch", "at least 0", "\(zeroCount)") }
        let positive = try store(&reader)
        return PackedSketch(Sketch(zeroCount: zeroCount, positive: positive, negative: try store(&reader)))
    }

    private static func store(_ reader: inout ByteReader) throws(LogError) -> BucketStore {
        let count = try reader.count("buckets of a sketch", bytesEach: 2)
        guard count <= BucketStore.capacity else {
            throw reader.malformed("buckets of a sketch", "at most \(BucketStore.capacity)", "\(count)")
        }
        if count == 0 { return BucketStore() }
        var indices: [Int32] = []
        indices.reserveCapacity(count)
        var next = try reader.zigzag("first bucket")
        for position in 0..<count {
            if position > 0 {
                let gap = try reader.varint("gap between buckets")
                // Far too wide already; the store checks the range itself.
                guard gap <= 1 << 20 else { throw reader.malformed("gap between buckets", "small", "\(gap)") }
                next += 1 + Int64(gap)
            }
            guard let index = Int32(exactly: next) else {
                throw reader.malformed("bucket", "in the range of indices", "\(next)")
            }
            indices.append(index)
            next = Int64(index)
        }
        var counts: [Int64] = []
        counts.reserveCapacity(count)
        for _ in 0..<count { counts.append(Int64(bitPattern: try reader.varint("count of a bucket")) &+ 1) }
        let collapsed =
            count == BucketStore.capacity ? Int64(bitPattern: try reader.varint("collapsed count")) : 0
        guard let store = BucketStore(indices: indices, counts: counts, collapsedCount: collapsed) else {
            throw reader.malformed("store of a sketch", "ascending buckets of at least one sample", "others")
        }
        return store
    }
}
