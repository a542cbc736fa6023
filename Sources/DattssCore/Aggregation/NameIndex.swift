/// Numbers names, which are bytes: 0, 1, 2 … as they come, and again those of names that were removed.
///
/// A look-up hashes the bytes where they are and touches one slot and the name it finds; nothing is allocated.
///
///     slots   [ hash | number ]  ──►  names  [ start | length | tag | mark ]  ──►  bytes  … a p i . h i t s …
public struct NameIndex: Sendable {
    private var slots = SlotTable()
    /// By number.
    private var names: [Name] = []
    private var bytes: [UInt8] = []
    private var free: [Int32] = []
    private var garbageBytes = 0
    private let hash = NameHash()

    /// Half a cache line.
    private struct Name {
        var start: Int
        var length: Int32
        var tag: UInt8
        var mark: UInt64 = 0

        var range: Range<Int> { start..<start + Int(length) }
    }

    public init() {}

    /// How many names have a number.
    public var count: Int { slots.count }

    /// What the names take.
    var byteCount: Int { bytes.count }

    /// The number of a name; names with different tags are different.
    @inline(__always)
    public func number(of name: UnsafeBufferPointer<UInt8>, tag: UInt8 = 0) -> Int? {
        slots.find(hash(name, tag)) { isName($0, name, tag) }
    }

    /// What the owner wants to find beside a name without another look elsewhere: 0 at first.
    @inline(__always)
    public subscript(mark number: Int) -> UInt64 {
        get { names[number].mark }
        set { names[number].mark = newValue }
    }

    /// Gives a number to a name that has none.
    public mutating func insert(_ name: UnsafeBufferPointer<UInt8>, tag: UInt8 = 0) -> Int {
        if garbageBytes > bytes.count / 2 { compact() }
        let number = free.popLast().map { Int($0) } ?? names.count
        let entry = Name(start: bytes.count, length: Int32(name.count), tag: tag)
        bytes.append(contentsOf: name)
        if number == names.count { names.append(entry) } else { names[number] = entry }
        slots.insert(number, hash(name, tag))
        return number
    }

    /// Takes a name's number away.
    public mutating func remove(_ number: Int) {
        let name = names[number]
        let nameHash = bytes.withUnsafeBufferPointer { hash($0.part(name.range.lowerBound, name.range.upperBound), name.tag) }
        slots.remove(number, nameHash)
        garbageBytes += Int(name.length)
        names[number].length = 0
        free.append(Int32(number))
    }

    public mutating func removeAll() {
        slots.removeAll()
        names.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        free.removeAll(keepingCapacity: true)
        garbageBytes = 0
    }

    /// All names, where none was removed.
    public var strings: [String] {
        names.map { String(decoding: bytes[$0.range], as: UTF8.self) }
    }

    private mutating func compact() {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count - garbageBytes)
        for number in names.indices {
            let name = names[number]
            names[number].start = kept.count
            kept += bytes[name.range]
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
}
