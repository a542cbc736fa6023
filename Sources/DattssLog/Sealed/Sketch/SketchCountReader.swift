internal import DattssCore

/// Reads what a ``SketchCountWriter`` wrote: mostly by a ``SketchQuickReader``, and the plain way what that has no answer for.
struct SketchCountReader {
    private let slots: SketchSlots
    /// One for each context that has one.
    private var tables: [SymbolTable?] = []
    private var quick: SketchQuickReader?
    /// Made as soon as it is needed, which is rare.
    private var plain: SketchPlainReader?

    /// - Parameter isPlain: whether all sketches are to be read the plain way; for tests, which compare the two.
    init(_ slots: SketchSlots, _ reader: inout ColumnReader, isPlain: Bool = false) throws(LogError) {
        self.slots = slots
        tables.reserveCapacity(SketchContexts.count)
        for _ in 0..<SketchContexts.count {
            guard reader.bits.read(1) == 1 else {
                tables.append(nil)
                continue
            }
            guard let table = SymbolTable(&reader.bits, precision: SketchContexts.precision), table.end <= 1 << 8 else {
                throw ColumnReader.malformed("a table of counts")
            }
            tables.append(table)
        }
        quick = isPlain ? nil : SketchQuickReader(slots, tables, reader)
    }

    mutating func next(_ row: SketchColumn.Row, _ reader: inout ColumnReader) throws(LogError) -> PackedSketch {
        if let sketch = quick?.next(row, &reader) { return sketch }
        // Taken out, so that its memory is not shared.
        var plain = plain.take() ?? SketchPlainReader(slots, tables)
        let sketch = try plain.next(row, &reader)
        self.plain = plain
        return sketch
    }

    /// Reads all sketches, and adds up those of each group.
    /// - Parameter groups: the group of each row, or one below zero for none. They ascend, but for what is of none.
    /// - Returns: a sketch for each group; nil, with something read, for what is to be read one by one.
    mutating func merged(
        _ rows: [SketchColumn.Row], _ groups: [Int32], _ reader: inout ColumnReader
    ) -> [PackedSketch]? {
        quick?.merged(rows, groups, &reader)
    }
}
