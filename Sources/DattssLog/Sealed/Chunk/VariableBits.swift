internal import DattssCore

/// Integers of any width as bits: short ones take few, and a parameter says what is short. An exponential Golomb code
/// (Teuhola 1978), but in terms of the integer's own width.
///
///     parameter 2    0…3    1 xx
///                    4…7    01 xx          the leading one of 4…7 is known, as the width is
///                    8…15   001 xxx
enum VariableBits {
    /// Larger parameters than this are of no use: 2^58 … would take 58 bits.
    static let parameterMax = 58

    /// How many bits an integer takes that has `width` significant bits.
    @inline(__always)
    static func cost(width: Int, parameter: Int) -> Int {
        width <= parameter ? parameter + 1 : width - parameter + width
    }
}

extension BitWriter {
    mutating func writeVariable(_ value: UInt64, parameter: Int = 0) {
        let width = 64 - value.leadingZeroBitCount
        if width <= parameter {
            write(1, bits: 1)
            write(value, bits: parameter)
        } else {
            write(0, bits: width - parameter)
            write(1, bits: 1)
            write(value, bits: width - 1)
        }
    }

    mutating func writeVariable(_ value: Int, parameter: Int = 0) {
        writeVariable(UInt64(bitPattern: Int64(value)), parameter: parameter)
    }

    mutating func writeSigned(_ value: Int64, parameter: Int = 0) {
        writeVariable(Zigzag.encode(value), parameter: parameter)
    }
}

extension BitReader {
    /// Bits that no writer wrote read as some integer, too; none traps.
    @inline(__always)
    mutating func readVariable(parameter: Int = 0) -> UInt64 {
        var zeros = peek(56).trailingZeroBitCount
        if zeros >= 56 {
            // Up to 64 zeros are right.
            skip(56)
            zeros = peek(9).trailingZeroBitCount
            guard zeros <= 8 else {
                skip(9)
                return 0
            }
            skip(zeros &+ 1)
            zeros &+= 56
        } else {
            skip(zeros &+ 1)
        }
        if zeros == 0 { return readWide(parameter) }
        let width = Swift.min(zeros &+ parameter, 64)
        return readWide(width &- 1) | 1 &<< UInt64(truncatingIfNeeded: width &- 1)
    }

    mutating func readSigned(parameter: Int = 0) -> Int64 { Zigzag.decode(readVariable(parameter: parameter)) }
}
