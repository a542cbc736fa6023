/// Decodes a partial's `skt`:
///
///     { "z": 2, "p": [-3, 5, 1, 2], "n": [], "cp": 0, "cn": 0 }
///
/// `z` counts zeros; `p` and `n` are the positive and the negative store, each as index, count, index, count … with
/// ascending indices of scale 5 (see ``Sketch``); `cp` and `cn` say how much of a full store's lowest bucket was folded
/// into it. All may be left out.
enum SketchDecoder {
    /// - Parameter bounds: becomes the indices of the lowest and the highest bucket of a sketch of positive samples alone, if they are
    ///   known without looking for them; else nil.
    static func decode(
        _ cursor: inout JSONCursor, _ bounds: inout (lowest: Int32, highest: Int32)?
    ) throws(WireError) -> PackedSketch {
        if let sketch = SketchWordReader.take(&cursor, &bounds) { return sketch }
        bounds = nil
        return try decodeAny(&cursor)
    }

    @inline(never)
    private static func decodeAny(_ cursor: inout JSONCursor) throws(WireError) -> PackedSketch {
        var zeroCount: Int64 = 0
        var stores = (positive: Store(), negative: Store())
        var seen = SeenMembers()
        try cursor.members { (name, cursor) throws(WireError) in
            if name == "z" {
                try seen.insert(0, ".z")
                zeroCount = try integer(&cursor, "z", 0...Aggregate.countMax)
            } else if name == "p" {
                try seen.insert(1, ".p")
                try stores.positive.read(&cursor, "p")
            } else if name == "n" {
                try seen.insert(2, ".n")
                try stores.negative.read(&cursor, "n")
            } else if name == "cp" {
                try seen.insert(3, ".cp")
                stores.positive.collapsed = try integer(&cursor, "cp", 0...Aggregate.countMax)
            } else if name == "cn" {
                try seen.insert(4, ".cn")
                stores.negative.collapsed = try integer(&cursor, "cn", 0...Aggregate.countMax)
            } else {
                try cursor.skipValue()
            }
        }
        return PackedSketch(
            zeroCount: zeroCount, positive: try stores.positive.checked("p"), negative: try stores.negative.checked("n"))
    }

    private struct Store {
        var indices: [Int32] = []
        var counts: [Int64] = []
        var collapsed: Int64 = 0

        mutating func read(_ cursor: inout JSONCursor, _ field: StaticString) throws(WireError) {
            var (indices, counts): ([Int32], [Int64]) = ([], [])
            indices.reserveCapacity(SketchDecoder.usualBuckets)
            counts.reserveCapacity(SketchDecoder.usualBuckets)
            try cursor.openArray()
            var position = 0
            while try cursor.nextElement(isFirst: position == 0) {
                guard position < 2 * BucketStore.capacity else {
                    throw WireError(.badValue, ".\(field): has more than \(BucketStore.capacity) buckets")
                }
                if position.isMultiple(of: 2) {
                    indices.append(Int32(try integer(&cursor, "\(field)[\(position)]", SketchDecoder.indexRange)))
                } else {
                    counts.append(try integer(&cursor, "\(field)[\(position)]", 1...Aggregate.countMax))
                }
                position += 1
            }
            (self.indices, self.counts) = (indices, counts)
        }

        func checked(_ field: StaticString) throws(WireError) -> BucketStore {
            guard let store = BucketStore(indices: indices, counts: counts, collapsedCount: collapsed) else {
                throw WireError(.badValue, ".\(field): expected index, count pairs with ascending indices")
            }
            return store
        }
    }

    private static let usualBuckets = 64
    private static let indexRange = Int64(SketchIndex.range.lowerBound)...Int64(SketchIndex.range.upperBound)

    @inline(__always)
    private static func integer(
        _ cursor: inout JSONCursor, _ field: @autoclosure () -> String, _ range: ClosedRange<Int64>
    ) throws(WireError) -> Int64 {
        if let integer = cursor.takeShortInteger() {
            guard range ~= integer else { throw outside(field(), Double(integer), range) }
            return integer
        }
        let number = try located(".\(field())") { () throws(WireError) in try cursor.integer() }
        guard let integer = Int64(exactly: number), range ~= integer else { throw outside(field(), number, range) }
        return integer
    }

    @inline(never)
    private static func outside(_ field: String, _ number: Double, _ range: ClosedRange<Int64>) -> WireError {
        WireError(.badValue, ".\(field): is \(number), expected an integer from \(range.lowerBound) to \(range.upperBound)")
    }
}
