/// Buckets of one sign, whatever they are kept in: what is packed.
protocol AscendingBuckets {
    /// How many samples of the lowest bucket belong below it: see ``BucketStore``.
    var collapsedCount: Int64 { get }
    /// Calls `body` with each bucket that has samples, in the order of the indices. There are ``BucketStore/capacity`` at most.
    func forEach(_ body: (_ index: Int32, _ count: Int64) -> Void)
}

struct NoBuckets: AscendingBuckets {
    var collapsedCount: Int64 { 0 }

    @inline(__always)
    func forEach(_ body: (Int32, Int64) -> Void) {}
}

struct OneBucket: AscendingBuckets {
    let index: Int32
    let count: Int64
    var collapsedCount: Int64 { 0 }

    @inline(__always)
    func forEach(_ body: (Int32, Int64) -> Void) { body(index, count) }
}

/// Counts of neighbouring buckets, with holes where nothing fell.
struct BucketRun<Count: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>: AscendingBuckets {
    /// The index of the first count.
    let first: Int32
    // Borrowed for the packing, by whoever owns the counts; raw, because their owner's memory may be one of words.
    let counts: UnsafeRawBufferPointer
    var collapsedCount: Int64 { 0 }

    @inline(__always)
    func forEach(_ body: (Int32, Int64) -> Void) {
        for position in 0..<counts.count / MemoryLayout<Count>.stride {
            let count = counts.load(fromByteOffset: position * MemoryLayout<Count>.stride, as: Count.self)
            if count > 0 { body(first &+ Int32(truncatingIfNeeded: position), Int64(count)) }
        }
    }
}

/// A few magnitudes, ascending.
struct AscendingMagnitudes<Magnitudes: Collection<Double>>: AscendingBuckets {
    let magnitudes: Magnitudes
    var collapsedCount: Int64 { 0 }

    @inline(__always)
    func forEach(_ body: (Int32, Int64) -> Void) {
        var current: (index: Int32, count: Int64)?
        for magnitude in magnitudes {
            let index = SketchIndex.of(magnitude: magnitude)
            if let known = current, known.index == index {
                current = (index, known.count + 1)
            } else {
                if let known = current { body(known.index, known.count) }
                current = (index, 1)
            }
        }
        if let known = current { body(known.index, known.count) }
    }
}

/// Buckets of which each has an index and a count in memory that is the reader's, who has checked that they keep the invariants of a
/// ``BucketStore`` and that nothing was folded.
package struct ReadBuckets: AscendingBuckets {
    // Both are borrowed for the packing.
    private let indices: UnsafeBufferPointer<Int32>
    private let counts: UnsafeBufferPointer<Int64>
    var collapsedCount: Int64 { 0 }

    /// - Parameters:
    ///   - indices: at most ``BucketStore/capacity``, ascending, each in ``SketchIndex/range``.
    ///   - counts: as many, each at least 1.
    package init(indices: UnsafeBufferPointer<Int32>, counts: UnsafeBufferPointer<Int64>) {
        (self.indices, self.counts) = (indices, counts)
    }

    @inline(__always)
    func forEach(_ body: (Int32, Int64) -> Void) {
        for position in 0..<indices.count { body(indices[position], counts[position]) }
    }
}

extension ReadBuckets {
    /// The bytes of a ``PackedSketch``, of which gaps and counts are a single byte each, which is the rule: so they are written without
    /// looking at each first.
    /// - Returns: nil where one is not.
    func packedNarrow(zeroCount: Int64) -> [UInt8]? {
        guard let first = indices.first, indices.count < BucketStore.capacity else { return nil }
        let (zeros, size, lowest) = (UInt64(zeroCount), UInt64(indices.count), Zigzag.encode(Int64(first)))
        let head = Varint.byteCount(zeros) + Varint.byteCount(size) + Varint.byteCount(lowest)
        var isNarrow = false
        let bytes = [UInt8](unsafeUninitializedCapacity: head + 2 * indices.count) { buffer, count in
            guard var next = buffer.baseAddress else { return }
            Varint.write(zeros, to: &next)
            Varint.write(size, to: &next)
            Varint.write(lowest, to: &next)
            var (wideGaps, wideCounts) = (UInt32(0), UInt64(0))
            for position in 1..<indices.count {
                let gap = UInt32(bitPattern: indices[position] &- indices[position &- 1] &- 1)
                wideGaps |= gap
                next[position &- 1] = UInt8(truncatingIfNeeded: gap)
            }
            next += indices.count - 1
            for position in 0..<indices.count {
                let more = UInt64(bitPattern: counts[position] &- 1)
                wideCounts |= more
                next[position] = UInt8(truncatingIfNeeded: more)
            }
            // No bucket is negative.
            next[indices.count] = 0
            isNarrow = wideGaps < 0x80 && wideCounts < 0x80
            count = head + 2 * indices.count
        }
        return isNarrow ? bytes : nil
    }
}

extension BucketStore: AscendingBuckets {
    @inline(__always)
    func forEach(_ body: (Int32, Int64) -> Void) {
        for position in 0..<indices.count { body(indices[position], counts[position]) }
    }
}
