/// Builds what ``ByteReader`` reads: little-endian integers, LEB128 varints, zigzag, doubles as their bits.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package init(capacity: Int) { bytes.reserveCapacity(capacity) }

    package var count: Int { bytes.count }

    package mutating func append(_ byte: UInt8) { bytes.append(byte) }

    package mutating func append(_ other: [UInt8]) { bytes.append(contentsOf: other) }

    package mutating func append(_ other: ByteWriter) { bytes.append(contentsOf: other.bytes) }

    /// A fixed width, least significant byte first.
    package mutating func appendFixed<Integer: FixedWidthInteger>(_ value: Integer) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Seven bits a byte, least significant first; the high bit says that more follow.
    package mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    package mutating func appendVarint(_ value: Int) { appendVarint(UInt64(value)) }

    /// 0, −1, 1, −2, 2 … become 0, 1, 2, 3, 4 …, so that small negative numbers are short too.
    package mutating func appendZigzag(_ value: Int64) {
        appendVarint(UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    /// A double by itself: a zigzag varint of an integer, else its 8 bytes, which a flag beside it says.
    /// - Parameter isRaw: whether `DecimalScale.integer(_:)` has none.
    mutating func appendNumber(_ value: Double, isRaw: Bool) {
        if isRaw { appendFixed(value.bitPattern) } else { appendZigzag(Int64(value)) }
    }

    /// The length, then the UTF-8 bytes.
    package mutating func appendName(_ name: String) {
        appendVarint(name.utf8.count)
        bytes.append(contentsOf: name.utf8)
    }

    /// Appends what `body` writes from an address on, up to the address that it returns.
    /// - Parameter countMax: how many bytes there is room for.
    @inline(__always)
    mutating func append(upTo countMax: Int, _ body: (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer) {
        bytes.append(addingCapacity: countMax) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                guard let first = buffer.baseAddress else { return }
                let start = UnsafeMutableRawPointer(first)
                count = body(start) - start
            }
        }
    }

    mutating func append(contentsOf other: some Collection<UInt8>) { bytes.append(contentsOf: other) }
}
