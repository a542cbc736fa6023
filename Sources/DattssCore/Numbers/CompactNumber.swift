/// A double in four bytes, as far as that is possible without changing it: an integer of 28 bits on a ``DecimalScale``. Counts and
/// what people and programs write with a few digits are such numbers, most results of divisions are not.
///
///     bits  [ integer (28, signed) | power (4) ]         12.5 = 125 / 10¹
///
/// Equal numbers have equal bits: of the powers that would do, it is the lowest.
struct CompactNumber: Hashable, Sendable {
    let bits: UInt32

    private static let integerEnd = 0x1p27
    private static let integerMagnitudeEnd: UInt64 = 1 << 27
    /// Integers of 28 bits and powers of ten are exact, so what is read is the double that is nearest to the decimal, which is the
    /// one that it was made of.
    private static let scales = (0...8).compactMap { DecimalScale(exponent: $0) }

    init(bits: UInt32) { self.bits = bits }

    /// nil for what has no such form: also −0.
    @inline(__always)
    init?(_ value: Double) {
        guard value.magnitude < Self.integerEnd else { return nil }
        let integer = Int32(value)
        if Double(integer) == value, integer != 0 || value.sign == .plus {
            self.init(integer, power: 0)
        } else {
            self.init(fraction: value)
        }
    }

    @inline(never)
    private init?(fraction value: Double) {
        for power in 1..<Self.scales.count {
            let scale = Self.scales[power]
            guard value.magnitude * scale.power < Self.integerEnd else { return nil }
            if let (integer, ulps) = scale.split(value), ulps == 0, integer != 0, integer.magnitude < Self.integerMagnitudeEnd {
                self.init(Int32(truncatingIfNeeded: integer), power: power)
                return
            }
        }
        return nil
    }

    // MARK: In fewer bytes

    /// The same in one byte, if it is an integer from 0 to 255.
    @inline(__always)
    var byte: UInt8? { bits & 0xF == 0 ? UInt8(exactly: bits >> 4) : nil }

    /// The same in two bytes, if that is possible.
    ///
    ///     bits  [ integer (14, signed) | power (2) ]
    @inline(__always)
    var short: UInt16? {
        let integer = Int32(bitPattern: bits) >> 4
        guard bits & 0xF <= 3, integer >= -0x2000, integer < 0x2000 else { return nil }
        return UInt16(truncatingIfNeeded: integer << 2) | UInt16(truncatingIfNeeded: bits & 3)
    }

    @inline(__always)
    init(short: UInt16) {
        self.init(Int32(Int16(bitPattern: short) >> 2), power: Int(short & 3))
    }

    @inline(__always)
    private init(_ integer: Int32, power: Int) { bits = UInt32(bitPattern: integer) << 4 | UInt32(truncatingIfNeeded: power) }

    @inline(__always)
    var value: Double {
        let integer = Double(Int32(bitPattern: bits) >> 4)
        let power = Int(bits & 0xF)
        return power == 0 ? integer : integer / DecimalScale.powers[power]
    }
}
