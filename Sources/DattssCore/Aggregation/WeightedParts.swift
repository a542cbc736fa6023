/// The `bottom` and `top` of every part of a merge, weighted by how many samples each stands for: what percentiles
/// are merged from when a part has no sketch.
///
/// The merged quantile is the nearest rank over the parts. Equal parts share an entry, so a counter of ones needs a
/// single one. Beyond ``capacity`` entries neighbours are joined, which bounds the memory; the answer was an estimate
/// before and stays one.
struct WeightedParts: Sendable, Hashable {
    private var entries: [Entry] = []

    static let capacity = 64

    struct Entry: Sendable, Hashable {
        var bottom: Double
        var top: Double
        var count: Int64
    }

    init(_ aggregate: Aggregate) {
        entries = [Entry(bottom: aggregate.bottom, top: aggregate.top, count: aggregate.count)]
    }

    mutating func add(_ aggregate: Aggregate) {
        if let same = entries.firstIndex(where: { $0.bottom == aggregate.bottom && $0.top == aggregate.top }) {
            entries[same].count = entries[same].count.saturatingAdd(aggregate.count)
        } else {
            entries.append(Entry(bottom: aggregate.bottom, top: aggregate.top, count: aggregate.count))
            if entries.count > Self.capacity { joinNeighbours() }
        }
    }

    var isSingle: Bool { entries.count == 1 }

    func bottom(_ fraction: Double) -> Double { quantile(fraction, of: \.bottom) }
    func top(_ fraction: Double) -> Double { quantile(1 - fraction, of: \.top) }

    private func quantile(_ quantile: Double, of value: KeyPath<Entry, Double>) -> Double {
        let sorted = entries.sorted { $0[keyPath: value] < $1[keyPath: value] }
        var remaining = nearestRank(quantile, of: entries.reduce(Int64(0)) { $0.saturatingAdd($1.count) })
        for entry in sorted {
            remaining -= entry.count
            if remaining <= 0 { return entry[keyPath: value] }
        }
        return sorted[sorted.count - 1][keyPath: value]
    }

    /// Joins the entries pair by pair in the order of their tops; a pair keeps the values of its heavier side.
    private mutating func joinNeighbours() {
        entries.sort { ($0.top, $0.bottom) < ($1.top, $1.bottom) }
        entries = stride(from: 0, to: entries.count, by: 2).map { position in
            guard position + 1 < entries.count else { return entries[position] }
            let (a, b) = (entries[position], entries[position + 1])
            var joined = a.count >= b.count ? a : b
            joined.count = a.count.saturatingAdd(b.count)
            return joined
        }
    }
}
