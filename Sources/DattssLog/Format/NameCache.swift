internal import DattssCore

/// Names that were read before, for a reader of many records that name the same things: a name that is known costs a hash and
/// a comparison, and no memory.
///
/// One name a slot, the latest. So nothing that a file has in it makes this slow or large.
struct NameCache {
    private struct Slot {
        var hash: UInt64 = 0
        /// Empty where nothing was put yet.
        var name = ""
    }

    private var slots: [Slot]
    private let mask: UInt64

    /// - Parameter sizeLog: of how many slots.
    init(sizeLog: Int) {
        slots = [Slot](repeating: Slot(), count: 1 << sizeLog)
        mask = 1 << UInt64(sizeLog) - 1
    }

    /// - Returns: nil for bytes that are not of the alphabet of names.
    /// - Parameter bytes: at least one.
    mutating func name(_ bytes: UnsafeRawBufferPointer) -> String? {
        let hash = Self.hash(bytes)
        let slot = Int(truncatingIfNeeded: hash & mask)
        return slots.withUnsafeMutableBufferPointer { slots in
            if slots[slot].hash == hash, Self.isSame(slots[slot].name, bytes) { return slots[slot].name }
            guard bytes.allSatisfy(Name.isNameByte) else { return nil }
            let name = String(decoding: bytes, as: UTF8.self)
            slots[slot] = Slot(hash: hash, name: name)
            return name
        }
    }

    @inline(__always)
    private static func isSame(_ name: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        name.utf8.withContiguousStorageIfAvailable { stored in
            guard stored.count == bytes.count else { return false }
            return words(UnsafeRawBufferPointer(stored), bytes)
        } ?? false
    }

    /// Whether as many bytes are the same.
    @inline(__always)
    private static func words(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset &+ 8 <= a.count {
            let difference =
                a.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            if difference != 0 { return false }
            offset &+= 8
        }
        while offset < a.count {
            if a[offset] != b[offset] { return false }
            offset &+= 1
        }
        return true
    }

    /// Eight bytes at a time; the last ones overlap those before.
    @inline(__always)
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: bytes.count)
        func mix(_ word: UInt64) {
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash &>> 32
        }
        if bytes.count >= 8 {
            var offset = 0
            while offset &+ 8 < bytes.count {
                mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset &+= 8
            }
            mix(bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self))
        } else {
            for byte in bytes { mix(UInt64(byte)) }
        }
        return hash
    }
}
