/// A store of a ``PackedSketch``, read where it lies.
package struct PackedStore {
    /// How many buckets it has.
    package let count: Int
    package let collapsedCount: Int64
    /// The index of the lowest bucket; of no meaning without one.
    let first: Int32
    // Into the sketch's bytes, which outlive this value: see ``PackedSketch/withStores(_:)``.
    private let gaps: UnsafePointer<UInt8>
    private let counts: UnsafePointer<UInt8>
    /// Whether every gap and every count is a single byte, which is the rule.
    private let isNarrow: Bool

    /// - Parameter next: at a store; stands behind it then.
    @inline(__always)
    init(_ next: inout UnsafePointer<UInt8>) {
        count = Int(Varint.read(&next))
        guard count > 0 else {
            (first, collapsedCount, gaps, counts, isNarrow) = (0, 0, next, next, true)
            return
        }
        first = Int32(truncatingIfNeeded: Zigzag.decode(Varint.read(&next)))
        gaps = next
        Varint.skip(count - 1, &next)
        counts = next
        Varint.skip(count, &next)
        isNarrow = next - gaps == 2 * count - 1
        collapsedCount = count == BucketStore.capacity ? Int64(Varint.read(&next)) : 0
    }

    /// The indices of the lowest and the highest bucket; nil without one.
    package var bounds: (first: Int32, last: Int32)? {
        if count == 0 { return nil }
        var next = gaps
        return (first, first &+ Int32(truncatingIfNeeded: Varint.sum(count - 1, &next)) &+ Int32(count - 1))
    }

    package var sampleCount: Int64 {
        var next = counts
        return Varint.sum(count, &next).saturatingAdd(Int64(count))
    }

    @inline(__always)
    package func forEach(_ body: (_ index: Int32, _ count: Int64) -> Void) {
        if count == 0 { return }
        var (index, nextGap, nextCount) = (first, gaps, counts)
        if isNarrow {
            body(index, Int64(counts[0]) &+ 1)
            for position in 1..<count {
                index &+= Int32(gaps[position &- 1]) &+ 1
                body(index, Int64(counts[position]) &+ 1)
            }
            return
        }
        body(index, Int64(Varint.read(&nextCount)) &+ 1)
        for _ in 1..<count {
            index &+= Int32(truncatingIfNeeded: Varint.read(&nextGap)) &+ 1
            body(index, Int64(Varint.read(&nextCount)) &+ 1)
        }
    }

    /// The representative of the bucket in which the sample of a rank is, or of the last one.
    func value(atRank rank: Int64) -> Double {
        var (remaining, found) = (rank, Int32?.none)
        forEach { index, count in
            if remaining <= 0 { return }
            found = index
            remaining -= count
        }
        return found.map { SketchIndex.representative(of: $0) } ?? 0
    }
}

/// What a store will take, so that it is written in one go.
struct PackedStoreSize {
    private var count = 0
    private var indexBytes = 0
    private var countBytes = 0
    private var collapsedBytes = 0

    @inline(__always)
    init(_ buckets: some AscendingBuckets) {
        var (count, indexBytes, countBytes, previous) = (0, 0, 0, Int32(0))
        buckets.forEach { index, samples in
            indexBytes &+= Varint.byteCount(Self.distance(index, from: previous, isFirst: count == 0))
            countBytes &+= Varint.byteCount(UInt64(samples &- 1))
            count &+= 1
            previous = index
        }
        (self.count, self.indexBytes, self.countBytes) = (count, indexBytes, countBytes)
        if count == BucketStore.capacity { collapsedBytes = Varint.byteCount(UInt64(buckets.collapsedCount)) }
    }

    var byteCount: Int { Varint.byteCount(UInt64(count)) + indexBytes + countBytes + collapsedBytes }

    /// - Parameter next: there is room for ``byteCount`` bytes.
    @inline(__always)
    func write(_ buckets: some AscendingBuckets, to next: inout UnsafeMutablePointer<UInt8>) {
        Varint.write(UInt64(count), to: &next)
        var (nextIndex, nextCount, previous) = (next, next + indexBytes, Int32(0))
        var isFirst = true
        buckets.forEach { index, samples in
            Varint.write(Self.distance(index, from: previous, isFirst: isFirst), to: &nextIndex)
            Varint.write(UInt64(samples &- 1), to: &nextCount)
            (previous, isFirst) = (index, false)
        }
        next = nextCount
        if collapsedBytes > 0 { Varint.write(UInt64(buckets.collapsedCount), to: &next) }
    }

    @inline(__always)
    private static func distance(_ index: Int32, from previous: Int32, isFirst: Bool) -> UInt64 {
        isFirst ? Zigzag.encode(Int64(index)) : UInt64(truncatingIfNeeded: index &- previous &- 1)
    }
}
