internal import DattssCore

/// A sketch as bytes: the zero count, then the positive and the negative store.
///
///     store:  n │ index₁ (zigzag) │ indexᵢ − indexᵢ₋₁ − 1 … │ countᵢ − 1 … │ collapsed count, if n = 512
///
/// Neighbouring buckets are the rule, so most of these varints are a single byte.
enum SketchCodec {
    static func encode(_ sketch: Sketch, into writer: inout ByteWriter) {
        writer.appendVarint(UInt64(bitPattern: sketch.zeroCount))
        encode(sketch.positive, into: &writer)
        encode(sketch.negative, into: &writer)
    }

    static func decode(_ reader: inout ByteReader) throws(LogError) -> Sketch {
        let zeroCount = Int64(bitPattern: try reader.varint("zero count of a sketch"))
        guard zeroCount >= 0 else { throw reader.malformed("zero count of a sketch", "at least 0", "\(zeroCount)") }
        let positive = try store(&reader)
        return Sketch(zeroCount: zeroCount, positive: positive, negative: try store(&reader))
    }

    private static func encode(_ store: BucketStore, into writer: inout ByteWriter) {
        writer.appendVarint(store.indices.count)
        var previous: Int32?
        for index in store.indices {
            if let previous {
                writer.appendVarint(Int(index) - Int(previous) - 1)
            } else {
                writer.appendZigzag(Int64(index))
            }
            previous = index
        }
        for count in store.counts { writer.appendVarint(UInt64(count - 1)) }
        if store.indices.count == BucketStore.capacity {
            writer.appendVarint(UInt64(bitPattern: store.collapsedCount))
        }
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
