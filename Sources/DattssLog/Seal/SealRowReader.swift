internal import DattssCore

/// Reads ``SealRow``s, one after the other.
struct SealRowReader {
    private let bytes: [UInt8]
    /// Where the next row begins.
    var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset >= bytes.count }

    /// Reads the part of a row that has no arrays.
    @inline(__always)
    mutating func numbers(_ body: (inout SealRowCursor) -> Void) throws(LogError) {
        let end = bytes.withUnsafeBytes { bytes in
            var cursor = SealRowCursor(bytes, offset: offset)
            body(&cursor)
            return cursor.offset
        }
        guard end <= bytes.count else {
            throw LogError(.malformed, expected: "a row of a statistic", found: "\(bytes.count - offset) bytes")
        }
        offset = end
    }

    mutating func sketch() throws(LogError) -> PackedSketch {
        var reader = ByteReader(bytes, offset..<bytes.count)
        let sketch = try SketchCodec.decode(&reader)
        offset = reader.offset
        return sketch
    }
}

/// Never reads out of bounds and never throws: past the end all is 0, and ``offset`` says that this happened.
///
/// It is to be used inside `withUnsafeBytes` only, because it holds a pointer.
struct SealRowCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset: Int

    init(_ bytes: UnsafeRawBufferPointer, offset: Int) { (self.bytes, self.offset) = (bytes, offset) }

    @inline(__always)
    mutating func byte() -> UInt8 {
        defer { offset &+= 1 }
        return offset < bytes.count ? bytes[offset] : 0
    }

    @inline(__always)
    mutating func varint() -> UInt64 {
        let first = byte()
        return first < 0x80 ? UInt64(first) : longVarint(first)
    }

    private mutating func longVarint(_ first: UInt8) -> UInt64 {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while shift < 64 {
            let byte = byte()
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 { break }
            shift &+= 7
        }
        return value
    }

    @inline(__always)
    mutating func fixed() -> UInt64 {
        defer { offset &+= 8 }
        guard offset &+ 8 <= bytes.count else { return 0 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// - Parameters:
    ///   - stored: a bit for each number, whether it is there.
    ///   - raw: whether it takes 8 bytes.
    @inline(__always)
    mutating func number(_ stored: UInt8, _ raw: UInt8, bit: UInt8, else predicted: Double) -> Double {
        if stored &>> bit & 1 == 0 { return predicted }
        return raw &>> bit & 1 == 1 ? Double(bitPattern: fixed()) : Double(Zigzag.decode(varint()))
    }
}
