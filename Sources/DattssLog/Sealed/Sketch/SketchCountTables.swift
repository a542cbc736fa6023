internal import DattssCore

/// What ``SketchQuickReader`` looks up instead of working it out count by count: all that the slots of a chunk and the tables of its
/// contexts say, in the order in which it is needed.
///
/// An entry is what the lowest bits of a state mean, down to the value that they are part of:
///
///     27        19 18       9 8        6 5        0
///     ┌───────────┬──────────┬──────────┬──────────┐
///     │ bits−start│ frequency│ mantissa │ bits     │      value = mantissa · 2^bits + as many bits as follow
///     └───────────┴──────────┴──────────┴──────────┘
///
/// In front of them, for each context, there is where its entries begin.
struct SketchCountTables {
    private let entries: [UInt32]
    /// What is known of each slot, and one more behind the last, for the samples of all.
    private let slots: [Slot]
    /// The slot of each key from the first one on, or −1.
    private let slotsOfKeys: [Int16]
    private let firstKey: Int32

    /// A slot in one line of the cache.
    struct Slot {
        /// For up to ``SketchCountTables/smallMax`` samples left of the slot's group: where the entries begin that its count is coded with.
        fileprivate(set) var smallStarts = SIMD8<Int32>()
        /// Which part of the samples of its group, and of those behind it in the group, the slot has.
        fileprivate(set) var share = 0.0
        /// The samples of all slots before.
        fileprivate(set) var cumulated = 0.0
        /// The last slot of its group.
        fileprivate(set) var groupEnd: Int32 = 0
        /// The index of its bucket; that of zero has none.
        fileprivate(set) var bucketIndex: Int32 = 0
    }

    /// More samples are few of what is counted in the tails.
    static let smallMax = 7
    /// No value of more bits is a count, so that a word of 64 holds all bits of one, wherever it begins.
    private static let bitsMax = 52
    /// What a context without a table decodes to: more than any sketch has.
    private static let refused: UInt32 = 1 << 9 | 7 << 6 | UInt32(bitsMax)
    private static let keySpanMax = 1 << 14

    /// - Parameter tables: of the contexts, as far as they have one.
    /// - Returns: nil for what is rare enough to be read the plain way: negative samples, buckets far apart, and classes that no
    ///   writer needs.
    init?(_ slots: SketchSlots, _ tables: [SymbolTable?]) {
        guard let first = slots.keys.first, let last = slots.keys.last, first >= 0, Int(last - first) < Self.keySpanMax else {
            return nil
        }
        let areNarrow = tables.allSatisfy { table in
            table.map { NumberClass.bits(after: $0.end - 1, mantissa: SketchContexts.mantissa) <= Self.bitsMax } ?? true
        }
        let shares = slots.keys.indices.map { slot in
            (slots.cumulated[slot + 1] - slots.cumulated[slot])
                / (slots.cumulated[Int(slots.groupEnds[slot]) + 1] - slots.cumulated[slot])
        }
        guard areNarrow, shares.allSatisfy({ $0 <= 1 }) else { return nil }
        entries = Self.entries(tables)
        self.slots = Self.slots(slots, shares, entries)
        firstKey = first
        var slotsOfKeys = [Int16](repeating: -1, count: Int(last - first) + 1)
        for (slot, key) in slots.keys.enumerated() { slotsOfKeys[Int(key - first)] = Int16(slot) }
        self.slotsOfKeys = slotsOfKeys
    }

    private static func slots(_ slots: SketchSlots, _ shares: [Double], _ entries: [UInt32]) -> [Slot] {
        slots.cumulated.indices.map { position in
            var slot = Slot()
            slot.cumulated = slots.cumulated[position]
            guard position < shares.count else { return slot }
            slot.share = shares[position]
            slot.groupEnd = slots.groupEnds[position]
            slot.bucketIndex = SketchSlots.index(of: slots.keys[position])
            for left in 0...smallMax {
                let context = SketchContexts.of(expected: slot.share * Double(left), share: slot.share).context
                slot.smallStarts[left] = Int32(entries[context])
            }
            return slot
        }
    }

    private static func entries(_ tables: [SymbolTable?]) -> [UInt32] {
        let size = 1 << Int(SketchContexts.precision)
        var entries = [UInt32](repeating: UInt32(tables.count), count: tables.count)
        entries.reserveCapacity(tables.count + size * (1 + tables.count { $0 != nil }))
        entries += repeatElement(refused, count: size)
        for (context, table) in tables.enumerated() {
            guard let table else { continue }
            entries[context] = UInt32(entries.count)
            for (position, code) in table.codes.enumerated() {
                let number = table.first + position
                let bits = NumberClass.bits(after: number, mantissa: SketchContexts.mantissa)
                let frequency = code >> 16 & 0xFFF
                let entry = frequency << 9 | UInt32(number - bits << SketchContexts.mantissa) << 6 | UInt32(bits)
                for offset in 0..<frequency { entries.append(offset << 19 | entry) }
            }
        }
        return entries
    }

    var slotCount: Int { slots.count - 1 }

    /// The addresses of the entries and of the slots, for the duration of the call.
    @inline(__always)
    func withPointers<Result>(
        _ body: (_ entries: UnsafePointer<UInt32>, _ slots: UnsafePointer<Slot>) -> Result?
    ) -> Result? {
        entries.withUnsafeBufferPointer { entries in
            slots.withUnsafeBufferPointer { slots in
                guard let entries = entries.baseAddress, let slots = slots.baseAddress else { return nil }
                return body(entries, slots)
            }
        }
    }

    /// The slot of a key; nil for one that no sketch of the chunk has.
    @inline(__always)
    func slot(of key: Int32) -> Int? {
        let offset = Int(key) &- Int(firstKey)
        guard slotsOfKeys.indices.contains(offset), case let slot = slotsOfKeys[offset], slot >= 0 else { return nil }
        return Int(slot)
    }
}
