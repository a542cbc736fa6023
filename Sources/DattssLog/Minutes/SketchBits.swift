internal import DattssCore

/// A sketch as bits: its stores as sparse lists of buckets.
///
///     zero count │ positive store │ negative store
///     store:  n │ [first index │ 2 parameters (4 bits each) │ n × (index − the one before − 1 │ count − 1) │ [collapsed count]]
///
/// The integers are those of ``VariableBits``: the first index and n with parameters of their own, gaps and counts with the
/// two that suit this store best. The collapsed count is there if n = 512.
enum SketchBits {
    private static let sizeParameter = 5
    private static let indexParameter = 8
    private static let parameterBits = 4

    static func write(_ sketch: Sketch, to bits: inout BitWriter) {
        bits.writeVariable(UInt64(bitPattern: sketch.zeroCount))
        write(sketch.positive, sizeParameter: sizeParameter, to: &bits)
        write(sketch.negative, sizeParameter: 0, to: &bits)
    }

    /// - Returns: nil for what no writer writes.
    static func read(_ bits: inout BitReader) -> Sketch? {
        let zeroCount = Int64(bitPattern: bits.readVariable())
        guard zeroCount >= 0, let positive = store(sizeParameter: sizeParameter, &bits),
            let negative = store(sizeParameter: 0, &bits), !bits.isExhausted
        else { return nil }
        return Sketch(zeroCount: zeroCount, positive: positive, negative: negative)
    }

    private static func write(_ store: BucketStore, sizeParameter: Int, to bits: inout BitWriter) {
        bits.writeVariable(store.indices.count, parameter: sizeParameter)
        guard let first = store.indices.first else { return }
        bits.writeSigned(Int64(first), parameter: indexParameter)
        var gaps: [UInt64] = [0]
        for (index, next) in zip(store.indices, store.indices.dropFirst()) { gaps.append(UInt64(next - index - 1)) }
        let counts = store.counts.map { UInt64($0 - 1) }
        let (gapParameter, countParameter) = (bestParameter(gaps.dropFirst()), bestParameter(counts))
        bits.write(UInt64(gapParameter), bits: parameterBits)
        bits.write(UInt64(countParameter), bits: parameterBits)
        for (position, (gap, count)) in zip(gaps, counts).enumerated() {
            if position > 0 { bits.writeVariable(gap, parameter: gapParameter) }
            bits.writeVariable(count, parameter: countParameter)
        }
        if store.indices.count == BucketStore.capacity { bits.writeVariable(UInt64(bitPattern: store.collapsedCount)) }
    }

    private static func store(sizeParameter: Int, _ bits: inout BitReader) -> BucketStore? {
        let size = bits.readVariable(parameter: sizeParameter)
        if size == 0 { return BucketStore() }
        guard size <= UInt64(BucketStore.capacity) else { return nil }
        let count = Int(size)
        let first = bits.readSigned(parameter: indexParameter)
        let gapParameter = Int(bits.read(parameterBits))
        let countParameter = Int(bits.read(parameterBits))
        // A copy that stays in registers.
        var reader = bits
        var counts: [Int64] = []
        counts.reserveCapacity(count)
        let indices = [Int32](unsafeUninitializedCapacity: count) { indices, initialized in
            // What runs over its range breaks the order, and the store refuses it.
            var index = Int32(clamping: first)
            for position in 0..<count {
                if position > 0 {
                    let gap = reader.readShort(parameter: gapParameter)
                    index = index.addingReportingOverflow(Int32(clamping: gap &+ 1)).partialValue
                }
                indices[position] = index
                counts.append(Int64(bitPattern: reader.readShort(parameter: countParameter)) &+ 1)
            }
            initialized = count
        }
        bits = reader
        let collapsed = count == BucketStore.capacity ? Int64(bitPattern: bits.readVariable()) : 0
        return BucketStore(indices: indices, counts: counts, collapsedCount: collapsed)
    }

    private static func bestParameter(_ values: some Collection<UInt64>) -> Int {
        var best = (parameter: 0, cost: Int.max)
        for parameter in 0..<1 << parameterBits {
            let cost = values.reduce(0) { $0 + VariableBits.cost(width: 64 - $1.leadingZeroBitCount, parameter: parameter) }
            if cost < best.cost { best = (parameter, cost) }
        }
        return best.parameter
    }
}
