internal import DattssCore

/// Collects the counts of all sketches, because their tables come before them.
struct SketchCountWriter {
    private let slots: SketchSlots
    /// The free samples of the sketch at hand, slot by slot.
    private var free: [Int64]
    private var groupCounts: [Int64]
    private var contexts: [UInt8] = []
    private var values: [UInt64] = []
    /// How often each class occurs in each context.
    private var histogram = [UInt32](repeating: 0, count: SketchContexts.count << 8)

    init(_ slots: SketchSlots) {
        self.slots = slots
        groupCounts = [Int64](repeating: 0, count: slots.keys.count)
        free = [Int64](repeating: 0, count: slots.keys.count)
    }

    /// Adds a regular sketch.
    mutating func add(_ sketch: Sketch, _ row: SketchColumn.Row) {
        guard let walk = SketchWalk(slots, row) else { return }
        var slot = walk.first
        for (key, count) in SketchKeys.all(of: sketch) {
            while slots.keys[slot] < key { slot += 1 }
            free[slot] = count
        }
        free[walk.first] -= 1
        if walk.first < walk.last { free[walk.last] -= 1 }
        _ = free.withUnsafeBufferPointer { free in
            walk.run(slots, &groupCounts) { slots, expected, share in
                var count: Int64 = 0
                for slot in slots { count &+= free[slot] }
                let (context, center) = SketchContexts.of(expected: expected, share: share)
                let value = SketchContexts.value(count, center: center)
                contexts.append(UInt8(truncatingIfNeeded: context))
                values.append(value)
                histogram[context &<< 8 &+ NumberClass.of(value, mantissa: SketchContexts.mantissa)] &+= 1
                return count
            } found: { _, _ in
            }
        }
        for slot in walk.first...walk.last { free[slot] = 0 }
    }

    func write(to writer: inout ColumnWriter) {
        // The codes of all classes in all contexts.
        var codes = [UInt32](repeating: 0, count: histogram.count)
        for context in 0..<SketchContexts.count {
            let table = histogram.withUnsafeBufferPointer {
                SymbolTable(
                    counts: UnsafeBufferPointer(rebasing: $0[context << 8..<(context + 1) << 8]),
                    precision: SketchContexts.precision)
            }
            writer.bits.write(table == nil ? 0 : 1, bits: 1)
            guard let table else { continue }
            table.write(to: &writer.bits)
            codes.replaceSubrange(context << 8 + table.first..<context << 8 + table.end, with: table.codes)
        }
        for (context, value) in zip(contexts, values) {
            let number = NumberClass.of(value, mantissa: SketchContexts.mantissa)
            writer.symbols.append(codes[Int(context) &<< 8 &+ number])
            writer.bits.write(value, bits: NumberClass.bits(after: number, mantissa: SketchContexts.mantissa))
        }
    }
}
