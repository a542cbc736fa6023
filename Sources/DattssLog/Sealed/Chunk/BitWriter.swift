/// Builds a stream of bits, the least significant first: what ``BitReader`` reads.
///
///     write(0b1, bits: 1); write(0b01, bits: 2); write(0b11111, bits: 5)
///     bit    7 6 5 4 3 2 1 0
///            1 1 1 1 1 0 1 1
struct BitWriter {
    /// Little-endian, so that they are copied as they are.
    private var words: [UInt64] = []
    private var open = OpenWord()

    /// The bits that do not fill a word yet.
    private struct OpenWord {
        /// Those above `count` are 0.
        var bits: UInt64 = 0
        var count = 0

        /// - Returns: the word that is full now.
        @inline(__always)
        mutating func append(_ value: UInt64, bits width: Int) -> UInt64? {
            let value = width == 64 ? value : value & (1 &<< UInt64(truncatingIfNeeded: width) &- 1)
            let word = bits | value &<< UInt64(truncatingIfNeeded: count)
            let total = count &+ width
            guard total >= 64 else {
                (bits, count) = (word, total)
                return nil
            }
            // `>>` gives 0 where all 64 bits went into the word.
            bits = value >> UInt64(truncatingIfNeeded: 64 &- count)
            count = total &- 64
            return word.littleEndian
        }
    }

    init() {}

    init(capacityBits: Int) { words.reserveCapacity(capacityBits / 64 + 1) }

    var bitCount: Int { words.count * 64 + open.count }

    /// Appends the lowest `bits` of a value.
    /// - Parameter bits: 0 to 64.
    @inline(__always)
    mutating func write(_ value: UInt64, bits: Int) {
        if let word = open.append(value, bits: bits) { words.append(word) }
    }

    /// Appends the lowest bits of many values, in less time than one by one.
    /// - Parameter part: a value by its number, and how many of its bits, 0 to 64.
    @inline(__always)
    mutating func write(_ count: Int, _ part: (Int) -> (value: UInt64, bits: Int)) {
        // No value takes more than a word.
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { room in
            // A local copy stays in registers.
            var (open, end, index) = (self.open, 0, 0)
            while index < count {
                let (value, bits) = part(index)
                if let word = open.append(value, bits: bits) {
                    room[end] = word
                    end &+= 1
                }
                index &+= 1
            }
            self.open = open
            words.append(contentsOf: UnsafeBufferPointer(rebasing: room[..<end]))
        }
    }

    /// All bits, and zeros up to the next byte.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// Appends all bits, and zeros up to the next byte.
    func append(to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + words.count * 8 + 8)
        words.withUnsafeBytes { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: open.bits.littleEndian) { bytes.append(contentsOf: $0.prefix((open.count + 7) / 8)) }
    }
}
