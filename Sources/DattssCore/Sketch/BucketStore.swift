/// The counts of one sign of a ``Sketch``, as two arrays sorted by bucket index.
///
/// Invariants: indices ascend strictly; counts are at least 1; at most ``capacity`` buckets; only a full store has
/// folded buckets away. Which buckets are kept
/// does not depend on the order of additions: they are always the highest ones of all that were ever added.
public struct BucketStore: Sendable, Hashable {
    /// The indices of the buckets that have samples, ascending: see ``SketchIndex``.
    public private(set) var indices: [Int32] = []
    /// How many samples each of them has, in the same order.
    public private(set) var counts: [Int64] = []
    /// How much of the lowest bucket's count belongs to buckets below it.
    public private(set) var collapsedCount: Int64 = 0

    /// How many buckets a store has at most; beyond that the lowest ones are folded together.
    public static let capacity = 512

    /// A store without samples.
    public init() {}

    /// - Returns: nil when the arrays break an invariant.
    public init?(indices: [Int32], counts: [Int64], collapsedCount: Int64 = 0) {
        guard indices.count == counts.count, indices.count <= Self.capacity,
            zip(indices, indices.dropFirst()).allSatisfy({ $0 < $1 }),
            counts.allSatisfy({ $0 >= 1 }),
            indices.allSatisfy({ SketchIndex.range.contains($0) }),
            collapsedCount >= 0, collapsedCount <= counts.first ?? 0,
            collapsedCount == 0 || indices.count == Self.capacity
        else { return nil }
        self.indices = indices
        self.counts = counts
        self.collapsedCount = collapsedCount
    }

    init(_ packed: PackedStore) {
        reserve(packed.count)
        packed.forEach { append($0, $1) }
        collapsedCount = packed.collapsedCount
    }

    init(_ row: BucketRun<UInt32>) {
        row.forEach { append($0, $1) }
    }

    /// Whether it has no sample.
    public var isEmpty: Bool { indices.isEmpty }
    /// How many samples it has, at most `Int64.max`.
    public var count: Int64 { counts.reduce(Int64(0)) { $0.saturatingAdd($1) } }
    /// Buckets and their counts, the lowest first.
    public var ascending: Zip2Sequence<[Int32], [Int64]> { zip(indices, counts) }
    /// Buckets and their counts, the highest first.
    public var descending: Zip2Sequence<ReversedCollection<[Int32]>, ReversedCollection<[Int64]>> {
        zip(indices.reversed(), counts.reversed())
    }

    private mutating func reserve(_ count: Int) {
        if count == 0 { return }
        indices.reserveCapacity(count)
        counts.reserveCapacity(count)
    }

    /// - Parameter index: above all others.
    private mutating func append(_ index: Int32, _ count: Int64) {
        indices.append(index)
        counts.append(count)
    }

    mutating func add(_ weight: Int64, at index: Int32) {
        // Whoever adds in ascending order needs no search.
        if let last = indices.last, index > last, indices.count < Self.capacity {
            return append(index, weight)
        }
        let position = lowerBound(index)
        if position < indices.count, indices[position] == index {
            counts[position] = counts[position].saturatingAdd(weight)
        } else if position == 0, indices.count == Self.capacity {
            counts[0] = counts[0].saturatingAdd(weight)
            collapsedCount = collapsedCount.saturatingAdd(weight)
        } else {
            indices.insert(index, at: position)
            counts.insert(weight, at: position)
            collapseLowest()
        }
    }

    mutating func merge(_ other: BucketStore) {
        if other.isEmpty { return }
        if isEmpty {
            self = other
            return
        }
        let missing = other.missingIndices(from: indices)
        if missing == 0 {
            // The usual case, of a minute that has seen most buckets already: no memory is asked for.
            if other.indices[0] == indices[0] { collapsedCount = collapsedCount.saturatingAdd(other.collapsedCount) }
            addCounts(of: other)
            return
        }
        var merged = BucketStore()
        merged.indices.reserveCapacity(indices.count + missing)
        merged.counts.reserveCapacity(indices.count + missing)
        var (a, b) = (0, 0)
        while a < indices.count || b < other.indices.count {
            if b == other.indices.count || (a < indices.count && indices[a] < other.indices[b]) {
                merged.indices.append(indices[a])
                merged.counts.append(counts[a])
                a += 1
            } else if a == indices.count || other.indices[b] < indices[a] {
                merged.indices.append(other.indices[b])
                merged.counts.append(other.counts[b])
                b += 1
            } else {
                merged.indices.append(indices[a])
                merged.counts.append(counts[a].saturatingAdd(other.counts[b]))
                (a, b) = (a + 1, b + 1)
            }
        }
        merged.collapseLowest()
        // Only a full store has folded anything, and the merged one keeps no bucket below its lowest: that lowest was
        // either folded just now, with what it had folded before, or is still the lowest.
        for side in [self, other] where side.indices[0] == merged.indices[0] {
            merged.collapsedCount = merged.collapsedCount.saturatingAdd(side.collapsedCount)
        }
        self = merged
    }

    /// How many of its buckets are not in `present`, which ascends.
    private func missingIndices(from present: [Int32]) -> Int {
        var (missing, position) = (0, 0)
        for index in indices {
            while position < present.count, present[position] < index { position += 1 }
            if position == present.count || present[position] != index { missing += 1 }
        }
        return missing
    }

    /// Adds a store of which every bucket is here.
    private mutating func addCounts(of other: BucketStore) {
        var position = 0
        for (index, count) in other.ascending {
            while indices[position] != index { position += 1 }
            counts[position] = counts[position].saturatingAdd(count)
        }
    }

    /// Folds what exceeds the capacity into the lowest bucket that is kept.
    private mutating func collapseLowest() {
        let excess = indices.count - Self.capacity
        guard excess > 0 else { return }
        let folded = counts[..<excess].reduce(Int64(0)) { $0.saturatingAdd($1) }
        indices.removeFirst(excess)
        counts.removeFirst(excess)
        counts[0] = counts[0].saturatingAdd(folded)
        collapsedCount = folded
    }

    private func lowerBound(_ index: Int32) -> Int {
        var (low, high) = (0, indices.count)
        while low < high {
            let middle = (low + high) / 2
            if indices[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
