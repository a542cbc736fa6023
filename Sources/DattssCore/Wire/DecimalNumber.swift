import LibC

/// A decimal number, as JSON writes it (RFC 8259, section 6) or as a ``FieldNumber``, found in bytes and turned into the nearest
/// double.
///
/// Digits up to 2^53 and a power of ten up to 10^22 are exact in binary64, so that one multiplication or division rounds
/// right (Clinger 1990). Up to 19 digits over a power up to 10^19 take one division of integers. The rest goes to `strtod`.
public struct DecimalNumber {
    /// How many bytes it takes.
    public var length: Int
    private var isNegative: Bool
    private var digits: UInt64
    private var digitCount: Int
    private var exponent: Int

    enum Grammar {
        case json
        /// Also with zeros in front, and with digits on one side of the point only.
        case field
    }

    /// The number that `bytes` begin with; nil when they do not begin with one.
    public static func scan(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> DecimalNumber? {
        scan(bytes, count, grammar: .json)
    }

    /// Inlined, so that each grammar has code of its own.
    @inline(__always)
    static func scan(_ bytes: UnsafePointer<UInt8>, _ count: Int, grammar: Grammar) -> DecimalNumber? {
        var number = DecimalNumber(length: 0, isNegative: false, digits: 0, digitCount: 0, exponent: 0)
        var position = 0
        if position < count, bytes[position] == UInt8(ascii: "-") {
            number.isNegative = true
            position += 1
        }
        let integerStart = position
        number.takeDigits(bytes, count, &position)
        let integerLength = position - integerStart
        if grammar == .json {
            guard integerLength > 0, integerLength == 1 || bytes[integerStart] != UInt8(ascii: "0") else { return nil }
        }
        var fractionLength = 0
        if position < count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            let fractionStart = position
            number.takeDigits(bytes, count, &position)
            fractionLength = position - fractionStart
            guard fractionLength > 0 || grammar == .field else { return nil }
            number.exponent -= fractionLength
        }
        guard integerLength + fractionLength > 0 else { return nil }
        if position < count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            guard number.takeExponent(bytes, count, &position) else { return nil }
        }
        number.length = position
        return number
    }

    /// The nearest double; infinite when the number is beyond a double's range.
    /// - Parameter bytes: those that it was scanned from.
    public func value(_ bytes: UnsafePointer<UInt8>) -> Double {
        if digitCount <= 16, digits <= 1 << 53, exponent.magnitude <= 22 {
            let power = Self.powersOfTen[Int(exponent.magnitude)]
            let magnitude = exponent < 0 ? Double(digits) / power : Double(digits) * power
            return isNegative ? -magnitude : magnitude
        }
        if digitCount <= 19, -19...0 ~= exponent {
            let magnitude = Self.quotient(digits, Self.integerPowersOfTen[-exponent])
            return isNegative ? -magnitude : magnitude
        }
        // strtod wants a zero behind it.
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: length + 1) { terminated in
            for index in 0..<length { terminated[index] = CChar(bitPattern: bytes[index]) }
            terminated[length] = 0
            return terminated.baseAddress.map { strtod($0, nil) } ?? .nan
        }
    }

    /// The double nearest to digits over a power of ten up to 10^19.
    @inline(__always)
    static func nearest(_ digits: UInt64, overTenTo exponent: Int) -> Double {
        digits <= 1 << 53
            ? Double(Int64(digits)) / powersOfTen[exponent]
            : quotient(digits, integerPowersOfTen[exponent])
    }

    /// 10^0 to 10^19.
    @inline(__always)
    static func powerOfTen(_ exponent: Int) -> UInt64 { integerPowersOfTen[exponent] }

    /// The double nearest to a fraction, ties to even.
    ///
    /// Both are shifted up to their highest bit, so that the integer quotient has 63 or 64 bits: 53 are kept, and the others
    /// and the remainder say how to round. The result is far from the ends of a double's range.
    private static func quotient(_ dividend: UInt64, _ divisor: UInt64) -> Double {
        if dividend == 0 { return 0 }
        let (dividendShift, divisorShift) = (dividend.leadingZeroBitCount, divisor.leadingZeroBitCount)
        // Half of it, so that the quotient fits: dividend / divisor = quotient / 2^(63 + dividendShift − divisorShift).
        let high = (dividend << dividendShift) >> 1
        let low = (dividend << dividendShift) << 63
        let (quotient, remainder) = (divisor << divisorShift).dividingFullWidth((high, low))
        // A sticky bit stands for all that is below.
        let rounded = Double(quotient | (remainder == 0 ? 0 : 1))
        return rounded * Double(sign: .plus, exponent: divisorShift - dividendShift - 63, significand: 1)
    }

    private mutating func takeDigits(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ position: inout Int) {
        while position < count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { return }
            digits = digits &* 10 &+ UInt64(digit)
            // Leading zeros do not count; beyond 19 digits `digits` is not used.
            if digitCount > 0 || digit != 0 { digitCount += 1 }
            position += 1
        }
    }

    private mutating func takeExponent(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ position: inout Int
    ) -> Bool {
        position += 1
        var isNegativeExponent = false
        if position < count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
            isNegativeExponent = bytes[position] == UInt8(ascii: "-")
            position += 1
        }
        let start = position
        var value = 0
        while position < count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = Swift.min(value * 10 + Int(digit), Self.exponentMax)
            position += 1
        }
        exponent += isNegativeExponent ? -value : value
        return position > start
    }

    /// More than any body has digits, so that no run of zeros in a fraction makes up for what was cut off.
    private static let exponentMax = 1 << 50

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    private static let integerPowersOfTen: [UInt64] = [
        1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
        100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
        10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ]
}
