internal import DattssCore

/// The fixed part of a partial while it is encoded: on the stack, so that the array that it goes to grows once for all numbers
/// and not byte by byte.
struct NumberScratch {
    /// Where the next byte goes. There is room for all that one partial has.
    private var next: UnsafeMutableRawPointer

    /// Flags, a count, the numbers and a fraction.
    static let byteCountMax = 2 + 10 + AggregateFlags.columnCount * 10 + 8

    private init(_ start: UnsafeMutableRawPointer) { next = start }

    /// Appends to a writer what `body` appends, which is at most ``byteCountMax`` bytes.
    @inline(__always)
    static func append(to writer: inout ByteWriter, _ body: (inout NumberScratch) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: byteCountMax, alignment: 1) { memory in
            guard let start = memory.baseAddress else { return }
            var scratch = NumberScratch(start)
            body(&scratch)
            writer.append(contentsOf: UnsafeRawBufferPointer(start: start, count: scratch.next - start))
        }
    }

    @inline(__always)
    mutating func appendFixed<Integer: FixedWidthInteger>(_ value: Integer) {
        next.storeBytes(of: value.littleEndian, as: Integer.self)
        next += MemoryLayout<Integer>.size
    }

    @inline(__always)
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            appendFixed(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        appendFixed(UInt8(truncatingIfNeeded: rest))
    }

    /// See ``StoredNumber``.
    @inline(__always)
    mutating func append(_ value: Double, isRaw: Bool) {
        if isRaw {
            appendFixed(value.bitPattern)
        } else {
            appendVarint(Zigzag.encode(Int64(value)))
        }
    }
}
