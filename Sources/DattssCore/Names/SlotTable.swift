import CPlatform

/// The slots of an open-addressing hash table that maps hashes to numbers, with linear probing, at most three quarters full. What
/// the numbers stand for, its owner knows.
///
///     slots   [ hash | number ]     at the place that the hash's low bits name, or behind it
struct SlotTable: Sendable {
    private var slots: [Slot] = []
    private(set) var count = 0

    fileprivate struct Slot: Sendable {
        var hash: UInt32
        /// -1 in an empty slot.
        var number: Int32

        static let empty = Slot(hash: 0, number: -1)
    }

    /// The slots where they lie, for many searches: without a look at the table for each of them.
    struct Lookup {
        // Valid as long as the table is borrowed for it: there is at least one slot, and as many as a power of two.
        fileprivate let slots: UnsafePointer<Slot>
        fileprivate let mask: Int

        /// Asks for the memory of the slot where a search begins.
        @inline(__always)
        func prefetch(_ hash: UInt32) { CPlatform.prefetch(slots + (Int(hash) & mask)) }

        /// The first number with this hash.
        @inline(__always)
        func first(_ hash: UInt32) -> Int? {
            let home = Int(hash) & mask
            // Not by a branch: whether another one came first to its place is nothing that a processor guesses right.
            var position = (home &+ (slots[home].hash == hash ? 0 : 1)) & mask
            while slots[position].hash != hash {
                if slots[position].number < 0 { return nil }
                position = (position &+ 1) & mask
            }
            return slots[position].number < 0 ? nil : Int(slots[position].number)
        }
    }

    /// - Parameter body: is given nil without slots.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup?) -> Result) -> Result {
        slots.withUnsafeBufferPointer { slots in
            guard let first = slots.baseAddress, !slots.isEmpty else { return body(nil) }
            return body(Lookup(slots: first, mask: slots.count - 1))
        }
    }

    /// The number with this hash for which `isMatch` is true.
    @inline(__always)
    func find(_ hash: UInt32, _ isMatch: (Int) -> Bool) -> Int? {
        if slots.isEmpty { return nil }
        var position = Int(hash) & (slots.count - 1)
        while true {
            let slot = slots[position]
            if slot.number < 0 { return nil }
            if slot.hash == hash, isMatch(Int(slot.number)) { return Int(slot.number) }
            position = (position + 1) & (slots.count - 1)
        }
    }

    /// As ``Lookup/prefetch(_:)``.
    @inline(__always)
    func prefetch(_ hash: UInt32) {
        slots.withUnsafeBufferPointer { slots in
            if let base = slots.baseAddress { CPlatform.prefetch(base + (Int(hash) & (slots.count - 1))) }
        }
    }

    /// Adds a number that is not there.
    mutating func insert(_ number: Int, _ hash: UInt32) {
        count += 1
        if count * 4 > slots.count * 3 { rehash(slotCount: max(16, slots.count * 2)) }
        place(Slot(hash: hash, number: Int32(number)))
    }

    /// Removes a number that is there.
    mutating func remove(_ number: Int, _ hash: UInt32) {
        count -= 1
        var position = Int(hash) & (slots.count - 1)
        while slots[position].number != Int32(number) { position = (position + 1) & (slots.count - 1) }
        closeGap(at: position)
    }

    /// Keeps the memory.
    mutating func removeAll() {
        for position in slots.indices { slots[position] = .empty }
        count = 0
    }

    private mutating func place(_ slot: Slot) {
        var position = Int(slot.hash) & (slots.count - 1)
        while slots[position].number >= 0 { position = (position + 1) & (slots.count - 1) }
        slots[position] = slot
    }

    /// Moves those up that would not be found across the gap (Knuth, TAOCP 6.4, algorithm R).
    private mutating func closeGap(at start: Int) {
        let mask = slots.count - 1
        var gap = start
        var position = start
        while true {
            position = (position + 1) & mask
            if slots[position].number < 0 { break }
            let home = Int(slots[position].hash) & mask
            if (position - home) & mask >= (position - gap) & mask {
                slots[gap] = slots[position]
                gap = position
            }
        }
        slots[gap] = .empty
    }

    private mutating func rehash(slotCount: Int) {
        let old = slots
        slots = Array(repeating: .empty, count: slotCount)
        for slot in old where slot.number >= 0 { place(slot) }
    }
}
