#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A decimal number as JSON writes it (RFC 8259, section 6), found in bytes and turned into the nearest double.
///
/// Up to 15 digits and a power of ten up to 10^22 are exact in binary64, so that one multiplication or division rounds
/// right (Clinger 1990); what is longer goes to `strtod`.
public struct DecimalNumber {
    /// How many bytes it takes.
    public var length: Int
    private var isNegative: Bool
    private var digits: UInt64
    private var digitCount: Int
    private var exponent: Int

    /// The number that `bytes` begin with; nil when they do not begin with one.
    public static func scan(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> DecimalNumber? {
        var number = DecimalNumber(length: 0, isNegative: false, digits: 0, digitCount: 0, exponent: 0)
        var position = 0
        if position < count, bytes[position] == UInt8(ascii: "-") {
            number.isNegative = true
            position += 1
        }
        let integerStart = position
        number.takeDigits(bytes, count, &position)
        let integerLength = position - integerStart
        guard integerLength > 0, integerLength == 1 || bytes[integerStart] != UInt8(ascii: "0") else { return nil }
        if position < count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            let fractionStart = position
            number.takeDigits(bytes, count, &position)
            guard position > fractionStart else { return nil }
            number.exponent -= position - fractionStart
        }
        if position < count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            guard number.takeExponent(bytes, count, &position) else { return nil }
        }
        number.length = position
        return number
    }

    /// The nearest double; infinite when the number is beyond a double's range.
    /// - Parameter bytes: those that it was scanned from.
    public func value(_ bytes: UnsafePointer<UInt8>) -> Double {
        if digitCount <= 15, exponent.magnitude <= 22 {
            let power = Self.powersOfTen[Int(exponent.magnitude)]
            let magnitude = exponent < 0 ? Double(digits) / power : Double(digits) * power
            return isNegative ? -magnitude : magnitude
        }
        var terminated = [CChar](unsafeUninitializedCapacity: length + 1) { copy, count in
            for index in 0..<length { copy[index] = CChar(bitPattern: bytes[index]) }
            copy[length] = 0
            count = length + 1
        }
        return strtod(&terminated, nil)
    }

    private mutating func takeDigits(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ position: inout Int) {
        while position < count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { return }
            digits = digits &* 10 &+ UInt64(digit)
            // Leading zeros do not count; beyond 15 digits `digits` is not used.
            if digits != 0 { digitCount += 1 }
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
}
