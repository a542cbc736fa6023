internal import DattssCore

/// Reads the counts of sketches as a ``SketchPlainReader`` does, several times as fast.
///
/// A processor loses the time of ten additions whenever it guesses wrong which way a program goes on, and counts are what cannot be
/// guessed. So what depends on a count here is looked up or computed and not branched on: a bucket is always noted, and overwritten
/// by the next one when it is empty; a wrong count is remembered and told at the end. The bits lie in memory that zeros follow, as
/// many as a sketch can ask for, so that nothing has to look where they end.
///
/// What it has no answer for, be it rare or damaged, it leaves as it was: the plain way decides.
struct SketchQuickReader {
    private let tables: SketchCountTables
    private let room: SketchRoom

    /// - Returns: nil for a chunk that has to be read the plain way.
    init?(_ slots: SketchSlots, _ contexts: [SymbolTable?], _ reader: ColumnReader) {
        guard let tables = SketchCountTables(slots, contexts) else { return nil }
        self.tables = tables
        room = SketchRoom(slotCount: slots.keys.count, reader)
    }

    /// - Returns: nil, and nothing read, for what the plain way has to decide about.
    func next(_ row: SketchColumn.Row, _ reader: inout ColumnReader) -> PackedSketch? {
        guard let walk = walk(row) else { return nil }
        return tables.withPointers { (entries, slots) -> PackedSketch? in
            guard let bits = reader.bits.moved(to: room.bits), let symbols = reader.symbols.moved(to: room.symbols) else {
                return nil
            }
            var run = SketchQuickRun(walk, entries, slots, bits, symbols, room.groupCounts)
            var found = FoundBuckets(room, slots)
            guard run.readGroups(), run.readSlots(into: &found), let sketch = room.packed(found.withEnds(of: walk)) else {
                return nil
            }
            reader.bits.goOn(at: run.bits)
            reader.symbols.goOn(at: run.symbols)
            return sketch
        }
    }

    /// See ``SketchCountReader/merged(_:_:_:)``.
    func merged(_ rows: [SketchColumn.Row], _ groups: [Int32], _ reader: inout ColumnReader) -> [PackedSketch]? {
        // Then no group has more buckets than a sketch may have, nor more samples than are counted.
        guard tables.slotCount <= BucketStore.capacity,
            rows.reduce(Int64(0), { $0.saturatingAdd($1.count) }) < Int64.max
        else { return nil }
        return tables.withPointers { (entries, slots) -> [PackedSketch]? in
            guard var bits = reader.bits.moved(to: room.bits), var symbols = reader.symbols.moved(to: room.symbols) else {
                return nil
            }
            var (totals, sketches) = (SlotTotals(room), [PackedSketch]())
            for position in rows.indices {
                guard reader.bits.holds(bits), reader.symbols.holds(symbols), let walk = walk(rows[position]) else { return nil }
                var run = SketchQuickRun(walk, entries, slots, bits, symbols, room.groupCounts)
                guard run.readGroups(), run.readSlots(into: &totals) else { return nil }
                totals.addEnds(of: walk)
                (bits, symbols) = (run.bits, run.symbols)
                if position + 1 < rows.count, groups[position + 1] == groups[position] { continue }
                let found = totals.take(into: room, slots)
                guard groups[position] >= 0 else { continue }
                guard let sketch = room.packed(found) else { return nil }
                sketches.append(sketch)
            }
            reader.bits.goOn(at: bits)
            reader.symbols.goOn(at: symbols)
            return sketches
        }
    }

    @inline(__always)
    private func walk(_ row: SketchColumn.Row) -> SketchWalk? {
        guard let first = tables.slot(of: SketchSlots.key(of: row.min)), let last = tables.slot(of: SketchSlots.key(of: row.max))
        else {
            return nil
        }
        return SketchWalk(first: first, last: last, count: row.count)
    }
}

/// The memory in which sketches are read.
final class SketchRoom {
    /// What is read, and zeros behind it.
    let bits: UnsafeRawBufferPointer
    let symbols: UnsafeRawBufferPointer
    /// A number a slot, and two more.
    let groupCounts: UnsafeMutablePointer<Int64>
    let indices: UnsafeMutablePointer<Int32>
    let counts: UnsafeMutablePointer<Int64>
    /// Zeros, in the beginning.
    let totals: UnsafeMutablePointer<Int64>

    init(slotCount: Int, _ reader: ColumnReader) {
        let room = slotCount + 2
        // No slot is coded more than twice, with at most two bytes of symbols and seven of bits.
        bits = Self.copy(reader.bits.padded(by: 2 * room * 7 + 8))
        symbols = Self.copy(reader.symbols.padded(by: 2 * room * 2 + 8))
        groupCounts = .allocate(capacity: room)
        indices = .allocate(capacity: room)
        counts = .allocate(capacity: room)
        totals = .allocate(capacity: room)
        groupCounts.initialize(repeating: 0, count: room)
        indices.initialize(repeating: 0, count: room)
        counts.initialize(repeating: 0, count: room)
        totals.initialize(repeating: 0, count: room)
    }

    deinit {
        bits.deallocate()
        symbols.deallocate()
        groupCounts.deallocate()
        indices.deallocate()
        counts.deallocate()
        totals.deallocate()
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        memory.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(memory)
    }

    /// - Parameter found: places of `indices` and `counts`, at least one.
    /// - Returns: nil for more buckets than a sketch has.
    func packed(_ found: Range<Int>) -> PackedSketch? {
        // The key of zero is below those of all buckets.
        let hasZero = indices[found.lowerBound] < SketchIndex.range.lowerBound
        let positives = hasZero ? found.dropFirst() : found
        guard positives.count <= BucketStore.capacity else { return nil }
        let buckets = ReadBuckets(
            indices: UnsafeBufferPointer(start: indices + positives.lowerBound, count: positives.count),
            counts: UnsafeBufferPointer(start: counts + positives.lowerBound, count: positives.count))
        return PackedSketch(zeroCount: hasZero ? counts[found.lowerBound] : 0, positive: buckets)
    }
}
