/// Doubles as decimals: `value = integer / 10^exponent`, rounded to the nearest double, and then some units in the last
/// place further.
///
///     0.25       exponent 2: integer 25, ulps 0
///     0.1 + 0.2  exponent 1: integer 3, ulps 1       (a sum of decimals has rounding errors of a few ulps)
///     -0.0       exponent 0: integer 0, ulps −1
///
/// It is exact: ``split(_:)`` refuses whatever ``join(_:ulps:)`` would not give back bit by bit.
public struct DecimalScale: Sendable, Equatable {
    /// 0 to ``exponentMax``.
    public let exponent: Int
    @usableFromInline let power: Double

    /// Up to 10^15 an integer of one digit is below 2^53, and all powers are exact.
    public static let exponentMax = 15
    // Both are computed, so that they are constants in other modules, too.

    /// How far a value may be from its decimal, in units in the last place.
    @inlinable public static var ulpsMax: Int64 { 1023 }
    /// The largest magnitude of an integer.
    @inlinable public static var integerMax: Int64 { 1 << 53 }

    /// - Returns: nil beyond ``exponentMax``.
    public init?(exponent: Int) {
        guard 0...Self.exponentMax ~= exponent else { return nil }
        self.exponent = exponent
        power = Self.powers[exponent]
    }

    /// The smallest exponent that fits all values.
    /// - Returns: nil when there is none: the values are no decimals, or too large.
    public init?(fitting columns: [[Double]]) {
        var scale = Self(exponent: 0)
        for column in columns {
            for value in column {
                if scale?.exponent == 0, Self.integer(value) != nil { continue }
                // What fits an exponent fits every larger one, until it is too large.
                while let tried = scale, tried.split(value) == nil { scale = Self(exponent: tried.exponent + 1) }
                if scale == nil { return nil }
            }
        }
        guard let scale else { return nil }
        if scale.exponent > 0 {
            for column in columns { for value in column where scale.split(value) == nil { return nil } }
        }
        self = scale
    }

    /// The integer that a value is, bit by bit, so not for −0; up to ``integerMax``. That is a decimal of exponent 0 without ulps:
    /// what is most common, and all that is stored of a number by itself.
    @inlinable @inline(__always)
    public static func integer(_ value: Double) -> Int64? {
        // Behind 1.5 · 2^52 an integer up to 2^51 stands in the low bits of the sum; of other numbers something else does.
        let integer = Int64(bitPattern: (value + 0x1.8p52).bitPattern &- 0x1.8p52.bitPattern)
        if Double(integer).bitPattern == value.bitPattern { return integer }
        return value.magnitude > 0x1p51 ? largeInteger(value) : nil
    }

    @usableFromInline @inline(never)
    static func largeInteger(_ value: Double) -> Int64? {
        guard value.magnitude <= Double(integerMax) else { return nil }
        let integer = Int64(value)
        return Double(integer) == value ? integer : nil
    }

    /// - Returns: nil when the value is not that decimal, give or take ``ulpsMax``.
    @inlinable @inline(__always)
    public func split(_ value: Double) -> (integer: Int64, ulps: Int64)? {
        let scaled = value * power
        // Also refuses what is not finite.
        guard scaled.magnitude <= Double(Self.integerMax) else { return nil }
        // Rounds by cutting, which is one instruction.
        let integer = Int64(scaled + (scaled < 0 ? -0.5 : 0.5))
        if exponent == 0, Double(integer).bitPattern == value.bitPattern { return (integer, 0) }
        let ulps = OrderedBits.of(value) &- OrderedBits.of(Double(integer) / power)
        if ulps == 0 { return (integer, 0) }
        guard ulps.magnitude <= Self.ulpsMax.magnitude, integer == 0 || isCoarse(value, ulps) else { return nil }
        return (integer, ulps)
    }

    /// The value of an integer, and of so many units in the last place beside it.
    @inlinable @inline(__always)
    public func join(_ integer: Int64, ulps: Int64 = 0) -> Double {
        let nearest = Double(integer) / power
        return ulps == 0 ? nearest : OrderedBits.double(OrderedBits.of(nearest) &+ ulps)
    }

    /// Whether the distance to the nearest decimal is small beside the distance of two decimals: else it is chance, and
    /// every number would be a decimal of enough digits.
    @inlinable
    func isCoarse(_ value: Double, _ ulps: Int64) -> Bool {
        Double(ulps.magnitude) * value.ulp * power <= 1.0 / 64
    }

    static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]
}
