internal import DattssCore

/// What takes in how many free samples each slot of a sketch has. It may be told of slots without any.
protocol SlotSink {
    mutating func note(_ count: Int64, in slot: Int)
}

/// One sketch on its way through a ``SketchQuickReader``: first the groups, then the slots of each, in the order of ``SketchWalk``.
struct SketchQuickRun {
    private let walk: SketchWalk
    // Into ``SketchCountTables``, for as long as this value lives.
    private let entries: UnsafePointer<UInt32>
    private let slots: UnsafePointer<SketchCountTables.Slot>
    private(set) var bits: BitReader
    private(set) var symbols: SymbolDecoder
    // Room for a number a slot.
    private let groupCounts: UnsafeMutablePointer<Int64>
    private var groups = 0

    @inline(__always)
    init(
        _ walk: SketchWalk, _ entries: UnsafePointer<UInt32>, _ slots: UnsafePointer<SketchCountTables.Slot>, _ bits: BitReader,
        _ symbols: SymbolDecoder, _ groupCounts: UnsafeMutablePointer<Int64>
    ) {
        (self.walk, self.entries, self.slots, self.bits, self.symbols) = (walk, entries, slots, bits, symbols)
        self.groupCounts = groupCounts
    }

    /// - Returns: false for counts that no writer writes.
    @inline(__always)
    mutating func readGroups() -> Bool {
        let share = 1 / (slots[walk.last &+ 1].cumulated - slots[walk.first].cumulated)
        let all = Double(walk.free)
        // Below zero once a count was.
        var (slot, left, signs) = (walk.first, walk.free, Int64(0))
        while left > 0 {
            let groupEnd = Int(slots[slot].groupEnd)
            guard groupEnd < walk.last else {
                groupCounts[groups] = left
                groups &+= 1
                break
            }
            let share = (slots[groupEnd &+ 1].cumulated - slots[slot].cumulated) * share
            let count = count(expected: share * all, share: share)
            left &-= count
            signs |= count | left
            groupCounts[groups] = count
            groups &+= 1
            slot = groupEnd &+ 1
        }
        return signs >= 0
    }

    /// - Returns: false for counts that no writer writes.
    @inline(__always)
    mutating func readSlots(into sink: inout some SlotSink) -> Bool {
        var (slot, signs) = (walk.first, Int64(0))
        for group in 0..<groups {
            var left = groupCounts[group]
            let whole = Int(slots[slot].groupEnd)
            let groupEnd = Swift.min(whole, walk.last)
            if slot < groupEnd {
                while left > 0, slot < groupEnd, signs >= 0 {
                    var count: Int64
                    if whole == groupEnd, left <= SketchCountTables.smallMax {
                        count = value(from: smallStart(slot, left))
                    } else {
                        let share =
                            whole == groupEnd
                            ? slots[slot].share
                            : (slots[slot &+ 1].cumulated - slots[slot].cumulated)
                                / (slots[groupEnd &+ 1].cumulated - slots[slot].cumulated)
                        count = self.count(expected: share * Double(left), share: share)
                    }
                    left &-= count
                    signs |= count | left
                    sink.note(count, in: slot)
                    slot &+= 1
                }
            }
            sink.note(left, in: groupEnd)
            slot = groupEnd &+ 1
        }
        return signs >= 0
    }

    @inline(__always)
    private func smallStart(_ slot: Int, _ left: Int64) -> Int {
        // By its address, because a vector would have to be read whole. The starts come first in a slot.
        let start = UnsafeRawPointer(slots + slot).load(fromByteOffset: Int(left) &* MemoryLayout<Int32>.stride, as: Int32.self)
        return Int(start)
    }

    @inline(__always)
    private mutating func count(expected: Double, share: Double) -> Int64 {
        let (context, center) = SketchContexts.of(expected: expected, share: share)
        let value = value(from: Int(entries[context]))
        return SketchContexts.count(UInt64(bitPattern: value), center: center)
    }

    @inline(__always)
    private mutating func value(from start: Int) -> Int64 {
        let entry = symbols.nextEntry(entries + start)
        let width = UInt64(entry & 0x3F)
        return Int64(bitPattern: UInt64(entry &>> 6 & 7) &<< width | bits.readPadded(width))
    }
}
