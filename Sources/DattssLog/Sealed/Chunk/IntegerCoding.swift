internal import DattssCore

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
    /// How often each class occurs.
    private let counts: [UInt32]

    private static let baseParameter = 8
    /// Longer columns always pay for a table.
    private static let tablelessMax = 256
    /// The parameters that are tried are below it.
    private static let parametersTried = 24

    /// The cheapest coding.
    /// - Parameter histogram: room to count in, whatever is in it.
    init(fitting integers: UnsafeBufferPointer<Int64>, _ histogram: inout ClassHistogram) {
        var (least, most) = (integers.first ?? 0, integers.first ?? 0)
        for integer in integers { (least, most) = (min(least, integer), max(most, integer)) }
        if least == most {
            self.init(base: least, form: .constant, cost: 0)
            return
        }
        self.init(base: 0, form: .variable(parameter: VariableBits.parameterMax), cost: .infinity)
        // Distances to the least need no sign; but where these are wide, zigzag around 0 may have fewer classes.
        if !(0..<8 ~= least) { fit(integers, base: 0, isSigned: true, &histogram) }
        fit(integers, base: least, isSigned: false, &histogram)
    }

    private init(base: Int64, form: Form, cost: Double, counts: [UInt32] = []) {
        (self.base, self.form, self.cost, self.counts) = (base, form, cost, counts)
    }

    /// Becomes the cheapest coding with a base, if that is cheaper.
    private mutating func fit(
        _ integers: UnsafeBufferPointer<Int64>, base: Int64, isSigned: Bool, _ histogram: inout ClassHistogram
    ) {
        histogram.count(integers, base: base, isSigned: isSigned)
        var mantissa = NumberClass.mantissaMax
        while mantissa >= 0 {
            if mantissa < NumberClass.mantissaMax { histogram.coarsen() }
            let cost = histogram.cost
            if cost < self.cost, histogram.span <= SymbolTable.symbolsMax {
                self = IntegerCoding(
                    base: base, form: .classes(mantissa: mantissa, isSigned: isSigned), cost: cost, counts: histogram.counts)
            }
            mantissa -= 1
        }
        guard integers.count < Self.tablelessMax else { return }
        // A class is a width now.
        let (parameter, bits) = histogram.cheapestVariable(below: Self.parametersTried)
        // These are always zigzag.
        let cost = Double(bits + 8) + (isSigned ? 0 : Double(integers.count))
        if cost < self.cost { self = IntegerCoding(base: base, form: .variable(parameter: parameter), cost: cost) }
    }

    func write(_ integers: UnsafeBufferPointer<Int64>, _ bits: inout BitWriter, _ symbols: inout SymbolEncoder) {
        bits.writeSigned(base, parameter: Self.baseParameter)
        switch form {
        case .constant: bits.write(0, bits: 2)
        case .classes(let mantissa, let isSigned):
            guard let table = counts.withUnsafeBufferPointer({ SymbolTable(counts: $0) }) else { return }
            bits.write(isSigned ? 2 : 1, bits: 2)
            bits.write(UInt64(mantissa), bits: 3)
            table.write(to: &bits)
            let (base, first) = (base, table.first)
            let value = { (index: Int) -> UInt64 in
                isSigned ? Zigzag.encode(integers[index] &- base) : UInt64(bitPattern: integers[index] &- base)
            }
            if !table.isConstant {
                table.codes.withUnsafeBufferPointer { codes in
                    symbols.append(integers.count) { codes[NumberClass.of(value($0), mantissa: mantissa) &- first] }
                }
            }
            // Small integers are all in their classes.
            if NumberClass.bits(after: table.end - 1, mantissa: mantissa) == 0 { return }
            bits.write(integers.count) {
                let value = value($0)
                return (value, NumberClass.bits(of: value, mantissa: mantissa))
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
            // Without a sign the base is added here, once for each class.
            let offset = isSigned ? 0 : UInt64(bitPattern: base)
            let classes = (table.first..<table.end).map { number in
                BitReader.Part(
                    first: NumberClass.firstValue(number, mantissa: mantissa) &+ offset,
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
            }
        }
        return !bits.isExhausted
    }
}
