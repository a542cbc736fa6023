/// Reads what ``BitWriter`` wrote, out of bytes that nobody vouches for.
///
/// It never reads out of bounds and never throws: past the end all bits are 0, and ``isExhausted`` says that this
/// happened. So inner loops need no error path; whoever reads asks once, at the end.
///
/// It is to be used inside `withUnsafeBytes` only, because it holds a pointer.
struct BitReader {
    private let bytes: UnsafeRawBufferPointer
    /// How many bits were read or passed over.
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// How many bits were not read yet, at most 0 when it is exhausted.
    var remaining: Int { bytes.count * 8 - position }

    /// Whether bits were read that are not there.
    var isExhausted: Bool { position > bytes.count * 8 }

    /// Its bytes, and zeros behind them.
    func padded(by count: Int) -> [UInt8] { Array(bytes) + repeatElement(0, count: count) }

    /// A reader of the same bits in memory where zeros follow them.
    /// - Returns: nil when it is exhausted.
    func moved(to bytes: UnsafeRawBufferPointer) -> BitReader? {
        if isExhausted { return nil }
        var reader = BitReader(bytes)
        reader.position = position
        return reader
    }

    /// Whether another reader of the same bits has read no more than there are.
    func holds(_ other: BitReader) -> Bool { other.position <= bytes.count * 8 }

    /// Passes over what another reader of the same bits has read.
    mutating func goOn(at other: BitReader) { position = other.position }

    /// Bits of which it is known that eight bytes are there.
    /// - Parameter bits: 0 to 56.
    @inline(__always)
    mutating func readPadded(_ bits: UInt64) -> UInt64 {
        let word = load(position &>> 3) &>> UInt64(truncatingIfNeeded: position & 7)
        position &+= Int(truncatingIfNeeded: bits)
        return word & (1 &<< bits &- 1)
    }

    /// The next bits, which stay where they are.
    /// - Parameter bits: 0 to 56.
    @inline(__always)
    func peek(_ bits: Int) -> UInt64 {
        let byte = position &>> 3
        let word = byte &+ 8 <= bytes.count ? load(byte) : loadLast(byte)
        return word &>> UInt64(truncatingIfNeeded: position & 7) & (1 &<< UInt64(truncatingIfNeeded: bits) &- 1)
    }

    /// - Parameter bits: 0 to 56.
    @inline(__always)
    mutating func skip(_ bits: Int) { position &+= bits }

    /// - Parameter bits: 0 to 56.
    @inline(__always)
    mutating func read(_ bits: Int) -> UInt64 {
        let value = peek(bits)
        position &+= bits
        return value
    }

    /// - Parameter bits: 0 to 64.
    @inline(__always)
    mutating func readWide(_ bits: Int) -> UInt64 {
        if bits <= 56 { return read(bits) }
        let low = read(32)
        return low | read(bits &- 32) &<< 32
    }

    /// A value of which only the last bits are read.
    struct Part {
        let first: UInt64
        /// At most 64.
        let bits: Int
        fileprivate let mask: UInt64

        init(first: UInt64, bits: Int) {
            (self.first, self.bits) = (first, bits)
            mask = 1 << UInt64(bits) &- 1
        }
    }

    /// Reads as many values as there are positions, each position that of its part.
    mutating func read(
        _ parts: [Part], at positions: UnsafeMutableBufferPointer<UInt8>, into values: UnsafeMutableBufferPointer<Int64>
    ) {
        let areShort = parts.allSatisfy { $0.bits <= 56 }
        let areEmpty = parts.allSatisfy { $0.bits == 0 }
        parts.withUnsafeBufferPointer { parts in
            if areEmpty {
                for index in positions.indices { values[index] = Int64(bitPattern: parts[Int(positions[index])].first) }
                return
            }
            // A local copy stays in registers.
            var reader = self
            var index = 0
            // As long as all values of a round are there, none needs to look.
            while areShort, index &+ Self.roundValues <= positions.count, reader.remaining >= Self.roundValues &* 56 &+ 64 {
                let end = index &+ Self.roundValues
                while index < end {
                    let part = parts[Int(positions[index])]
                    let word = reader.load(reader.position &>> 3) &>> UInt64(truncatingIfNeeded: reader.position & 7)
                    values[index] = Int64(bitPattern: part.first &+ word & part.mask)
                    reader.position &+= part.bits
                    index &+= 1
                }
            }
            while index < positions.count {
                let part = parts[Int(positions[index])]
                values[index] = Int64(bitPattern: part.first &+ reader.readWide(part.bits))
                index &+= 1
            }
            self = reader
        }
    }

    private static let roundValues = 16

    @inline(__always)
    private func load(_ byte: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
    }

    /// The last bytes, and zeros.
    @inline(never)
    private func loadLast(_ byte: Int) -> UInt64 {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes.dropFirst(byte) {
            word |= UInt64(byte) &<< shift
            shift &+= 8
        }
        return word
    }
}
