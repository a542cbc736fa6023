import DattssCore

/// CSV (RFC 4180), of `timestamp,value` for one statistic or `timestamp,kind,path,value` for many; a header line is
/// passed over. A quoted field may hold commas and doubled quotes, but no line end.
struct SeparatedValues: LineFormat {
    /// What a line of two columns is a sample of.
    let key: StatisticKey

    func read(
        _ line: UnsafeBufferPointer<UInt8>, number: Int, into samples: inout [ImportSample]
    ) throws(LineProblem) {
        let fields = Self.fields(line)
        guard fields.count == 2 || fields.count == 4 else { throw .badColumns }
        guard let at = TimeText.read(fields[0]) else {
            if number == 1, Self.isHeader(fields[0]) { return }
            throw .badTime
        }
        var key = key
        if fields.count == 4 {
            guard let kind = Kind(symbol: String(decoding: fields[1], as: UTF8.self)) else { throw .badKind }
            guard Name.isValidPath(fields[2]) else { throw .badPath }
            key = StatisticKey(kind, String(decoding: fields[2], as: UTF8.self))
        }
        guard let value = Self.number(fields[fields.count - 1]) else { throw .badValue }
        samples.append(ImportSample(at: at, key: key, value: value))
    }

    /// The name of a column begins with a letter (or with a byte order mark), a time never does.
    private static func isHeader(_ field: [UInt8]) -> Bool {
        field.first.map { $0 == 0xEF || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 & 0xDF } ?? false
    }

    /// The fields of a line, without quotes and blanks around them.
    static func fields(_ line: some Collection<UInt8>) -> [[UInt8]] {
        var fields: [[UInt8]] = []
        var field: [UInt8] = []
        var isQuoted = false
        var wasQuote = false
        for byte in line {
            let isQuote = byte == UInt8(ascii: "\"")
            if isQuote {
                // The second of two quotes inside quotes stands for one.
                if !isQuoted, wasQuote { field.append(byte) }
                isQuoted.toggle()
            } else if byte == UInt8(ascii: ","), !isQuoted {
                fields.append(trimmed(field))
                field = []
            } else {
                field.append(byte)
            }
            wasQuote = isQuote && !isQuoted
        }
        fields.append(trimmed(field))
        return fields
    }

    private static func trimmed(_ field: [UInt8]) -> [UInt8] {
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard let start = field.firstIndex(where: { !isBlank($0) }), let end = field.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return Array(field[start...end])
    }

    /// A finite number as JSON writes it, and nothing behind it.
    static func number(_ field: [UInt8]) -> Double? {
        field.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let number = DecimalNumber.scan(base, bytes.count),
                number.length == bytes.count
            else { return nil }
            let value = number.value(base)
            return value.isFinite ? value : nil
        }
    }
}
