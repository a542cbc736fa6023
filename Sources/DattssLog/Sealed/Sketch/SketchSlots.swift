internal import DattssCore

/// The buckets that the sketches of a chunk have, in the order of the values they hold, and how the chunk's samples are
/// spread over them: what is expected of a single sketch before it is read.
///
///     number of slots − 1 (parameter 8) │ first key (signed, parameter 16) │ gaps − 1 │ sizes │ group size (8 bits)
///
/// The keys: 0 is the zero count, k > 0 the k-th bucket from the lowest there is, −k that of the negative store.
/// A size is a ``NumberClass`` of the samples of all sketches; that is exact enough for an expectation.
/// Neighbouring slots form a group until half a sample is expected in it, so that the many empty slots far from the middle
/// cost little time.
struct SketchSlots {
    let keys: [Int32]
    private let sizes: [Int64]
    private let sketchCount: Int
    /// How many samples there are in the slots before each; at the end, in all.
    let cumulated: [Double]
    /// The last slot of each slot's group.
    let groupEnds: [Int32]

    static let slotsMax = 4096
    private static let mantissa = 3
    private static let groupExpectation = 0.5

    private init(keys: [Int32], sizes: [Int64], sketchCount: Int) {
        (self.keys, self.sizes, self.sketchCount) = (keys, sizes, sketchCount)
        var cumulated = [0.0]
        var groupEnds = [Int32](repeating: 0, count: keys.count)
        var groupStart = 0
        for (slot, size) in sizes.enumerated() {
            cumulated.append(cumulated[slot] + Double(NumberClass.firstValue(Int(size), mantissa: Self.mantissa)))
            let isFull = cumulated[slot + 1] - cumulated[groupStart] >= Self.groupExpectation * Double(sketchCount)
            guard isFull || slot == sizes.count - 1 else { continue }
            for member in groupStart...slot { groupEnds[member] = Int32(slot) }
            groupStart = slot + 1
        }
        (self.cumulated, self.groupEnds) = (cumulated, groupEnds)
    }

    /// - Parameters:
    ///   - keys: ascending.
    ///   - totals: how many samples all sketches have in each slot, at least 1.
    /// - Returns: nil when there are none, or too many.
    init?(keys: [Int32], totals: [Int64], sketchCount: Int) {
        guard 1...Self.slotsMax ~= keys.count else { return nil }
        self.init(
            keys: keys, sizes: totals.map { Int64(NumberClass.of(UInt64($0), mantissa: Self.mantissa)) },
            sketchCount: sketchCount)
    }

    func write(to writer: inout ColumnWriter) {
        writer.bits.writeVariable(keys.count - 1, parameter: 8)
        writer.bits.writeSigned(Int64(keys[0]), parameter: 16)
        writer.write(zip(keys.dropFirst(), keys).map { Int64($0 - $1 - 1) })
        writer.write(sizes, [.none, .previous, .mean(shift: 2)])
    }

    init(sketchCount: Int, from reader: inout ColumnReader) throws(LogError) {
        let count = reader.bits.readVariable(parameter: 8)
        guard count < Self.slotsMax else { throw ColumnReader.malformed("at most \(Self.slotsMax) buckets") }
        var key = reader.bits.readSigned(parameter: 16)
        let limit = Int64(SketchSlots.key(ofPositive: SketchIndex.range.upperBound))
        var keys: [Int32] = []
        for gap in try [-1] + reader.read(Int(count)) {
            key &+= gap &+ 1
            guard gap >= 0 || keys.isEmpty, let next = Int32(exactly: key), -limit...limit ~= key else {
                throw ColumnReader.malformed("ascending buckets")
            }
            keys.append(next)
        }
        let sizes = try reader.read(keys.count)
        guard sizes.allSatisfy({ 1..<Int64(NumberClass.count(mantissa: Self.mantissa)) ~= $0 }) else {
            throw ColumnReader.malformed("sizes of buckets")
        }
        self.init(keys: keys, sizes: sizes, sketchCount: sketchCount)
    }

    /// The slot of a key.
    func slot(of key: Int32) -> Int? {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? low : nil
    }

    /// The key of the bucket that a value falls into.
    static func key(of value: Double) -> Int32 {
        if value > 0 { return key(ofPositive: SketchIndex.of(magnitude: value)) }
        if value < 0 { return -key(ofPositive: SketchIndex.of(magnitude: -value)) }
        return 0
    }

    static func key(ofPositive index: Int32) -> Int32 { index &- SketchIndex.range.lowerBound &+ 1 }

    /// The index of a bucket, whatever its sign.
    static func index(of key: Int32) -> Int32 { Int32(key.magnitude) &+ SketchIndex.range.lowerBound &- 1 }
}
