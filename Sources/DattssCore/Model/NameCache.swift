/// The names that one decoder met lately, found by their bytes: so that a name that comes again costs neither an allocation
/// nor a check of its characters. Mostly they are paths.
///
/// A table of groups of four slots, at the low bits of the hash; who finds a group full takes a place in it. Whatever
/// senders make up it stays within ``slotsMax``, and costs at worst what decoding without it costs. Users share it: it
/// tells nobody what is in it.
public struct NameCache: Sendable {
    private var slots: [Slot]
    private var usedCount = 0
    private let isEnabled: Bool

    private struct Slot {
        var hash: UInt64 = 0
        /// Empty in an unused slot: no name is.
        var name = ""
    }

    /// 6 MiB, and room for twice a hundred thousand names.
    private static let slotsMax = 1 << 18
    private static let slotsAtFirst = 1 << 10
    private static let groupSlots = 4

    public init() {
        slots = Array(repeating: Slot(), count: Self.slotsAtFirst)
        isEnabled = true
    }

    private init(isEnabled: Bool) {
        slots = []
        self.isEnabled = isEnabled
    }

    /// Remembers nothing: for who decodes a single body.
    public static var none: NameCache { NameCache(isEnabled: false) }

    /// The name that `bytes` are; nil when they are none: see ``Name/isValidPath(_:)``.
    @inline(__always)
    package mutating func name(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return nil }
        return name(bytes, isEnabled ? WordHash.of(base, bytes.count) : 0)
    }

    /// - Parameter hash: what ``WordHash`` makes of them.
    @inline(__always)
    mutating func name(_ bytes: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> String? {
        guard isEnabled else { return checked(bytes) }
        for index in group(of: hash) where slots[index].hash == hash && slots[index].name.holds(bytes) {
            return slots[index].name
        }
        return insert(bytes, hash)
    }

    private func checked(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        Name.isValidPath(bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    @inline(never)
    private mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> String? {
        guard let name = checked(bytes) else { return nil }
        if usedCount > slots.count / Self.groupSlots, slots.count < Self.slotsMax { grow() }
        place(Slot(hash: hash, name: name))
        return name
    }

    private mutating func grow() {
        let before = slots
        slots = Array(repeating: Slot(), count: before.count * 2)
        usedCount = 0
        for slot in before where !slot.name.isEmpty { place(slot) }
    }

    private mutating func place(_ slot: Slot) {
        let group = group(of: slot.hash)
        let free = group.first { slots[$0].name.isEmpty }
        if free != nil { usedCount += 1 }
        slots[free ?? group.lowerBound + Int(slot.hash >> 62)] = slot
    }

    @inline(__always)
    private func group(of hash: UInt64) -> Range<Int> {
        let first = Int(truncatingIfNeeded: hash) & (slots.count - Self.groupSlots)
        return first..<first + Self.groupSlots
    }
}

extension String {
    /// Whether these are its UTF-8 bytes.
    @inline(__always)
    fileprivate func holds(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard utf8.count == bytes.count else { return false }
        return utf8.withContiguousStorageIfAvailable { $0.equals(bytes) } ?? utf8.elementsEqual(bytes)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether the bytes are the same; there are as many of both. By the word, as most paths have two or three.
    @inline(__always)
    fileprivate func equals(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let a = baseAddress, let b = other.baseAddress else { return true }
        guard count >= 8 else { return elementsEqual(other) }
        var offset = 0
        while offset < count - 8 {
            if JSONWord.load(a + offset) != JSONWord.load(b + offset) { return false }
            offset += 8
        }
        return JSONWord.load(a + count - 8) == JSONWord.load(b + count - 8)
    }
}
