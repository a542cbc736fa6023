/// Reads ``VariableBits`` out of the rows of a part of a block, as ``BitReader`` does, for the innermost loop of replay: with
/// a pointer that is always there and nothing else, so that all of it stays in registers.
///
/// Past the end all bits are 0. To be used only while the bytes are lent.
struct RowBits {
    private let base: UnsafeRawPointer
    private let byteCount: Int
    /// How many bits were read or passed over.
    private(set) var position: Int

    /// - Parameter position: where to begin, not negative.
    @inline(__always)
    init(_ base: UnsafeRawPointer, byteCount: Int, at position: Int) {
        self.base = base
        self.byteCount = byteCount
        self.position = position
    }

    /// An integer that, as a rule, one look at the bits shows whole; without a branch on whether it is a short one, which
    /// nobody can foresee.
    /// - Parameter parameter: not negative; more than ``VariableBits/parameterMax`` stands for that.
    @inline(__always)
    mutating func readShort(parameter: Int) -> UInt64 {
        let word = peek()
        let zeros = word.trailingZeroBitCount
        // How many bits there are in all: zeros, the one that ends them, and the integer without the one that it begins with after zeros.
        let length = zeros &+ zeros &+ parameter &+ (zeros == 0 ? 1 : 0)
        guard length < 58 else { return readLong(parameter) }
        position &+= length
        let past: UInt64 = 1 &<< UInt64(truncatingIfNeeded: length)
        let bits = word & (past &- 1) | (zeros == 0 ? 0 : past)
        return bits &>> UInt64(truncatingIfNeeded: zeros &+ 1)
    }

    @inline(__always)
    private mutating func readLong(_ parameter: Int) -> UInt64 {
        let (value, position) = Self.long(base, byteCount, position, parameter)
        self.position = position
        return value
    }

    /// Not of `self`, which would have to be in memory for that.
    @inline(never)
    private static func long(
        _ base: UnsafeRawPointer, _ byteCount: Int, _ position: Int, _ parameter: Int
    ) -> (value: UInt64, position: Int) {
        var bits = BitReader(UnsafeRawBufferPointer(start: base, count: byteCount))
        bits.skip(position)
        let value = bits.readVariable(parameter: min(parameter, VariableBits.parameterMax))
        return (value, bits.position)
    }

    /// At least the next 57 bits, and zeros.
    @inline(__always)
    private func peek() -> UInt64 {
        let byte = position &>> 3
        let word =
            byte &+ 8 <= byteCount
            ? UInt64(littleEndian: base.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
            : Self.last(base, byteCount, byte)
        return word &>> UInt64(truncatingIfNeeded: position & 7)
    }

    /// The last bytes, and zeros.
    @inline(never)
    private static func last(_ base: UnsafeRawPointer, _ byteCount: Int, _ byte: Int) -> UInt64 {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        var next = byte
        while next < byteCount {
            word |= UInt64(base.load(fromByteOffset: next, as: UInt8.self)) &<< shift
            shift &+= 8
            next &+= 1
        }
        return word
    }
}
