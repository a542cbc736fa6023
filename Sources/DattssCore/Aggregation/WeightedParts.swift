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

    init(_ aggregate: Aggregate) {
        entries = [Entry(bottom: aggregate.bottom, top: aggregate.top, count: aggregate.count)]
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

    func bottom(_ fraction: Double) -> Double { quantile(fraction, of: entries.map { ($0.bottom, $0.count) }) }
    func top(_ fraction: Double) -> Double { quantile(1 - fraction, of: entries.map { ($0.top, $0.count) }) }

    /// (Not by key paths: they would take most of the time of sealing a day, which merges its hours here.)
    private func quantile(_ quantile: Double, of parts: [(value: Double, count: Int64)]) -> Double {
        let sorted = parts.sorted { $0.value < $1.value }
        var remaining = nearestRank(quantile, of: parts.reduce(Int64(0)) { $0.saturatingAdd($1.count) })
        for part in sorted {
            remaining -= part.count
            if remaining <= 0 { return part.value }
        }
        return sorted[sorted.count - 1].value
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
