internal import DattssCore

/// The sketches of a chunk.
///
///     columns:  whether regular (1) │ slots │ tables of the contexts, a bit before each: whether it is there │ counts
///     other sketches
///
/// A sketch is regular when the row's numbers say where it begins and ends, as ``SketchWalk`` wants it. Others, with folded
/// buckets for instance, are stored by ``SketchCodec``.
enum SketchColumn {
    /// What is known of a row that has a sketch.
    struct Row {
        let count: Int64
        let min: Double
        let max: Double
    }

    static func encode(_ sketches: [Sketch], _ rows: [Row], into bytes: inout ByteWriter) {
        if sketches.isEmpty { return }
        var isRegular = sketches.indices.map { SketchKeys.areRegular(sketches[$0], rows[$0]) }
        let regular = sketches.indices.filter { isRegular[$0] }
        let slots = SketchTotals(sketches, regular).slots
        if slots == nil { isRegular = isRegular.map { _ in false } }
        var writer = ColumnWriter()
        writer.write(isRegular.map { $0 ? 1 : 0 })
        if let slots {
            slots.write(to: &writer)
            var counts = SketchCountWriter(slots)
            for row in regular { counts.add(sketches[row], rows[row]) }
            counts.write(to: &writer)
        }
        writer.append(to: &bytes)
        for row in sketches.indices where !isRegular[row] { SketchCodec.encode(PackedSketch(sketches[row]), into: &bytes) }
    }

    /// - Parameter isPlain: see ``SketchCountReader``.
    static func decode(_ rows: [Row], _ bytes: inout ByteReader, isPlain: Bool) throws(LogError) -> [PackedSketch] {
        if rows.isEmpty { return [] }
        var sketches = [PackedSketch](repeating: PackedSketch(Sketch()), count: rows.count)
        let isRegular = try ColumnReader.read(&bytes) { (reader) throws(LogError) in
            let isRegular = try reader.read(rows.count)
            let count = isRegular.count { $0 == 1 }
            if count == 0 { return isRegular }
            var counts = try SketchCountReader(SketchSlots(sketchCount: count, from: &reader), &reader, isPlain: isPlain)
            for row in rows.indices where isRegular[row] == 1 { sketches[row] = try counts.next(rows[row], &reader) }
            return isRegular
        }
        for row in rows.indices where isRegular[row] != 1 { sketches[row] = try SketchCodec.decode(&bytes) }
        return sketches
    }

    /// Adds up the sketches of each group, without making one of each row.
    /// - Parameter groups: see ``SketchCountReader/merged(_:_:_:)``.
    /// - Returns: nil for what is to be read one by one.
    static func merged(_ rows: [Row], _ groups: [Int32], _ bytes: inout ByteReader) throws(LogError) -> [PackedSketch]? {
        if rows.isEmpty { return [] }
        return try ColumnReader.read(&bytes) { (reader) throws(LogError) in
            guard try reader.read(rows.count).allSatisfy({ $0 == 1 }) else { return nil }
            var counts = try SketchCountReader(SketchSlots(sketchCount: rows.count, from: &reader), &reader)
            return counts.merged(rows, groups, &reader)
        }
    }
}

/// The samples of some sketches together, bucket by bucket.
private struct SketchTotals {
    private let sketchCount: Int
    private var lowest: Int32 = .max
    private var totals: [Int64] = []

    /// - Parameter rows: which of the sketches.
    init(_ sketches: [Sketch], _ rows: [Int]) {
        sketchCount = rows.count
        guard let lowest = rows.lazy.compactMap({ SketchKeys.lowest(sketches[$0]) }).min(),
            let highest = rows.lazy.compactMap({ SketchKeys.highest(sketches[$0]) }).max()
        else { return }
        self.lowest = lowest
        totals = [Int64](repeating: 0, count: Int(highest - lowest) + 1)
        totals.withUnsafeMutableBufferPointer { totals in
            for row in rows {
                SketchKeys.forEach(of: sketches[row]) { key, count in
                    totals[Int(key &- lowest)] = totals[Int(key &- lowest)].saturatingAdd(count)
                }
            }
        }
    }

    /// nil when there are none, or too many.
    var slots: SketchSlots? {
        let used = totals.indices.filter { totals[$0] > 0 }
        return SketchSlots(
            keys: used.map { lowest + Int32($0) }, totals: used.map { totals[$0] }, sketchCount: sketchCount)
    }
}
