import CPlatform

/// The counts of neighbouring buckets of one sign, while samples come in: an array with a hole where nothing fell, so that a
/// sample costs an addition. A ``BucketStore`` has no holes, and costs a search.
///
///     base = 128     counts  [ 3 | 0 | 1 | 17 | … ]     bucket 131 holds 17
struct BucketCounts: Sendable {
    private var base: Int32 = 0
    private var counts: [UInt32] = []

    /// As many as a store keeps, so that nothing that fits here would have been folded there.
    private static let widthMax = BucketStore.capacity
    private static let widthStep = 32

    var isEmpty: Bool { counts.isEmpty }

    /// - Returns: false, and nothing added, when the buckets are too far apart or a count is too large.
    @inline(__always)
    mutating func add(_ weight: Int64, at index: Int32) -> Bool {
        let offset = Int(index) - Int(base)
        guard counts.indices.contains(offset) || widen(to: index) else { return false }
        let position = Int(index) - Int(base)
        guard let weight = UInt32(exactly: weight) else { return false }
        let (sum, isTooLarge) = counts[position].addingReportingOverflow(weight)
        if isTooLarge { return false }
        counts[position] = sum
        return true
    }

    /// Adds one to the bucket of each of these values, until one that is not positive or has no bucket here yet.
    /// - Returns: how many were added.
    @inline(__always)
    mutating func add(_ values: UnsafeBufferPointer<Double>) -> Int {
        let base = Int(base)
        return counts.withUnsafeMutableBufferPointer { counts in
            for (position, value) in values.enumerated() {
                guard value > 0 else { return position }
                let offset = Int(SketchIndex.of(magnitude: value)) - base
                guard counts.indices.contains(offset), counts[offset] < .max else { return position }
                counts[offset] &+= 1
            }
            return values.count
        }
    }

    /// Asks for the memory of the buckets of these values.
    ///
    /// (Mutating, because `self` would be copied for it otherwise.)
    @inline(__always)
    mutating func prefetch(_ values: UnsafeBufferPointer<Double>) {
        // The array's address, without retaining it as any other way to it does: that would wait for the memory. Whatever is asked
        // for is not looked at, and may be nobody's.
        guard let array = UnsafeRawPointer(bitPattern: unsafeBitCast(counts, to: UInt.self)) else { return }
        CPlatform.prefetch(array)
        let first = array + Self.headBytes - Int(base) * MemoryLayout<UInt32>.stride
        for value in values where value > 0 {
            CPlatform.prefetch(first + Int(SketchIndex.of(magnitude: value)) * MemoryLayout<UInt32>.stride)
        }
    }

    /// What stands in front of an array's elements.
    private static let headBytes = 32

    /// The same counts as a store.
    var store: BucketStore { withRow { BucketStore($0) } }

    func withRow<Result>(_ body: (BucketRun<UInt32>) -> Result) -> Result {
        counts.withUnsafeBytes { body(BucketRun(first: base, counts: $0)) }
    }

    /// Makes room for a bucket, a few more on its side than asked for.
    private mutating func widen(to index: Int32) -> Bool {
        if counts.isEmpty {
            base = index - Int32(Self.widthStep / 2)
            counts = Array(repeating: 0, count: Self.widthStep)
            return true
        }
        let end = Int(base) + counts.count
        if Int(index) < Int(base) {
            let missing = roundedUp(Int(base) - Int(index))
            guard counts.count + missing <= Self.widthMax else { return false }
            counts.insert(contentsOf: repeatElement(0, count: missing), at: 0)
            base -= Int32(missing)
        } else {
            let missing = roundedUp(Int(index) - end + 1)
            guard counts.count + missing <= Self.widthMax else { return false }
            counts.append(contentsOf: repeatElement(0, count: missing))
        }
        return true
    }

    private func roundedUp(_ width: Int) -> Int {
        (width + Self.widthStep - 1) / Self.widthStep * Self.widthStep
    }
}
