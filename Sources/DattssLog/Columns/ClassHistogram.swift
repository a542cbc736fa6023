/// How often each ``NumberClass`` occurs in a column, and what coding the column with these classes would cost.
struct ClassHistogram {
    private var all = [UInt32](repeating: 0, count: NumberClass.count(mantissa: NumberClass.mantissaMax))
    private var last = -1
    private var mantissa = NumberClass.mantissaMax

    /// Counts the integers' distances to a base, with the finest mantissa.
    mutating func count(_ integers: [Int64], base: Int64, isSigned: Bool) {
        for number in stride(from: 0, through: last, by: 1) { all[number] = 0 }
        mantissa = NumberClass.mantissaMax
        last = all.withUnsafeMutableBufferPointer { counts in
            var last = 0
            for integer in integers {
                let value = isSigned ? Zigzag.encode(integer &- base) : UInt64(bitPattern: integer &- base)
                let number = NumberClass.of(value, mantissa: NumberClass.mantissaMax)
                counts[number] &+= 1
                last = max(last, number)
            }
            return last
        }
    }

    /// Takes one bit from the mantissa.
    mutating func coarsen() {
        for number in stride(from: 1 << mantissa, through: last, by: 1) {
            let count = all[number]
            all[number] = 0
            all[NumberClass.coarser(number, mantissa: mantissa)] += count
        }
        if last >= 0 { last = NumberClass.coarser(last, mantissa: mantissa) }
        mantissa -= 1
    }

    /// How often class 0, 1, 2 … occurs.
    var counts: [UInt32] { Array(all[0...max(0, last)]) }

    /// From the first class that occurs to the last.
    var span: Int { last - first + 1 }

    /// The entropy of the classes, the bits after them, and some three bits a class for the table.
    var cost: Double {
        var (total, bits, entropy) = (0, 0, 0.0)
        let first = first
        all.withUnsafeBufferPointer { all in
            for number in stride(from: first, through: last, by: 1) where all[number] > 0 {
                let count = Int(all[number])
                total += count
                bits += count * NumberClass.bits(after: number, mantissa: mantissa)
                entropy -= Double(count) * Logarithm.base2(count)
            }
        }
        if total > 0 { entropy += Double(total) * Logarithm.base2(total) }
        return entropy + Double(bits) + 3 * Double(span) + 24
    }

    /// What ``VariableBits`` would cost. To be asked with a mantissa of 0 only, when a class is a width.
    func variableCost(parameter: Int) -> Double {
        var bits = 0
        for width in stride(from: 0, through: last, by: 1) {
            bits += Int(all[width]) * VariableBits.cost(width: width, parameter: parameter)
        }
        return Double(bits + 8)
    }

    private var first: Int {
        var first = 0
        while first < last, all[first] == 0 { first += 1 }
        return first
    }
}

/// Logarithms for estimates: to 1 in 1,000, without a library for mathematics.
enum Logarithm {
    /// log₂ of a positive integer.
    @inline(__always)
    static func base2(_ value: Int) -> Double {
        let octave = 63 - value.leadingZeroBitCount
        let cell = octave >= 10 ? value >> (octave - 10) : value << (10 - octave)
        return Double(octave) + fractions[cell - 1024]
    }

    /// log₂ (1 + i/1024) by repeated squaring.
    private static let fractions: [Double] = (0..<1024).map { cell in
        var (value, bit, result) = (1 + Double(cell) / 1024, 0.5, 0.0)
        for _ in 0..<20 {
            value *= value
            if value >= 2 {
                value /= 2
                result += bit
            }
            bit /= 2
        }
        return result
    }
}
