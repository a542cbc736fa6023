/// Numbers names, which are bytes: 0, 1, 2 … as they come, and again those of names that were removed.
///
/// An open-addressing table with linear probing, at most half full. A look-up hashes the bytes where they are, eight at a
/// time, and touches one slot and the name it finds; nothing is allocated. The hash is keyed at random, so that nobody can
/// choose names that collide.
///
///     slots   [ hash | number ]  ──►  names  [ start | length | tag ]  ──►  bytes  … a p i . h i t s …
public struct NameIndex: Sendable {
    private var slots: [Slot] = []
    /// By number.
    private var names: [Name] = []
    private var bytes: [UInt8] = []
    private var free: [Int32] = []
    private var garbageBytes = 0
    private let seed = UInt64.random(in: .min ... .max)

    private struct Slot {
        /// Its low bits say where the slot should be.
        var hash: UInt32
        /// -1 in an empty slot.
        var number: Int32

        static let empty = Slot(hash: 0, number: -1)
    }

    private struct Name {
        var start: Int
        var length: Int32
        var tag: UInt8
    }

    public init() {}

    /// How many names have a number.
    public var count: Int { names.count - free.count }

    /// The number of a name; names with different tags are different.
    @inline(__always)
    public func number(of name: UnsafeBufferPointer<UInt8>, tag: UInt8 = 0) -> Int? {
        if slots.isEmpty { return nil }
        let hash = hash(name, tag)
        var position = Int(hash) & (slots.count - 1)
        while true {
            let slot = slots[position]
            if slot.number < 0 { return nil }
            if slot.hash == hash, isName(Int(slot.number), name, tag) { return Int(slot.number) }
            position = (position + 1) & (slots.count - 1)
        }
    }

    /// Gives a number to a name that has none.
    public mutating func insert(_ name: UnsafeBufferPointer<UInt8>, tag: UInt8 = 0) -> Int {
        if (count + 1) * 2 > slots.count { rehash(slotCount: max(16, slots.count * 2)) }
        if garbageBytes > bytes.count / 2 { compact() }
        let number = free.popLast() ?? Int32(names.count)
        let entry = Name(start: bytes.count, length: Int32(name.count), tag: tag)
        bytes.append(contentsOf: name)
        if Int(number) == names.count { names.append(entry) } else { names[Int(number)] = entry }
        place(Slot(hash: hash(name, tag), number: number))
        return Int(number)
    }

    /// Takes a name's number away.
    public mutating func remove(_ number: Int) {
        let name = names[number]
        let home = bytes.withUnsafeBufferPointer { hash($0.part(name.start, name.start + Int(name.length)), name.tag) }
        var position = Int(home) & (slots.count - 1)
        while slots[position].number != Int32(number) { position = (position + 1) & (slots.count - 1) }
        closeGap(at: position)
        garbageBytes += Int(name.length)
        names[number].length = 0
        free.append(Int32(number))
    }

    public mutating func removeAll() {
        for position in slots.indices { slots[position] = .empty }
        names.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        free.removeAll(keepingCapacity: true)
        garbageBytes = 0
    }

    /// All names, where none was removed.
    public var strings: [String] {
        names.map { String(decoding: bytes[$0.start..<$0.start + Int($0.length)], as: UTF8.self) }
    }

    // MARK: Slots

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

    private mutating func compact() {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count - garbageBytes)
        for number in names.indices {
            let name = names[number]
            names[number].start = kept.count
            kept += bytes[name.start..<name.start + Int(name.length)]
        }
        bytes = kept
        garbageBytes = 0
    }

    // MARK: Bytes

    @inline(__always)
    private func isName(_ number: Int, _ other: UnsafeBufferPointer<UInt8>, _ tag: UInt8) -> Bool {
        let name = names[number]
        guard Int(name.length) == other.count, name.tag == tag else { return false }
        return bytes.withUnsafeBytes { Self.isEqual(UnsafeRawBufferPointer(rebasing: $0[name.start...]), other) }
    }

    /// - Parameter a: as long as `b` at least.
    @inline(__always)
    private static func isEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
        let b = UnsafeRawBufferPointer(b)
        var offset = 0
        while offset + 8 <= b.count {
            if a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        if offset == b.count { return true }
        if b.count >= 8 {
            // The last eight, some of them for the second time: no loop, whose end would be guessed wrong.
            let last = b.count - 8
            return a.loadUnaligned(fromByteOffset: last, as: UInt64.self)
                == b.loadUnaligned(fromByteOffset: last, as: UInt64.self)
        }
        for position in b.indices where a[position] != b[position] { return false }
        return true
    }

    /// Multiplies and folds, like wyhash (https://github.com/wangyi-fudan/wyhash).
    @inline(__always)
    private func hash(_ name: UnsafeBufferPointer<UInt8>, _ tag: UInt8) -> UInt32 {
        let raw = UnsafeRawBufferPointer(name)
        var state = seed ^ (UInt64(truncatingIfNeeded: raw.count) << 8) ^ UInt64(tag)
        var offset = 0
        while offset + 8 <= raw.count {
            state = Self.fold(state ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        if offset < raw.count {
            var rest: UInt64 = 0
            if raw.count >= 8 {
                // The last eight, some of them for the second time.
                rest = raw.loadUnaligned(fromByteOffset: raw.count - 8, as: UInt64.self)
            } else {
                for byte in raw { rest = rest << 8 | UInt64(byte) }
            }
            state = Self.fold(state ^ rest)
        }
        return UInt32(truncatingIfNeeded: state ^ (state >> 32))
    }

    @inline(__always)
    private static func fold(_ state: UInt64) -> UInt64 {
        let product = state.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
