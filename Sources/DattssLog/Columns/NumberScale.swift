/// How the doubles of columns are integers: as decimals where all of them are, else by their bits.
///
///     5 bits: 0 to 15: exponent of the decimals;  16: ordered bits
enum NumberScale {
    case decimal(DecimalScale)
    case ordered

    static let codeBits = 5

    init(fitting columns: [[Double]]) {
        self = DecimalScale(fitting: columns).map { .decimal($0) } ?? .ordered
    }

    var code: UInt64 {
        switch self {
        case .decimal(let scale): UInt64(scale.exponent)
        case .ordered: UInt64(DecimalScale.exponentMax + 1)
        }
    }

    /// - Returns: nil for a code that no writer writes.
    init?(code: UInt64) {
        if code == DecimalScale.exponentMax + 1 {
            self = .ordered
        } else if let scale = DecimalScale(exponent: Int(code)) {
            self = .decimal(scale)
        } else {
            return nil
        }
    }

    /// - Returns: no `ulps` where all are 0.
    func split(_ values: [Double]) -> (integers: [Int64], ulps: [Int64]) {
        guard case .decimal(let scale) = self else { return (values.map { OrderedBits.of($0) }, []) }
        var ulps = [Int64](repeating: 0, count: values.count)
        var isExact = true
        let integers = values.indices.map { row in
            // The scale was made for these values.
            let parts = scale.split(values[row]) ?? (0, 0)
            if parts.ulps != 0 {
                ulps[row] = parts.ulps
                isExact = false
            }
            return parts.integer
        }
        return (integers, isExact ? [] : ulps)
    }

    func join(_ integers: [Int64], ulps: [Int64]) -> [Double] {
        [Double](unsafeUninitializedCapacity: integers.count) { values, count in
            count = integers.count
            switch self {
            case .ordered: for row in 0..<count { values[row] = OrderedBits.double(integers[row]) }
            case .decimal(let scale) where !ulps.isEmpty:
                for row in 0..<count { values[row] = scale.join(integers[row], ulps: ulps[row]) }
            case .decimal(let scale) where scale.exponent == 0:
                for row in 0..<count { values[row] = Double(integers[row]) }
            case .decimal(let scale): for row in 0..<count { values[row] = scale.join(integers[row]) }
            }
        }
    }
}
