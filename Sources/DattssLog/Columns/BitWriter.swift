/// Builds a stream of bits, the least significant first: what ``BitReader`` reads.
///
///     write(0b1, bits: 1); write(0b01, bits: 2); write(0b11111, bits: 5)
///     bit    7 6 5 4 3 2 1 0
///            1 1 1 1 1 0 1 1
struct BitWriter {
    private var words: [UInt64] = []
    /// The bits that do not fill a word yet; those above `pendingCount` are 0.
    private var pending: UInt64 = 0
    private var pendingCount = 0

    init() {}

    init(capacityBits: Int) { words.reserveCapacity(capacityBits / 64 + 1) }

    var bitCount: Int { words.count * 64 + pendingCount }

    /// Appends the lowest `bits` of a value.
    /// - Parameter bits: 0 to 64.
    @inline(__always)
    mutating func write(_ value: UInt64, bits: Int) {
        let value = bits == 64 ? value : value & (1 &<< UInt64(truncatingIfNeeded: bits) &- 1)
        pending |= value &<< UInt64(truncatingIfNeeded: pendingCount)
        let total = pendingCount &+ bits
        guard total >= 64 else {
            pendingCount = total
            return
        }
        words.append(pending)
        // `>>` gives 0 where all 64 bits went into the word.
        pending = value >> UInt64(truncatingIfNeeded: 64 &- pendingCount)
        pendingCount = total &- 64
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
        for word in words { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
        withUnsafeBytes(of: pending.littleEndian) { bytes.append(contentsOf: $0.prefix((pendingCount + 7) / 8)) }
    }
}
