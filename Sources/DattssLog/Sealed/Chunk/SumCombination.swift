/// What the other numbers of rows say about their sums.
struct SumFeatures {
    let counts: [Int64]
    let last: [Int64]
    let first: [Int64]
    let min: [Int64]
    let max: [Int64]
    let bottom: [Int64]
    let top: [Int64]

    fileprivate static let count = 7

    /// All but the last are times the count. There is room for one more number.
    @inline(__always)
    fileprivate subscript(row: Int) -> SIMD8<Double> {
        let count = Double(counts[row])
        return SIMD8(
            count, count * Double(bottom[row]), count * Double(top[row]), count * Double(min[row]),
            count * Double(max[row]), count * (Double(first[row]) + Double(last[row])), Double(max[row]), 0)
    }
}

/// Sums as a combination of the other numbers of their rows, above all of these times the count: the writer finds the
/// coefficients by the least squares, and stores them. Both sides compute with IEEE doubles in the same order, which is
/// exact everywhere.
///
///     features that are used (7 bits) │ coefficients · 2^20 (signed, parameter 16)
struct SumCombination {
    private static let unit = 0x1p20
    /// With fewer rows, more coefficients than one cost more than they save.
    private static let fullRowsMin = 32
    /// In units; 0 for a feature that is not used.
    private var coefficients: [Int64]

    init(fitting sums: [Int64], _ features: SumFeatures) {
        let used = sums.count < Self.fullRowsMin ? 1 : SumFeatures.count
        var equations = NormalEquations(size: used)
        for (row, sum) in sums.enumerated() {
            // A sum's variance grows with the number of its samples.
            equations.add(features[row], Double(sum), weight: 1 / Double(features.counts[row]))
        }
        coefficients = equations.solution.map { value in
            let scaled = value * Self.unit
            return scaled.magnitude < 0x1p53 ? Int64(scaled) : 0
        }
        coefficients += [Int64](repeating: 0, count: SumFeatures.count - used)
    }

    /// - Returns: nil at the end of the bits.
    init?(_ bits: inout BitReader) {
        let used = bits.read(SumFeatures.count)
        coefficients = (0..<SumFeatures.count).map { feature in
            used >> UInt64(feature) & 1 == 1 ? bits.readSigned(parameter: 16) : 0
        }
        if bits.isExhausted { return nil }
    }

    func write(to bits: inout BitWriter) {
        for coefficient in coefficients { bits.write(coefficient == 0 ? 0 : 1, bits: 1) }
        for coefficient in coefficients where coefficient != 0 { bits.writeSigned(coefficient, parameter: 16) }
    }

    func predicted(from features: SumFeatures) -> [Int64] {
        let factors = coefficients.map { Double($0) / Self.unit }
        let (one, bottom, top, min, max, ends, onlyMax) = (
            factors[0], factors[1], factors[2], factors[3], factors[4], factors[5], factors[6]
        )
        return [Int64](unsafeUninitializedCapacity: features.counts.count) { sums, count in
            count = features.counts.count
            for row in 0..<count {
                let largest = Double(features.max[row])
                var mean = one + bottom * Double(features.bottom[row]) + top * Double(features.top[row])
                mean += min * Double(features.min[row]) + max * largest
                mean += ends * (Double(features.first[row]) + Double(features.last[row]))
                let sum = Double(features.counts[row]) * mean + onlyMax * largest
                sums[row] = sum.magnitude < 0x1p62 ? Int64(sum) : 0
            }
        }
    }
}

/// Linear least squares by the normal equations, for a handful of unknowns.
private struct NormalEquations {
    private let size: Int
    /// Row by row: the matrix, of which only what is right of the diagonal is looked at, and the right side as the last column.
    private var rows: [SIMD8<Double>]

    init(size: Int) {
        self.size = size
        rows = [SIMD8<Double>](repeating: .zero, count: size)
    }

    @inline(__always)
    mutating func add(_ features: SIMD8<Double>, _ value: Double, weight: Double) {
        var right = features
        right[7] = value
        for row in 0..<size { rows[row] += features[row] * weight * right }
    }

    /// A feature that the others make superfluous gets 0.
    var solution: [Double] {
        let width = size + 1
        var a = rows.flatMap { row in (0..<size).map { row[$0] } + [row[7]] }
        for row in 0..<size { for column in 0..<row { a[row * width + column] = a[column * width + row] } }
        let diagonal = (0..<size).map { a[$0 * width + $0] }
        var isUsed = [Bool](repeating: false, count: size)
        // Gauss and Jordan, in the order of the features: the matrix is positive definite, but for superfluous ones.
        for pivot in 0..<size where a[pivot * width + pivot] > 1e-9 * diagonal[pivot] {
            isUsed[pivot] = true
            for row in 0..<size where row != pivot {
                let factor = a[row * width + pivot] / a[pivot * width + pivot]
                for column in pivot..<width { a[row * width + column] -= factor * a[pivot * width + column] }
            }
        }
        return (0..<size).map { isUsed[$0] ? a[$0 * width + size] / a[$0 * width + $0] : 0 }
    }
}
