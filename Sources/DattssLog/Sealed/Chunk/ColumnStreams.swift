/// Where columns are written to, one after the other: bits, and the symbols that are coded together at the end.
///
///     length of the bits │ length of the symbols │ bits │ symbols        the lengths in bytes, as varints
struct ColumnWriter {
    var bits = BitWriter()
    var symbols = SymbolEncoder()
    private var histogram = ClassHistogram()

    init() {}

    func append(to bytes: inout ByteWriter) {
        let (bits, symbols) = (bits.bytes, symbols.bytes)
        bytes.appendVarint(bits.count)
        bytes.appendVarint(symbols.count)
        bytes.append(bits)
        bytes.append(symbols)
    }

    /// Writes a column with the cheapest prediction and coding.
    /// - Parameter reference: what other columns predict, as long as the column, or empty.
    mutating func write(_ integers: [Int64], _ candidates: [Prediction] = [.none], reference: [Int64] = []) {
        guard let first = integers.first else { return }
        precondition(reference.count == integers.count || !candidates.contains(.reference))
        // The distances of the candidate at hand, and those of the best one before.
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2 * integers.count) { room in
            var distances = UnsafeMutableBufferPointer(rebasing: room[..<integers.count])
            var bestDistances = UnsafeMutableBufferPointer(rebasing: room[integers.count...])
            var best: (prediction: Prediction, coding: IntegerCoding)?
            for prediction in candidates {
                prediction.distances(of: integers, reference: reference, into: distances)
                let coding = IntegerCoding(fitting: UnsafeBufferPointer(distances), &histogram)
                if let best, best.coding.cost <= coding.cost { continue }
                best = (prediction, coding)
                swap(&distances, &bestDistances)
                if case .constant = coding.form { break }
            }
            guard let best else { return }
            bits.write(best.prediction.code, bits: 3)
            if best.prediction.needsFirst { bits.writeSigned(first, parameter: 8) }
            best.coding.write(UnsafeBufferPointer(bestDistances), &bits, &symbols)
        }
    }

    /// Writes a column of doubles.
    /// - Returns: its integers.
    mutating func write(
        _ values: [Double], _ scale: NumberScale, _ candidates: [Prediction], _ reference: [Int64] = []
    ) -> [Int64] {
        if values.isEmpty { return [] }
        let (integers, ulps) = scale.split(values)
        write(integers, candidates, reference: reference)
        bits.write(ulps.isEmpty ? 0 : 1, bits: 1)
        write(ulps)
        return integers
    }
}

/// Reads what a ``ColumnWriter`` wrote.
struct ColumnReader {
    var bits: BitReader
    var symbols: SymbolDecoder

    /// Reads columns out of bytes, and passes over these.
    static func read<Result>(
        _ bytes: inout ByteReader, _ body: (inout ColumnReader) throws(LogError) -> Result
    ) throws(LogError) -> Result {
        let bitBytes = try bytes.count("length of bits", bytesEach: 1)
        let symbolBytes = try bytes.count("length of symbols", bytesEach: 1)
        let bits = try bytes.slice(bitBytes, "bits")
        let symbols = try bytes.slice(symbolBytes, "symbols")
        return try bits.rest.withUnsafeBufferPointer { (bits) throws(LogError) -> Result in
            try symbols.rest.withUnsafeBufferPointer { (symbols) throws(LogError) -> Result in
                var reader = ColumnReader(
                    bits: BitReader(UnsafeRawBufferPointer(bits)), symbols: SymbolDecoder(UnsafeRawBufferPointer(symbols)))
                let result = try body(&reader)
                guard !reader.bits.isExhausted, reader.symbols.isAtEnd else { throw malformed("the end of the columns") }
                return result
            }
        }
    }

    /// Reads a column of as many integers.
    /// - Parameter reference: computed only where the writer has used it.
    mutating func read(_ count: Int, reference: @autoclosure () -> [Int64] = []) throws(LogError) -> [Int64] {
        if count == 0 { return [] }
        let prediction = Prediction(code: bits.read(3))
        let reference = prediction == .reference ? reference() : []
        if prediction == .reference, reference.count < count { throw Self.malformed("a prediction that the column has") }
        let first = prediction.needsFirst ? bits.readSigned(parameter: 8) : 0
        var isRead = false
        let integers = [Int64](unsafeUninitializedCapacity: count) { buffer, initialized in
            let integers = UnsafeMutableBufferPointer(rebasing: buffer[0..<count])
            // Writes all of them, unless it refuses.
            isRead = IntegerCoding.read(into: integers, &bits, &symbols)
            guard isRead else { return }
            initialized = count
            prediction.restore(integers, first: first, reference: reference)
        }
        guard isRead else { throw Self.malformed("a column of \(count) integers") }
        return integers
    }

    /// Reads a column of as many doubles.
    mutating func read(
        _ count: Int, _ scale: NumberScale, _ reference: @autoclosure () -> [Int64] = []
    ) throws(LogError) -> (integers: [Int64], doubles: [Double]) {
        if count == 0 { return ([], []) }
        let integers = try read(count, reference: reference())
        let ulps = bits.read(1) == 1 ? try read(count) : []
        return (integers, scale.join(integers, ulps: ulps))
    }

    static func malformed(_ expected: String) -> LogError {
        LogError(.malformed, expected: "\(expected) in a chunk", found: "other bits")
    }
}
