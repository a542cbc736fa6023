/// Writes bytes straight to where they stay, in memory of which a ``ByteWriter`` makes sure once that there is enough: see
/// ``ByteWriter/append(upTo:_:)``.
struct ByteScratch {
    /// Where the next byte goes.
    var next: UnsafeMutableRawPointer

    /// A varint of 64 bits.
    static let integerBytesMax = 10

    @inline(__always)
    init(_ start: UnsafeMutableRawPointer) { next = start }

    @inline(__always)
    mutating func append(_ name: String.UTF8View) {
        let isCopied: Void? = name.withContiguousStorageIfAvailable { bytes in
            guard let start = bytes.baseAddress else { return }
            next.copyMemory(from: start, byteCount: bytes.count)
            next += bytes.count
        }
        if isCopied == nil {
            for byte in name { appendFixed(byte) }
        }
    }

    @inline(__always)
    mutating func appendFixed<Integer: FixedWidthInteger>(_ value: Integer) {
        next.storeBytes(of: value.littleEndian, as: Integer.self)
        next += MemoryLayout<Integer>.size
    }

    /// Without a branch on whether it takes one byte or two, which nobody can foresee; most take no more.
    @inline(__always)
    mutating func appendVarint(_ value: UInt64) {
        guard value < 1 << 14 else {
            next = value < 1 << 56 ? Self.write(value, to: next) : Self.writeLongVarint(value, to: next)
            return
        }
        let high = value &>> 7
        let isContinued: UInt64 = high == 0 ? 0 : 1
        let both = value & 0x7F | isContinued &<< 7 | high &<< 8
        next.storeBytes(of: UInt16(truncatingIfNeeded: both).littleEndian, as: UInt16.self)
        next += Int(truncatingIfNeeded: 1 &+ isContinued)
    }

    /// The same of up to eight bytes.
    @inline(never)
    private static func write(_ value: UInt64, to next: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        // Seven bits to a byte: halves, quarters and eighths are moved apart.
        let fours = value & 0x0FFF_FFFF | (value &<< 4) & 0x0FFF_FFFF_0000_0000
        let pairs = fours & 0x0000_3FFF_0000_3FFF | (fours &<< 2) & 0x3FFF_0000_3FFF_0000
        let sevens = pairs & 0x007F_007F_007F_007F | (pairs &<< 1) & 0x7F00_7F00_7F00_7F00
        // ⌈bits / 7⌉, at least 1.
        let length = ((63 &- (value | 1).leadingZeroBitCount) &* 9 &+ 73) &>> 6
        let continued: UInt64 = 0x8080_8080_8080_8080 & (1 &<< UInt64(8 &* (length &- 1)) &- 1)
        next.storeBytes(of: (sevens | continued).littleEndian, as: UInt64.self)
        return next + length
    }

    @inline(never)
    private static func writeLongVarint(_ value: UInt64, to start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        var (rest, next) = (value, start)
        while rest >= 0x80 {
            next.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            rest &>>= 7
            next += 1
        }
        next.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        return next + 1
    }
}
