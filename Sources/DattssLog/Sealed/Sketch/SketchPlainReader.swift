internal import DattssCore

/// Reads the counts of sketches the plain way, which decides about errors: see ``SketchCountReader``.
struct SketchPlainReader {
    private let slots: SketchSlots
    private var groupCounts: [Int64]
    /// The decoding tables, one after the other.
    private var entries: [UInt32]
    /// Where the table of each context begins.
    private var starts: [Int32] = []
    private var indices: [Int32]
    private var counts: [Int64]

    /// No count is as large as those of this class, so a context without a table decodes to what is refused.
    private static let refusedClass = 255

    /// - Parameter tables: of the contexts, as far as they have one.
    init(_ slots: SketchSlots, _ tables: [SymbolTable?]) {
        self.slots = slots
        groupCounts = [Int64](repeating: 0, count: slots.keys.count)
        indices = [Int32](repeating: 0, count: slots.keys.count)
        counts = [Int64](repeating: 0, count: slots.keys.count)
        entries = DecodingTable(SymbolTable(only: 0, precision: SketchContexts.precision), base: Self.refusedClass).entries
        for table in tables {
            guard let table else {
                starts.append(0)
                continue
            }
            starts.append(Int32(entries.count))
            entries += DecodingTable(table, base: table.first).entries
        }
    }

    mutating func next(_ row: SketchColumn.Row, _ reader: inout ColumnReader) throws(LogError) -> PackedSketch {
        guard let walk = SketchWalk(slots, row) else { throw ColumnReader.malformed("a sketch from min to max") }
        // Copies that stay in registers.
        var (bits, symbols) = (reader.bits, reader.symbols)
        // The first slot has a sample that is not free, and so has the last.
        indices[0] = Int32(walk.first)
        counts[0] = 1
        var end = 1
        let isRead = Self.read(walk, slots, &groupCounts, entries, starts, &bits, &symbols, &indices, &counts, &end)
        guard isRead else { throw ColumnReader.malformed("a count of a bucket") }
        (reader.bits, reader.symbols) = (bits, symbols)
        if walk.first < walk.last {
            if indices[end - 1] != walk.last {
                indices[end] = Int32(walk.last)
                counts[end] = 0
                end += 1
            }
            counts[end - 1] += 1
        }
        let keys = slots.keys
        return try indices.withUnsafeMutableBufferPointer { (indices) throws(LogError) in
            try counts.withUnsafeBufferPointer { (counts) throws(LogError) in
                try SketchKeys.packed(
                    keys, UnsafeMutableBufferPointer(rebasing: indices[..<end]), UnsafeBufferPointer(rebasing: counts[..<end]))
            }
        }
    }

    /// - Parameters:
    ///   - indices: gets the slots that have samples, ascending, and `counts` how many.
    ///   - end: how many these are.
    /// - Returns: false for counts that no writer writes.
    private static func read(
        _ walk: SketchWalk, _ slots: SketchSlots, _ groupCounts: inout [Int64], _ entries: [UInt32], _ starts: [Int32],
        _ bits: inout BitReader, _ symbols: inout SymbolDecoder, _ indices: inout [Int32], _ counts: inout [Int64],
        _ end: inout Int
    ) -> Bool {
        entries.withUnsafeBufferPointer { entries in
            starts.withUnsafeBufferPointer { starts in
                indices.withUnsafeMutableBufferPointer { indices in
                    counts.withUnsafeMutableBufferPointer { counts in
                        walk.run(slots, &groupCounts) { _, expected, share in
                            let (context, center) = SketchContexts.of(expected: expected, share: share)
                            let number = symbols.next(
                                entries, from: Int(starts[context]), precision: SketchContexts.precision)
                            let rest = bits.readWide(NumberClass.bits(after: number, mantissa: SketchContexts.mantissa))
                            return SketchContexts.count(
                                NumberClass.firstValue(number, mantissa: SketchContexts.mantissa) &+ rest, center: center)
                        } found: { slot, count in
                            if slot == walk.first { end = 0 }
                            indices[end] = Int32(truncatingIfNeeded: slot)
                            counts[end] = slot == walk.first ? count &+ 1 : count
                            end &+= 1
                        }
                    }
                }
            }
        }
    }
}
