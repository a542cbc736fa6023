internal import DattssCore

/// How often each ``NumberClass`` occurs in a column, and what coding the column with these classes would cost.
struct ClassHistogram {
    private var all = [UInt32](repeating: 0, count: NumberClass.count(mantissa: NumberClass.mantissaMax))
    private var last = -1
    private var mantissa = NumberClass.mantissaMax

    /// Counts the integers' distances to a base, with the finest mantissa.
    mutating func count(_ integers: UnsafeBufferPointer<Int64>, base: Int64, isSigned: Bool) {
        mantissa = NumberClass.mantissaMax
        let lastBefore = last
        last = all.withUnsafeMutableBufferPointer { counts in
            if lastBefore >= 0 { counts[0...lastBefore].update(repeating: 0) }
            return isSigned
                ? Self.count(integers, into: counts) { Zigzag.encode($0 &- base) }
                : Self.count(integers, into: counts) { UInt64(bitPattern: $0 &- base) }
        }
    }

    /// - Returns: the last class.
    @inline(__always)
    private static func count(
        _ integers: UnsafeBufferPointer<Int64>, into counts: UnsafeMutableBufferPointer<UInt32>, _ value: (Int64) -> UInt64
    ) -> Int {
        var most: UInt64 = 0
        for integer in integers {
            let value = value(integer)
            counts[NumberClass.of(value, mantissa: NumberClass.mantissaMax)] &+= 1
            most = max(most, value)
        }
        return NumberClass.of(most, mantissa: NumberClass.mantissaMax)
    }

    /// Takes one bit from the mantissa.
    mutating func coarsen() {
        let (mantissa, last) = (mantissa, last)
        all.withUnsafeMutableBufferPointer { all in
            var number = 1 << mantissa
            while number <= last {
                let count = all[number]
                all[number] = 0
                all[NumberClass.coarser(number, mantissa: mantissa)] &+= count
                number &+= 1
            }
        }
        if last >= 0 { self.last = NumberClass.coarser(last, mantissa: mantissa) }
        self.mantissa = mantissa - 1
    }

    /// How often class 0, 1, 2 … occurs.
    var counts: [UInt32] { Array(all[0...max(0, last)]) }

    /// From the first class that occurs to the last.
    var span: Int { last - first + 1 }

    /// The entropy of the classes, the bits after them, and some three bits a class for the table.
    var cost: Double {
        var (total, bits, entropy) = (0, 0, 0.0)
        let (first, last, mantissa) = (first, last, mantissa)
        all.withUnsafeBufferPointer { all in
            Logarithm.withProducts { logarithm in
                var number = first
                while number <= last {
                    let count = Int(all[number])
                    if count > 0 {
                        total &+= count
                        bits &+= count &* NumberClass.bits(after: number, mantissa: mantissa)
                        entropy -= logarithm.product(count)
                    }
                    number &+= 1
                }
                if total > 0 { entropy += logarithm.product(total) }
            }
        }
        return entropy + Double(bits) + 3 * Double(span) + 24
    }

    /// The first of ``VariableBits``' parameters below `limit` with which all integers cost least. To be asked with a mantissa of
    /// 0 only, when a class is a width.
    func cheapestVariable(below limit: Int) -> (parameter: Int, bits: Int) {
        var (total, widths) = (0, 0)
        for width in 0..<last + 1 {
            total += Int(all[width])
            widths += Int(all[width]) * width
        }
        var cheapest = (parameter: 0, bits: Int.max)
        // Those that are no wider than the parameter.
        var (short, shortWidths) = (0, 0)
        for parameter in 0..<limit {
            if parameter <= last {
                short += Int(all[parameter])
                shortWidths += Int(all[parameter]) * parameter
            }
            // ``VariableBits/cost(width:parameter:)`` of them, and of the others.
            let bits = short * (parameter + 1) + 2 * (widths - shortWidths) - parameter * (total - short)
            if bits < cheapest.bits { cheapest = (parameter, bits) }
        }
        return cheapest
    }

    private var first: Int {
        let last = last
        return all.withUnsafeBufferPointer { all in
            var first = 0
            while first < last, all[first] == 0 { first &+= 1 }
            return first
        }
    }
}

/// Logarithms for estimates: to 1 in 1,000, without a library for mathematics.
enum Logarithm {
    /// Products with small integers, for loops.
    struct Products {
        fileprivate let known: UnsafeBufferPointer<Double>

        /// n log₂ n of a positive integer.
        @inline(__always)
        func product(_ value: Int) -> Double {
            value < known.count ? known[value] : Logarithm.product(value)
        }
    }

    @inline(__always)
    static func withProducts<Result>(_ body: (Products) -> Result) -> Result {
        products.withUnsafeBufferPointer { body(Products(known: $0)) }
    }

    /// log₂ of a positive integer.
    static func base2(_ value: Int) -> Double {
        let octave = 63 - value.leadingZeroBitCount
        let cell = octave >= 10 ? value >> (octave - 10) : value << (10 - octave)
        return Double(octave) + fractions[cell - 1024]
    }

    private static func product(_ value: Int) -> Double { Double(value) * base2(value) }

    /// A day has 1,440 minutes.
    private static let products: [Double] = (0..<2048).map { $0 == 0 ? 0 : product($0) }

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
