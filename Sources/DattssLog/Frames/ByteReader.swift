internal import DattssCore

/// Reads what ``ByteWriter`` wrote, out of bytes that nobody vouches for: every read is checked against the end and
/// throws, none traps.
package struct ByteReader {
    private let bytes: [UInt8]
    package private(set) var offset: Int
    package let end: Int

    package init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

    /// Reads a part of the bytes; `range` lies within them.
    package init(_ bytes: [UInt8], _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    package var remaining: Int { end - offset }
    package var isAtEnd: Bool { offset == end }

    package mutating func byte(_ what: StaticString) throws(LogError) -> UInt8 {
        guard offset < end else { throw missing(what, 1) }
        defer { offset += 1 }
        return bytes[offset]
    }

    package mutating func fixed<Integer: FixedWidthInteger>(
        _ type: Integer.Type, _ what: StaticString
    ) throws(LogError) -> Integer {
        let width = MemoryLayout<Integer>.size
        guard remaining >= width else { throw missing(what, width) }
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
        offset += width
        return Integer(littleEndian: value)
    }

    @inline(__always)
    package mutating func varint(_ what: StaticString) throws(LogError) -> UInt64 {
        if offset < end, bytes[offset] < 0x80 {
            defer { offset += 1 }
            return UInt64(bytes[offset])
        }
        return try longVarint(what)
    }

    private mutating func longVarint(_ what: StaticString) throws(LogError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = bytes[offset]
            // The tenth byte holds the 64th bit and nothing more.
            if shift == 63, byte > 1 { break }
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw isAtEnd ? missing(what, 1) : malformed(what, "a varint of 64 bits", "more")
    }

    /// The same for numbers of a length that nobody can foresee: without a branch on it, as long as eight bytes are there.
    @inline(__always)
    mutating func mixedVarint(_ what: StaticString) throws(LogError) -> UInt64 {
        guard remaining >= 8 else { return try longVarint(what) }
        let word = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
        let ends = ~word & 0x8080_8080_8080_8080
        if ends == 0 { return try longVarint(what) }
        offset &+= (ends.trailingZeroBitCount &+ 1) &>> 3
        // Seven bits of each byte up to the one that ends it; then two, four and eight of them together.
        let sevens = word & (ends ^ (ends &- 1)) & 0x7F7F_7F7F_7F7F_7F7F
        let pairs = sevens & 0x007F_007F_007F_007F | (sevens & 0x7F00_7F00_7F00_7F00) &>> 1
        let fours = pairs & 0x0000_3FFF_0000_3FFF | (pairs & 0x3FFF_0000_3FFF_0000) &>> 2
        return fours & 0x0FFF_FFFF | (fours &>> 32) &<< 28
    }

    @inline(__always)
    package mutating func zigzag(_ what: StaticString) throws(LogError) -> Int64 {
        let value = try mixedVarint(what)
        return Int64(bitPattern: value >> 1 ^ (~(value & 1) &+ 1))
    }

    /// A double by itself, as ``ByteWriter/appendNumber(_:isRaw:)`` writes it.
    @inline(__always)
    mutating func number(isRaw: Bool) throws(LogError) -> Double {
        isRaw ? Double(bitPattern: try fixed(UInt64.self, "number")) : Double(try zigzag("number"))
    }

    /// A number of things that follow, each of which takes at least `bytesEach`: so none that could not be there.
    package mutating func count(_ what: StaticString, bytesEach: Int) throws(LogError) -> Int {
        let count = try varint(what)
        guard count <= UInt64(remaining / bytesEach) else {
            throw malformed(what, "at most \(remaining / bytesEach) in \(remaining) bytes", "\(count)")
        }
        return Int(count)
    }

    /// A length, and a reader of as many bytes.
    package mutating func section(_ what: StaticString) throws(LogError) -> ByteReader {
        try slice(count(what, bytesEach: 1), what)
    }

    /// A reader of the next bytes, which this one passes over.
    package mutating func slice(_ count: Int, _ what: StaticString) throws(LogError) -> ByteReader {
        guard count >= 0, count <= remaining else { throw missing(what, count) }
        defer { offset += count }
        return ByteReader(bytes, offset..<offset + count)
    }

    package mutating func skip(_ count: Int, _ what: StaticString) throws(LogError) {
        guard count >= 0, count <= remaining else { throw missing(what, count) }
        offset += count
    }

    /// Calls `body` with the bytes that are left.
    package func rest<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[offset..<end])) }
    }

    /// Passes over varints without looking at their values.
    package mutating func skipVarints(_ count: Int, _ what: StaticString) throws(LogError) {
        var position = offset
        var remaining = count
        bytes.withUnsafeBufferPointer { bytes in
            while remaining > 0, position < end {
                if bytes[position] < 0x80 { remaining -= 1 }
                position += 1
            }
        }
        guard remaining == 0 else { throw missing(what, remaining) }
        offset = position
    }

    /// A name of the model: its length, and as many bytes of the alphabet of names.
    package mutating func name(_ what: StaticString, bytesMax: Int) throws(LogError) -> String {
        let range = try nameRange(what, bytesMax)
        guard bytes[range].allSatisfy(Name.isNameByte) else { throw malformed(what, "a name", "other bytes") }
        offset = range.upperBound
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// The same name as in the cache, if it is there.
    @inline(__always)
    mutating func name(_ what: StaticString, bytesMax: Int, _ cache: inout NameCache) throws(LogError) -> String {
        let range = try nameRange(what, bytesMax)
        let name = bytes.withUnsafeBufferPointer { cache.name(UnsafeBufferPointer(rebasing: $0[range])) }
        guard let name else { throw malformed(what, "a name", "other bytes") }
        offset = range.upperBound
        return name
    }

    /// Where the bytes of a name are, behind its length.
    @inline(__always)
    private mutating func nameRange(_ what: StaticString, _ bytesMax: Int) throws(LogError) -> Range<Int> {
        let length = try count(what, bytesEach: 1)
        guard length >= 1, length <= bytesMax else { throw malformed(what, "1 to \(bytesMax) bytes", "\(length)") }
        return offset..<offset + length
    }

    /// All bytes that are left.
    package var rest: ArraySlice<UInt8> { bytes[offset..<end] }

    /// The byte at a distance from here, which is less than ``remaining``.
    @inline(__always)
    package func peek(_ distance: Int) -> UInt8 {
        precondition(distance >= 0 && distance < remaining)
        return bytes[offset + distance]
    }

    package func expectEnd(_ what: StaticString) throws(LogError) {
        guard isAtEnd else { throw malformed(what, "its end", "\(remaining) more bytes") }
    }

    package func malformed(_ what: StaticString, _ expected: String, _ found: String) -> LogError {
        LogError(.malformed, expected: "\(what) at byte \(offset) to be \(expected)", found: found)
    }

    private func missing(_ what: StaticString, _ count: Int) -> LogError {
        LogError(
            .malformed, expected: "\(what) at byte \(offset), at least \(count) bytes", found: "\(remaining) bytes")
    }
}
