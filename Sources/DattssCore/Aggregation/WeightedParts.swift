/// The `bottom` and `top` of every part of a merge, weighted by how many samples each stands for: what percentiles
/// are merged from when a part has no sketch.
///
/// The merged quantile is the nearest rank over the parts. Equal parts share an entry, so a counter of ones needs a
/// single one. Beyond ``capacity`` entries neighbours are joined, which bounds the memory and makes the answer an
/// estimate: ``isJoined``.
struct WeightedParts: Sendable, Hashable {
    private var entries: [Entry] = []
    /// Whether entries were joined that were not equal.
    private(set) var isJoined = false

    static let capacity = 64

    struct Entry: Sendable, Hashable {
        var bottom: Double
        var top: Double
        var count: Int64
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Keeps the memory.
    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        isJoined = false
    }

    mutating func add(_ aggregate: Aggregate) {
        if let same = entries.firstIndex(where: { $0.bottom == aggregate.bottom && $0.top == aggregate.top }) {
            entries[same].count = entries[same].count.saturatingAdd(aggregate.count)
        } else {
            entries.append(Entry(bottom: aggregate.bottom, top: aggregate.top, count: aggregate.count))
            if entries.count > Self.capacity { joinLightestNeighbours() }
        }
    }

    var isSingle: Bool { entries.count == 1 }

    /// To be asked only when it is not empty.
    func bottom(_ fraction: Double) -> Double { quantile(fraction) { $0.bottom } }
    /// To be asked only when it is not empty.
    func top(_ fraction: Double) -> Double { quantile(1 - fraction) { $0.top } }

    /// Sorts on the stack, by insertion: a question about a day asks thousands of times, mostly for a few entries.
    @inline(__always)
    private func quantile(_ quantile: Double, of value: (Entry) -> Double) -> Double {
        withUnsafeTemporaryAllocation(of: Weighted.self, capacity: entries.count) { sorted in
            var total: Int64 = 0
            for (count, entry) in entries.enumerated() {
                let new = Weighted(value: value(entry), count: entry.count)
                total = total.saturatingAdd(new.count)
                var position = count
                while position > 0, sorted[position - 1].value > new.value {
                    sorted[position] = sorted[position - 1]
                    position -= 1
                }
                sorted[position] = new
            }
            var remaining = nearestRank(quantile, of: total)
            var position = 0
            while position < sorted.count - 1, remaining > sorted[position].count {
                remaining -= sorted[position].count
                position += 1
            }
            return sorted[position].value
        }
    }

    private struct Weighted {
        var value: Double
        var count: Int64
    }

    /// Joins the two neighbours, in the order of their tops, that stand for the fewest samples, so that no entry
    /// swallows one after the other and pulls the ranks to its side. They keep the values of the heavier one.
    private mutating func joinLightestNeighbours() {
        entries.sort { ($0.top, $0.bottom) < ($1.top, $1.bottom) }
        var (lightest, lightestCount) = (0, Int64.max)
        for position in 1..<entries.count {
            let count = entries[position - 1].count.saturatingAdd(entries[position].count)
            if count < lightestCount { (lightest, lightestCount) = (position - 1, count) }
        }
        let above = entries.remove(at: lightest + 1)
        if above.count > entries[lightest].count { entries[lightest] = above }
        entries[lightest].count = lightestCount
        isJoined = true
    }
}
