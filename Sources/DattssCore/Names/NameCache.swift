import Synchronization

/// The names that one decoder met lately, found by their bytes: so that a name that comes again costs neither an allocation
/// nor a check of its characters. Mostly they are paths.
///
/// A table of groups of eight slots, at the low bits of the hash; of each slot there is a tag, seven bits of the hash, and those
/// of a group are compared at once. Who finds a group full takes a place in it. Whatever senders make up it stays within
/// ``slotsMax``, and costs at worst what decoding without it costs. Users share it: it tells nobody what is in it.
public struct NameCache: Sendable {
    /// A byte for each slot of each group; 0 where the slot is empty.
    private var tags: [UInt64]
    private var names: [String]
    private var usedCount = 0
    private let shared: SharedNames?

    /// 4.3 MiB, and room for twice a hundred thousand names.
    private static let slotsMax = 1 << 18
    private static let slotsAtFirst = 1 << 10
    private static let groupSlots = 8

    /// - Parameter shared: what others know, too, who then have the same strings.
    public init(_ shared: SharedNames? = nil) {
        self.init(slotCount: Self.slotsAtFirst, shared)
    }

    private init(slotCount: Int, _ shared: SharedNames?) {
        tags = Array(repeating: 0, count: slotCount / Self.groupSlots)
        names = Array(repeating: "", count: slotCount)
        self.shared = shared
    }

    /// A cache that remembers nothing, for decoding a single body.
    public static var none: NameCache { NameCache(slotCount: 0, nil) }

    private var isEnabled: Bool { !tags.isEmpty }

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
        let group = group(of: hash)
        var matches = Self.places(of: Self.tag(of: hash), in: tags[group])
        while matches != 0 {
            let slot = group * Self.groupSlots + matches.trailingZeroBitCount / 8
            if names[slot].holds(bytes) { return names[slot] }
            matches &= matches - 1
        }
        return insert(bytes, hash)
    }

    private func checked(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        Name.isValidPath(bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    @inline(never)
    private mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> String? {
        let known = if let shared { shared.name(bytes, hash) } else { checked(bytes) }
        guard let name = known else { return nil }
        if usedCount * 4 > names.count * 3, names.count < Self.slotsMax { grow() }
        place(name, hash)
        return name
    }

    private mutating func grow() {
        let before = names
        tags = Array(repeating: 0, count: tags.count * 2)
        names = Array(repeating: "", count: before.count * 2)
        usedCount = 0
        for name in before where !name.isEmpty { place(name, Self.hash(of: name)) }
    }

    private static func hash(of name: String) -> UInt64 {
        var name = name
        return name.withUTF8 { bytes in bytes.baseAddress.map { WordHash.of($0, bytes.count) } ?? 0 }
    }

    private mutating func place(_ name: String, _ hash: UInt64) {
        let group = group(of: hash)
        let free = Self.places(of: 0, in: tags[group])
        let place = free == 0 ? Int(hash >> 40) % Self.groupSlots : free.trailingZeroBitCount / 8
        if free != 0 { usedCount += 1 }
        tags[group] = tags[group] & ~(0xFF << UInt64(place * 8)) | UInt64(Self.tag(of: hash)) << UInt64(place * 8)
        names[group * Self.groupSlots + place] = name
    }

    // MARK: Groups

    @inline(__always)
    private func group(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (tags.count - 1) }

    @inline(__always)
    private static func tag(of hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: hash >> 56) | 0x80 }

    /// The highest bit of every byte that is `tag`, and perhaps of some more behind one that is (Warren, Hacker's Delight, 6-1).
    @inline(__always)
    private static func places(of tag: UInt8, in tags: UInt64) -> UInt64 {
        let difference = tags ^ (UInt64(tag) &* 0x0101_0101_0101_0101)
        return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
    }
}

/// The names that several decoders met lately, so that each is in memory once: asked for those that are new to one of them.
public final class SharedNames: Sendable {
    private let cache = Mutex(NameCache())

    /// An empty cache.
    public init() {}

    fileprivate func name(_ bytes: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> String? {
        cache.withLock { $0.name(bytes, hash) }
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
