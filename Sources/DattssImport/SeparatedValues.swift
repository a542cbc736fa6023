public import DattssCore
public import DattssLog

/// CSV (RFC 4180), of `timestamp,value` for one statistic or `timestamp,kind,path,value` for many; a header line is
/// passed over. A quoted field may hold separators and doubled quotes, but no line end.
///
/// What separates fields is a comma, a semicolon or a tab: the one with which the first good line can be read, and from there on
/// no other. A first line `sep=;`, which spreadsheets write, is passed over like a header.
public struct SeparatedValues: LineFormat {
    /// What a line of two columns is a sample of.
    let key: StatisticKey
    /// The names of which paths were made so far.
    public private(set) var rewritten = RewrittenNames()
    private var separator: UInt8?
    /// The one that the header has first.
    private var separatorOfHeader: UInt8?
    private var isHeaderPossible = true

    private static let separators = Array(",;\t".utf8)

    /// - Parameter key: the statistic of lines that name none.
    public init(key: StatisticKey) { self.key = key }

    /// Reads a line; a header gives no sample, and neither does the `sep=` of spreadsheets.
    public mutating func read(
        _ line: UnsafeBufferPointer<UInt8>, number: Int, into samples: inout [ImportSample]
    ) throws(LineProblem) {
        if isHeaderPossible, takeHeader(line) { return }
        isHeaderPossible = false
        if let separator {
            samples.append(try sample(line, separator))
        } else {
            samples.append(try firstSample(line))
        }
    }

    /// Whether the line names columns, and is passed over. The name of a column begins with a letter, a time never does.
    private mutating func takeHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        let letter = line.first { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: " ") } ?? 0
        guard UInt8(ascii: "A")...UInt8(ascii: "Z") ~= letter & 0xDF else { return false }
        let isSeparatorOnly = line.count == 5 && line.starts(with: "sep=".utf8)
        separatorOfHeader = line.first(where: Self.separators.contains)
        // Behind sep=; the names may follow.
        isHeaderPossible = isSeparatorOnly
        return separatorOfHeader != nil
    }

    /// A sample of the first line that has one.
    private mutating func firstSample(_ line: UnsafeBufferPointer<UInt8>) throws(LineProblem) -> ImportSample {
        for candidate in Self.separators {
            guard let sample = try? sample(line, candidate) else { continue }
            separator = candidate
            return sample
        }
        return try sample(line, separatorOfHeader ?? line.first(where: Self.separators.contains) ?? Self.separators[0])
    }

    private mutating func sample(
        _ line: UnsafeBufferPointer<UInt8>, _ separator: UInt8
    ) throws(LineProblem) -> ImportSample {
        let fields = Self.fields(line, separatedBy: separator)
        guard fields.count == 2 || fields.count == 4 else { throw .badColumns }
        guard let at = TimeText.read(fields[0]) else { throw .badTime }
        let kind = fields.count == 4 ? Kind(symbol: String(decoding: fields[1], as: UTF8.self)) : key.kind
        guard let kind else { throw .badKind }
        guard let value = FieldNumber.value(fields[fields.count - 1]) else { throw .badValue }
        // Last, for what is rewritten is counted.
        guard let path = fields.count == 4 ? rewritten.path(fields[2]) : key.path else { throw .badPath }
        return ImportSample(at: at, key: StatisticKey(kind, path), value: value)
    }

    /// The fields of a line, without quotes and blanks around them.
    static func fields(_ line: some Collection<UInt8>, separatedBy separator: UInt8 = UInt8(ascii: ",")) -> [[UInt8]] {
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
            } else if byte == separator, !isQuoted {
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
}
