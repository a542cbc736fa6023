/// How the numbers of a row become integers.
///
/// As decimals: `integer / 10^exponent`, where all of them are, and the sum but for a few units in the last place; see
/// ``DecimalScale``. Else as the integers that doubles are in their order; see ``OrderedBits``. Either way close numbers are
/// close integers, and nothing is lost.
struct RowScale {
    /// The exponent; ``orderedBits`` is 16.
    let code: UInt16
    let decimals: DecimalScale?

    static let integers = RowScale(decimals: DecimalScale(exponent: 0), code: 0)
    static let orderedBits = RowScale(decimals: nil, code: 16)

    private init(decimals: DecimalScale?, code: UInt16) {
        self.decimals = decimals
        self.code = code
    }

    init?(code: UInt16) {
        if code == Self.orderedBits.code {
            self = .orderedBits
        } else {
            guard let decimals = DecimalScale(exponent: Int(code)) else { return nil }
            self.init(decimals: decimals, code: code)
        }
    }

    /// The smallest exponent that fits.
    /// - Parameter sum: may be some units in the last place beside a decimal, but for integers.
    static func fitting(_ values: [Double], sum: Double?) -> RowScale {
        for code in 0...UInt16(DecimalScale.exponentMax) {
            guard let scale = RowScale(code: code), values.allSatisfy({ scale.integer($0) != nil }) else { continue }
            if let sum, scale.sum(sum) == nil { continue }
            return scale
        }
        return .orderedBits
    }

    @inline(__always)
    func integer(_ value: Double) -> Int64? {
        guard let decimals else { return OrderedBits.of(value) }
        guard let (integer, ulps) = decimals.split(value), ulps == 0 else { return nil }
        return integer
    }

    func sum(_ value: Double) -> (integer: Int64, ulps: Int64)? {
        guard let decimals else { return (OrderedBits.of(value), 0) }
        guard let split = decimals.split(value), hasUlps || split.ulps == 0 else { return nil }
        return split
    }

    /// Sums of integers are exact, sums of other decimals seldom are.
    var hasUlps: Bool { decimals != nil && code > 0 }

    @inline(__always)
    func value(_ integer: Int64, ulps: Int64 = 0) -> Double {
        guard let decimals else { return OrderedBits.double(integer) }
        if code == 0 { return Double(integer) }
        return decimals.join(integer, ulps: ulps)
    }

    /// The integer next to a value: a prediction, which need not be exact but the same for writer and reader.
    @inline(__always)
    func nearest(_ value: Double) -> Int64 {
        guard let decimals else { return OrderedBits.of(value) }
        let scaled = code == 0 ? value : value / decimals.join(1)
        // Also refuses what is not finite.
        return scaled.magnitude <= 0x1p62 ? Int64(scaled + (scaled < 0 ? -0.5 : 0.5)) : 0
    }
}
