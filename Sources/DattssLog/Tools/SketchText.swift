internal import DattssCore

/// Reads a sketch as a table has it: `z 0 p 210 1 225 9 cp 1`, see ``AggregateColumns``.
struct SketchText {
    private var zeroCount: Int64 = 0
    private var positive = Store()
    private var negative = Store()

    static func read(_ text: ArraySlice<UInt8>) throws(AggregateLineProblem) -> Sketch {
        var sketch = SketchText()
        var name: [UInt8] = []
        var values: [Int64] = []
        var rest = text
        while let start = rest.firstIndex(where: { $0 != UInt8(ascii: " ") }) {
            let end = rest[start...].firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
            let word = rest[start..<end]
            rest = rest[end...]
            if let value = Int64(digits: word) {
                values.append(value)
            } else {
                if !name.isEmpty { try sketch.set(name, values) }
                name = Array(word)
                values.removeAll(keepingCapacity: true)
            }
        }
        try sketch.set(name, values)
        guard sketch.zeroCount >= 0 else { throw .badSketch }
        return Sketch(
            zeroCount: sketch.zeroCount, positive: try sketch.positive.checked(), negative: try sketch.negative.checked())
    }

    private mutating func set(_ name: [UInt8], _ values: [Int64]) throws(AggregateLineProblem) {
        switch String(decoding: name, as: UTF8.self) {
        case "z": zeroCount = try Self.single(values)
        case "p": positive.buckets = values
        case "n": negative.buckets = values
        case "cp": positive.collapsedCount = try Self.single(values)
        case "cn": negative.collapsedCount = try Self.single(values)
        default: throw .badSketch
        }
    }

    private static func single(_ values: [Int64]) throws(AggregateLineProblem) -> Int64 {
        guard values.count == 1 else { throw .badSketch }
        return values[0]
    }

    private struct Store {
        /// Index, count, index, count …
        var buckets: [Int64] = []
        var collapsedCount: Int64 = 0

        func checked() throws(AggregateLineProblem) -> BucketStore {
            guard buckets.count.isMultiple(of: 2), buckets.count <= 2 * BucketStore.capacity else { throw .badSketch }
            var indices: [Int32] = []
            var counts: [Int64] = []
            indices.reserveCapacity(buckets.count / 2)
            counts.reserveCapacity(buckets.count / 2)
            for position in stride(from: 0, to: buckets.count, by: 2) {
                guard let index = Int32(exactly: buckets[position]) else { throw .badSketch }
                indices.append(index)
                counts.append(buckets[position + 1])
            }
            guard let store = BucketStore(indices: indices, counts: counts, collapsedCount: collapsedCount) else {
                throw .badSketch
            }
            return store
        }
    }
}
