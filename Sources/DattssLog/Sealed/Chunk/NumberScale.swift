internal import DattssCore

/// How doubles become integers: close numbers are close integers, and nothing is lost.
///
///     code    0 … 15   decimals:      value = integer / 10^code, and some units in the last place further, see ``DecimalScale``
///             16       ordered bits:  the integer that the double is in the order of doubles, see ``OrderedBits``
///
/// A column of a chunk has a scale, and so has a row of a minute block.
struct NumberScale {
    let code: UInt16
    /// nil for ordered bits.
    let decimals: DecimalScale?

    /// What the code takes in a file.
    static let codeBits = 5
    static let integers = NumberScale(code: 0, decimals: DecimalScale(exponent: 0))
    static let orderedBits = NumberScale(code: 16, decimals: nil)

    private init(code: UInt16, decimals: DecimalScale?) { (self.code, self.decimals) = (code, decimals) }

    /// - Returns: nil for a code that no writer writes.
    init?(code: UInt16) {
        if code == Self.orderedBits.code {
            self = .orderedBits
        } else {
            guard let decimals = DecimalScale(exponent: Int(code)) else { return nil }
            self.init(code: code, decimals: decimals)
        }
    }

    /// Whether the numbers are integers themselves.
    @inline(__always)
    var isInteger: Bool { code == 0 }

    @inline(__always)
    func value(_ integer: Int64, ulps: Int64 = 0) -> Double {
        guard let decimals else { return OrderedBits.double(integer) }
        if isInteger, ulps == 0 { return Double(integer) }
        return decimals.join(integer, ulps: ulps)
    }
}

// MARK: The numbers of a row

extension NumberScale {
    /// The smallest exponent of which all values are decimals, without any units in the last place.
    /// - Parameter sum: may be some units in the last place beside a decimal, but for integers.
    static func fitting(_ values: [Double], sum: Double?) -> NumberScale {
        for code in 0...UInt16(DecimalScale.exponentMax) {
            guard let scale = NumberScale(code: code), values.allSatisfy({ scale.integer($0) != nil }) else { continue }
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

    /// The integer next to a value: a prediction, which need not be exact but the same for writer and reader.
    @inline(__always)
    func nearest(_ value: Double) -> Int64 {
        guard let decimals else { return OrderedBits.of(value) }
        return Self.nearestInteger(isInteger ? value : value / decimals.join(1))
    }

    /// 0 for what is too large or not finite.
    @inline(__always)
    static func nearestInteger(_ value: Double) -> Int64 {
        value.magnitude <= 0x1p62 ? Int64(value + (value < 0 ? -0.5 : 0.5)) : 0
    }
}

// MARK: The numbers of a column

extension NumberScale {
    /// The smallest exponent of which all values are decimals, give or take some units in the last place.
    init(fitting columns: [[Double]]) {
        let decimals = DecimalScale(fitting: columns)
        self = decimals.map { NumberScale(code: UInt16($0.exponent), decimals: $0) } ?? .orderedBits
    }

    /// - Returns: no `ulps` where all are 0.
    func split(_ values: [Double]) -> (integers: [Int64], ulps: [Int64]) {
        guard let decimals else { return (values.map { OrderedBits.of($0) }, []) }
        var ulps: [Int64] = []
        let integers = [Int64](unsafeUninitializedCapacity: values.count) { integers, count in
            count = values.count
            for row in 0..<count {
                if isInteger, let integer = DecimalScale.integer(values[row]) {
                    integers[row] = integer
                    continue
                }
                // The scale was made for these values.
                let parts = decimals.split(values[row]) ?? (0, 0)
                integers[row] = parts.integer
                if parts.ulps == 0 { continue }
                if ulps.isEmpty { ulps = [Int64](repeating: 0, count: count) }
                ulps[row] = parts.ulps
            }
        }
        return (integers, ulps)
    }

    func join(_ integers: [Int64], ulps: [Int64]) -> [Double] {
        [Double](unsafeUninitializedCapacity: integers.count) { values, count in
            count = integers.count
            guard let decimals else {
                for row in 0..<count { values[row] = OrderedBits.double(integers[row]) }
                return
            }
            if !ulps.isEmpty {
                for row in 0..<count { values[row] = decimals.join(integers[row], ulps: ulps[row]) }
            } else if isInteger {
                for row in 0..<count { values[row] = Double(integers[row]) }
            } else {
                for row in 0..<count { values[row] = decimals.join(integers[row]) }
            }
        }
    }
}
