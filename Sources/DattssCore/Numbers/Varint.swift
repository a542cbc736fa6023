/// Unsigned integers of seven bits a byte, least significant first; the high bit says that more follow (LEB128). Written here
/// in as few bytes as they need.
package enum Varint {
    /// What 64 bits take.
    package static let byteCountMax = 10

    @inline(__always)
    package static func byteCount(_ value: UInt64) -> Int { (70 - (value | 1).leadingZeroBitCount) / 7 }

    /// - Parameter next: there is room for it; stands behind it then.
    @inline(__always)
    package static func write(_ value: UInt64, to next: inout UnsafeMutablePointer<UInt8>) {
        var rest = value
        while rest >= 0x80 {
            next.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
            next += 1
            rest &>>= 7
        }
        next.pointee = UInt8(truncatingIfNeeded: rest)
        next += 1
    }

    /// - Parameter next: at a whole varint, of bytes that ``write(_:to:)`` wrote; stands behind it then.
    @inline(__always)
    package static func read(_ next: inout UnsafePointer<UInt8>) -> UInt64 {
        var value = UInt64(next.pointee)
        next += 1
        if value < 0x80 { return value }
        value &= 0x7F
        var shift: UInt64 = 7
        while true {
            let byte = UInt64(next.pointee)
            next += 1
            value |= (byte & 0x7F) &<< shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
    }

    /// Passes over varints.
    /// - Parameter next: at as many whole ones.
    @inline(__always)
    package static func skip(_ count: Int, _ next: inout UnsafePointer<UInt8>) {
        var remaining = count
        // Eight have eight bytes at least, and end with those of them that have no high bit.
        while remaining >= 8 {
            remaining &-= (~word(next) & highBits).nonzeroBitCount
            next += 8
        }
        while remaining > 0 {
            if next.pointee < 0x80 { remaining &-= 1 }
            next += 1
        }
    }

    /// The sum of varints, and at most `Int64.max`.
    /// - Parameter next: at as many whole ones; stands behind them then.
    @inline(__always)
    package static func sum(_ count: Int, _ next: inout UnsafePointer<UInt8>) -> Int64 {
        var (sum, remaining) = (Int64(0), count)
        while remaining > 0 {
            if remaining >= 8, case let word = word(next), word & highBits == 0 {
                let pairs = (word & 0x00FF_00FF_00FF_00FF) &+ (word &>> 8 & 0x00FF_00FF_00FF_00FF)
                sum = sum.saturatingAdd(Int64(truncatingIfNeeded: (pairs &* 0x0001_0001_0001_0001) &>> 48))
                next += 8
                remaining &-= 8
            } else {
                sum = sum.saturatingAdd(Int64(clamping: read(&next)))
                remaining &-= 1
            }
        }
        return sum
    }

    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    @inline(__always)
    private static func word(_ bytes: UnsafePointer<UInt8>) -> UInt64 { UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self) }
}

/// 0, −1, 1, −2, 2 … as 0, 1, 2, 3, 4 …, so that small negative numbers are short too.
public enum Zigzag {
    /// The unsigned form of an integer.
    @inlinable @inline(__always)
    public static func encode(_ value: Int64) -> UInt64 { UInt64(bitPattern: value &<< 1 ^ value &>> 63) }

    /// The integer of an unsigned form.
    @inlinable @inline(__always)
    public static func decode(_ value: UInt64) -> Int64 { Int64(bitPattern: value &>> 1 ^ (0 &- (value & 1))) }
}
