/// How the integers of a column become bits: chosen by the writer for each column, by what it costs.
///
///     base (signed, parameter 8) │ form (2 bits) │ form 1, 2: mantissa (3 bits) │ table │ form 3: parameter (6 bits)
///     form 0: all integers are the base
///          1: integer − base, not negative: classes and bits
///          2: integer − base, zigzag: classes and bits
///          3: integer − base, zigzag: ``VariableBits``, for columns that are too short to pay for a table
struct IntegerCoding {
    enum Form {
        case constant
        case classes(mantissa: Int, isSigned: Bool)
        case variable(parameter: Int)
    }

    let base: Int64
    let form: Form
    /// Roughly how many bits all integers take, and their table.
    let cost: Double
    private var table: SymbolTable?

    private static let baseParameter = 8
    /// Longer columns always pay for a table.
    private static let tablelessMax = 256

    /// The cheapest coding.
    init(fitting integers: [Int64]) {
        var (least, most) = (integers.first ?? 0, integers.first ?? 0)
        for integer in integers { (least, most) = (min(least, integer), max(most, integer)) }
        if least == most {
            self.init(base: least, form: .constant, cost: 0)
            return
        }
        var best = IntegerCoding(base: 0, form: .variable(parameter: VariableBits.parameterMax), cost: .infinity)
        var bestCounts: [UInt32] = []
        var histogram = ClassHistogram()
        // Distances to the least need no sign; but where these are wide, zigzag around 0 may have fewer classes.
        for base in 0..<8 ~= least ? [least] : [0, least] {
            let isSigned = base != least
            histogram.count(integers, base: base, isSigned: isSigned)
            for mantissa in stride(from: NumberClass.mantissaMax, through: 0, by: -1) {
                if mantissa < NumberClass.mantissaMax { histogram.coarsen() }
                let cost = histogram.cost
                guard cost < best.cost, histogram.span <= SymbolTable.symbolsMax else { continue }
                best = IntegerCoding(base: base, form: .classes(mantissa: mantissa, isSigned: isSigned), cost: cost)
                bestCounts = histogram.counts
            }
            // A class is a width now.
            for parameter in 0..<24 where integers.count < Self.tablelessMax {
                // These are always zigzag.
                let cost = histogram.variableCost(parameter: parameter) + (isSigned ? 0 : Double(integers.count))
                if cost < best.cost {
                    best = IntegerCoding(base: base, form: .variable(parameter: parameter), cost: cost)
                }
            }
        }
        if case .classes = best.form { best.table = bestCounts.withUnsafeBufferPointer { SymbolTable(counts: $0) } }
        self = best
    }

    private init(base: Int64, form: Form, cost: Double) {
        (self.base, self.form, self.cost) = (base, form, cost)
    }

    func write(_ integers: [Int64], _ bits: inout BitWriter, _ symbols: inout SymbolEncoder) {
        bits.writeSigned(base, parameter: Self.baseParameter)
        switch form {
        case .constant: bits.write(0, bits: 2)
        case .classes(let mantissa, let isSigned):
            guard let table else { return }
            bits.write(isSigned ? 2 : 1, bits: 2)
            bits.write(UInt64(mantissa), bits: 3)
            table.write(to: &bits)
            table.codes.withUnsafeBufferPointer { codes in
                for integer in integers {
                    let value = isSigned ? Zigzag.encode(integer &- base) : UInt64(bitPattern: integer &- base)
                    let number = NumberClass.of(value, mantissa: mantissa)
                    if codes.count > 1 { symbols.append(codes[number &- table.first]) }
                    bits.write(value, bits: NumberClass.bits(after: number, mantissa: mantissa))
                }
            }
        case .variable(let parameter):
            bits.write(3, bits: 2)
            bits.write(UInt64(parameter), bits: 6)
            for integer in integers { bits.writeSigned(integer &- base, parameter: parameter) }
        }
    }

    /// Reads the integers of a column.
    /// - Returns: false for what no writer writes.
    static func read(
        into integers: UnsafeMutableBufferPointer<Int64>, _ bits: inout BitReader, _ symbols: inout SymbolDecoder
    ) -> Bool {
        let base = bits.readSigned(parameter: baseParameter)
        switch bits.read(2) {
        case 0: integers.update(repeating: base)
        case 3:
            let parameter = Int(bits.read(6))
            guard parameter <= VariableBits.parameterMax else { return false }
            for index in integers.indices { integers[index] = bits.readSigned(parameter: parameter) &+ base }
        case let form:
            let mantissa = Int(bits.read(3))
            guard mantissa <= NumberClass.mantissaMax, let table = SymbolTable(&bits),
                table.end <= NumberClass.count(mantissa: mantissa)
            else { return false }
            let isSigned = form == 2
            let classes = (table.first..<table.end).map { number in
                BitReader.Part(
                    first: NumberClass.firstValue(number, mantissa: mantissa),
                    bits: NumberClass.bits(after: number, mantissa: mantissa))
            }
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: integers.count) { positions in
                if table.isConstant {
                    positions.initialize(repeating: 0)
                } else {
                    symbols.decode(DecodingTable(table), into: positions)
                }
                bits.read(classes, at: positions, into: integers)
            }
            if isSigned {
                for index in integers.indices {
                    integers[index] = Zigzag.decode(UInt64(bitPattern: integers[index])) &+ base
                }
            } else if base != 0 {
                for index in integers.indices { integers[index] &+= base }
            }
        }
        return !bits.isExhausted
    }
}
