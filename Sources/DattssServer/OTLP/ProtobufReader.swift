import DattssCore
import DattssLog

/// Reads the fields of a protobuf message from bytes in place (https://protobuf.dev/programming-guides/encoding). It never
/// reads past the end, whatever the bytes are; what is not asked for is passed over.
struct ProtobufReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// A text, a message, or packed numbers. Points into the bytes that are read.
        case bytes(UnsafeRawBufferPointer)
    }

    /// The next field's number and value; nil at the end.
    @inline(__always)
    mutating func next() throws(WireError) -> (field: UInt64, value: Value)? {
        guard position < bytes.count else { return nil }
        let tag = try varint()
        guard tag >> 3 > 0 else { throw WireError(.malformed, "a field has the number 0") }
        switch tag & 7 {
        case 0: return (tag >> 3, .varint(try varint()))
        case 1: return (tag >> 3, .fixed64(UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))))
        case 2:
            let length = try varint()
            guard length <= UInt64(bytes.count) else { throw WireError(.malformed, "a field is longer than the message") }
            return (tag >> 3, .bytes(try take(Int(length))))
        case 5: return (tag >> 3, .fixed32(UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))))
        default: throw WireError(.malformed, "a field has the wire type \(tag & 7)")
        }
    }

    @inline(__always)
    private mutating func varint() throws(WireError) -> UInt64 {
        // Nearly all are of one byte.
        if position < bytes.count, bytes[position] < 0x80 {
            defer { position += 1 }
            return UInt64(bytes[position])
        }
        return try longVarint()
    }

    @inline(never)
    private mutating func longVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < bytes.count else { throw WireError(.malformed, "a number is cut") }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw WireError(.malformed, "a number has more than ten bytes")
    }

    @inline(__always)
    private mutating func take(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard count <= bytes.count - position else { throw WireError(.malformed, "the message is cut") }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }
}

extension ProtobufReader.Value {
    var text: String {
        get throws(WireError) { String(decoding: try message, as: UTF8.self) }
    }

    @inline(__always)
    var message: UnsafeRawBufferPointer {
        get throws(WireError) {
            guard case .bytes(let bytes) = self else { throw WireError(.malformed, "a message or text is written as a number") }
            return bytes
        }
    }

    /// A number of any wire type; `sint` ones are still folded.
    @inline(__always)
    var number: UInt64 {
        get throws(WireError) {
            switch self {
            case .varint(let number), .fixed64(let number): number
            case .fixed32(let number): UInt64(number)
            case .bytes: throw WireError(.malformed, "a number is written as bytes")
            }
        }
    }

    var double: Double {
        get throws(WireError) { Double(bitPattern: try number) }
    }

    /// `sint32`.
    var zigzag: Int32 {
        get throws(WireError) {
            let number = UInt32(truncatingIfNeeded: try number)
            return Int32(bitPattern: number >> 1) ^ -Int32(bitPattern: number & 1)
        }
    }

    /// The numbers of a repeated field, packed or one of them.
    func append(to numbers: inout [UInt64], areFixed: Bool) throws(WireError) {
        guard case .bytes(let bytes) = self else { return numbers.append(try number) }
        if areFixed {
            guard bytes.count.isMultiple(of: 8) else { throw WireError(.malformed, "packed numbers are cut") }
            for offset in stride(from: 0, to: bytes.count, by: 8) {
                numbers.append(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            }
        } else {
            var reader = ProtobufReader(bytes)
            while let number = try reader.packedVarint() { numbers.append(number) }
        }
    }
}

extension ProtobufReader {
    fileprivate mutating func packedVarint() throws(WireError) -> UInt64? {
        position < bytes.count ? try varint() : nil
    }
}

/// Writes the few messages that answers consist of, and those that are forwarded.
struct ProtobufWriter {
    private var writer = ByteWriter()

    var bytes: [UInt8] { writer.bytes }

    mutating func number(_ field: UInt8, _ value: UInt64) {
        writer.append(field << 3)
        writer.appendVarint(value)
    }

    mutating func double(_ field: UInt8, _ value: Double) {
        writer.append(field << 3 | 1)
        writer.appendFixed(value.bitPattern)
    }

    mutating func bytes(_ field: UInt8, _ value: [UInt8]) {
        writer.append(field << 3 | 2)
        writer.appendVarint(value.count)
        writer.append(value)
    }

    mutating func text(_ field: UInt8, _ value: String) {
        writer.append(field << 3 | 2)
        writer.appendName(value)
    }
}
