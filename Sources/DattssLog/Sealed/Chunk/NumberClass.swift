/// Unsigned integers as a class and some bits: the class says the width and the `mantissa` bits that follow the leading
/// one (as in an HDR histogram), the bits are the rest. Integers that are close share a class, so that a
/// ``SymbolTable`` of some dozens of classes models all of them.
///
///     mantissa 1:  class   0  1  2  3  4    5    6      7        8 …
///                  values  0  1  2  3  4-5  6-7  8-11   12-15    16-23 …
///                  bits    0  0  0  0  1    1    2      2        3 …
enum NumberClass {
    static let mantissaMax = 4

    /// How many classes there are.
    static func count(mantissa: Int) -> Int { (64 - mantissa + 1) << mantissa }

    /// How many bits of a value are not in its class.
    @inline(__always)
    static func bits(of value: UInt64, mantissa: Int) -> Int {
        Swift.max(0, 63 &- mantissa &- (value | 1).leadingZeroBitCount)
    }

    @inline(__always)
    static func of(_ value: UInt64, mantissa: Int) -> Int {
        let bits = bits(of: value, mantissa: mantissa)
        return bits &<< mantissa &+ Int(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: bits))
    }

    /// How many bits follow a class.
    @inline(__always)
    static func bits(after number: Int, mantissa: Int) -> Int { Swift.max(0, number &>> mantissa &- 1) }

    /// The first value of a class below ``count(mantissa:)``.
    @inline(__always)
    static func firstValue(_ number: Int, mantissa: Int) -> UInt64 {
        let bits = bits(after: number, mantissa: mantissa)
        return UInt64(truncatingIfNeeded: number &- bits &<< mantissa) &<< UInt64(truncatingIfNeeded: bits)
    }

    /// The class with one mantissa bit less.
    @inline(__always)
    static func coarser(_ number: Int, mantissa: Int) -> Int {
        number < 1 &<< mantissa ? number : number &>> 1 &+ 1 &<< (mantissa &- 1)
    }
}
