internal import DattssCore

/// Collects the counts of all sketches, because their tables come before them.
struct SketchCountWriter {
    private let slots: SketchSlots
    /// The free samples of the sketch at hand, slot by slot; else 0.
    private var free: [Int64]
    private var groupCounts: [Int64]
    /// The context (upper byte) and the class (lower byte) of each count.
    private var coded: [UInt16] = []
    /// Those counts, as they are coded, that are more than their class.
    private var wide: [UInt64] = []
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
        slots.keys.withUnsafeBufferPointer { keys in
            free.withUnsafeMutableBufferPointer { free in
                var slot = walk.first
                SketchKeys.forEach(of: sketch) { key, count in
                    while keys[slot] < key { slot &+= 1 }
                    free[slot] = count
                }
                free[walk.first] &-= 1
                if walk.first < walk.last { free[walk.last] &-= 1 }
            }
        }
        Self.collect(walk, slots, &free, &groupCounts, &histogram, &coded, &wide)
    }

    private static func collect(
        _ walk: SketchWalk, _ slots: SketchSlots, _ free: inout [Int64], _ groupCounts: inout [Int64],
        _ histogram: inout [UInt32], _ coded: inout [UInt16], _ wide: inout [UInt64]
    ) {
        let slotCount = walk.last - walk.first + 1
        free.withUnsafeMutableBufferPointer { free in
            histogram.withUnsafeMutableBufferPointer { histogram in
                // No slot comes twice, but once in its group and once alone.
                withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 2 * slotCount) { room in
                    var end = 0
                    _ = walk.run(slots, &groupCounts) { slots, expected, share in
                        var (count, slot): (Int64, Int) = (0, slots.lowerBound)
                        while slot <= slots.upperBound {
                            count &+= free[slot]
                            slot &+= 1
                        }
                        let (context, center) = SketchContexts.of(expected: expected, share: share)
                        let value = SketchContexts.value(count, center: center)
                        let number = NumberClass.of(value, mantissa: SketchContexts.mantissa)
                        let code = context &<< 8 &+ number
                        histogram[code] &+= 1
                        room[end] = UInt16(truncatingIfNeeded: code)
                        end &+= 1
                        if NumberClass.bits(after: number, mantissa: SketchContexts.mantissa) > 0 { wide.append(value) }
                        return count
                    } found: { _, _ in
                    }
                    coded.append(contentsOf: UnsafeBufferPointer(rebasing: room[..<end]))
                }
            }
            free[walk.first...walk.last].update(repeating: 0)
        }
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
        codes.withUnsafeBufferPointer { codes in
            coded.withUnsafeBufferPointer { coded in
                writer.symbols.append(coded.count) { codes[Int(coded[$0])] }
            }
        }
        wide.withUnsafeBufferPointer { wide in
            writer.bits.write(wide.count) {
                (wide[$0], NumberClass.bits(of: wide[$0], mantissa: SketchContexts.mantissa))
            }
        }
    }
}
