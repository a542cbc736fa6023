/// The `bottom` and `top` of every part of a merge, weighted by how many samples each stands for: what percentiles
/// are merged from when a part has no sketch.
///
/// The merged quantile is the nearest rank over the parts. Equal parts share an entry, so a counter of ones needs a
/// single one. Beyond ``capacity`` entries neighbours are joined, which bounds the memory and makes the answer an
/// estimate: ``isJoined``.
struct WeightedParts: Sendable, Hashable {
    private var storage = Storage.singles([])
    /// Whether entries were joined that were not equal.
    private(set) var isJoined = false

    static let capacity = 64

    struct Entry: Sendable, Hashable {
        var bottom: Double
        var top: Double
        var count: Int64

        var isSingle: Bool { count == 1 && bottom == top }
    }

    private enum Storage: Hashable {
        /// A third of the memory while every entry is a single sample, as those are that come once in five seconds.
        case singles([Double])
        case entries([Entry])
    }

    init() {}

    init(singles: [Double]) { storage = .singles(singles) }

    init(entries: [Entry], isJoined: Bool) { (storage, self.isJoined) = (.entries(entries), isJoined) }

    var isEmpty: Bool { count == 0 }

    /// Whether every entry is a single sample.
    var areSingles: Bool {
        switch storage {
        case .singles: true
        case .entries: false
        }
    }

    /// How many entries there are.
    var count: Int {
        switch storage {
        case .singles(let values): values.count
        case .entries(let entries): entries.count
        }
    }

    /// Keeps the memory.
    mutating func removeAll() {
        switch storage {
        case .singles(var values):
            storage = .entries([])
            values.removeAll(keepingCapacity: true)
            storage = .singles(values)
        case .entries(var entries):
            storage = .singles([])
            entries.removeAll(keepingCapacity: true)
            storage = .entries(entries)
        }
        isJoined = false
    }

    mutating func add(_ aggregate: Aggregate) {
        let new = Entry(bottom: aggregate.bottom, top: aggregate.top, count: aggregate.count)
        switch storage {
        case .singles(var values):
            // Taken out in the meantime, so that the array is not shared and grows in place.
            storage = .entries([])
            if new.isSingle, values.count < Self.capacity, !values.contains(new.bottom) {
                values.append(new.bottom)
                storage = .singles(values)
            } else {
                var entries = values.map { Entry(bottom: $0, top: $0, count: 1) }
                add(new, to: &entries)
                storage = .entries(entries)
            }
        case .entries(var entries):
            storage = .singles([])
            add(new, to: &entries)
            storage = .entries(entries)
        }
    }

    private mutating func add(_ new: Entry, to entries: inout [Entry]) {
        if let same = entries.firstIndex(where: { $0.bottom == new.bottom && $0.top == new.top }) {
            entries[same].count = entries[same].count.saturatingAdd(new.count)
        } else {
            entries.append(new)
            if entries.count > Self.capacity { joinLightestNeighbours(&entries) }
        }
    }

    func entry(_ position: Int) -> Entry {
        switch storage {
        case .singles(let values): Entry(bottom: values[position], top: values[position], count: 1)
        case .entries(let entries): entries[position]
        }
    }

    /// To be asked only when it is not empty.
    func bottom(_ fraction: Double) -> Double { quantile(fraction) { $0.bottom } }
    /// To be asked only when it is not empty.
    func top(_ fraction: Double) -> Double { quantile(1 - fraction) { $0.top } }

    /// Sorts on the stack, by insertion: a question about a day asks thousands of times, mostly for a few entries.
    @inline(__always)
    private func quantile(_ quantile: Double, of value: (Entry) -> Double) -> Double {
        withUnsafeTemporaryAllocation(of: Weighted.self, capacity: count) { sorted in
            var total: Int64 = 0
            for count in 0..<count {
                let entry = entry(count)
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
    private mutating func joinLightestNeighbours(_ entries: inout [Entry]) {
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
