/// A statsd line, with the extensions of DogStatsD:
///
///     name:value[:value…]|type[|@rate][|#tag:value,…][|anything else]
///     name:value|type[|@rate]:value|type[|@rate]…
///
/// (https://github.com/statsd/statsd/blob/master/docs/metric_types.md and
/// https://docs.datadoghq.com/developers/dogstatsd/datagram_shell; `clients/statsd.md` says what becomes of each form, and which
/// servers take it.) There may be blanks around everything but a set's member. Numbers are ``FieldNumber``s.
///
/// All of its samples are checked when it is taken apart. Its name is not: whoever looks it up knows already that a known one is
/// valid, and makes a path of any other.
public struct StatsdLine {
    /// What its type says.
    public let type: SampleType
    /// Whether tags belong to its path.
    public private(set) var hasTags: Bool
    /// How many values there are: ``first``, and those behind further colons.
    public let valueCount: Int
    /// Its first value; of no meaning for a set.
    public let first: Value
    /// How many samples each value stands for: 1/rate. When there are several rates, the last one counts.
    public let scale: Double
    private let bytes: DatagramLine.Bytes
    private let nameEnd: Int
    private let valuesStart: Int
    private let valuesEnd: Int
    /// Behind the first type of the line.
    private let optionsStart: Int
    /// Where the values of ``next`` begin.
    private let nextStart: Int?

    /// The types of samples.
    public enum SampleType: Sendable, Hashable {
        case counter
        /// Types `ms`, `h` and `d`.
        case timer
        case gauge
        /// Type `s`: values of which the distinct ones are counted.
        case set
    }

    /// For a gauge, an unsigned number or one after `=` sets; a signed one is a delta where the value before it is known.
    public struct Value: Sendable, Hashable {
        /// The number.
        public var value: Double
        /// Whether it has an explicit sign.
        public var isSigned: Bool

        /// Makes a value of its parts.
        public init(value: Double, isSigned: Bool = false) {
            self.value = value
            self.isSigned = isSigned
        }
    }

    /// Reads the usual line, `name:number|type` and nothing behind it; nil for any other.
    @inline(__always)
    init?(usual bytes: DatagramLine.Bytes) {
        guard let colon = bytes.positionOfColonOrBar, colon > 0, bytes[colon] == UInt8(ascii: ":"),
            bytes[0] != UInt8(ascii: "_")
        else { return nil }
        let start = colon + 1
        guard let base = bytes.baseAddress, let (value, length) = SampleValue.number(base + start, bytes.count - start),
            start + length < bytes.count, bytes[start + length] == UInt8(ascii: "|"),
            let type = Self.type(bytes.part(start + length + 1, bytes.count)), type != .set
        else { return nil }
        self.bytes = bytes
        self.type = type
        first = Value(value: value, isSigned: type == .gauge && Self.isSign(bytes[start]))
        (nameEnd, valuesStart, valuesEnd, optionsStart) = (colon, start, start + length, bytes.count)
        (scale, hasTags, valueCount, nextStart) = (1, false, 1, nil)
    }

    /// - Parameter bytes: a line that contains a bar.
    init(_ bytes: DatagramLine.Bytes) throws(DatagramError) {
        let bytes = bytes.trimmedLineEnd
        guard let separator = bytes.positionOfColonOrBar, bytes[separator] == UInt8(ascii: ":") else { throw .badFormat }
        guard separator > 0 else { throw .badPath }
        do throws(DatagramError) {
            try self.init(bytes, nameEnd: separator, valuesStart: separator + 1)
            var start = nextStart
            while let valuesStart = start {
                let further = try StatsdLine(bytes, nameEnd: separator, valuesStart: valuesStart)
                hasTags = hasTags || further.hasTags
                start = further.nextStart
            }
        } catch {
            // A bad name is the first thing that a sender should hear of.
            throw TaggedPath(bytes.part(0, separator), options: nil).with { $0.bytes.isEmpty } ? .badPath : error
        }
    }

    /// Takes apart one sample of a line.
    private init(_ bytes: DatagramLine.Bytes, nameEnd: Int, valuesStart: Int) throws(DatagramError) {
        guard let bar = bytes.position(of: UInt8(ascii: "|"), from: valuesStart) else { throw .badType }
        let typeEnd = bytes.position(of: UInt8(ascii: "|"), from: bar + 1) ?? bytes.count
        let typeField = bytes.part(bar + 1, typeEnd)
        let colon = typeField.position(of: UInt8(ascii: ":"))
        guard let type = Self.type(typeField.part(0, colon ?? typeField.count).trimmed) else { throw .badType }
        self.type = type
        (first, valueCount) = try Self.check(bytes.part(valuesStart, bar), of: type)
        if let colon {
            (scale, hasTags, nextStart) = (1, false, bar + 1 + colon + 1)
        } else {
            (scale, hasTags, nextStart) = try Self.readFields(of: bytes, from: typeEnd + 1)
        }
        self.bytes = bytes
        (self.nameEnd, self.valuesStart, valuesEnd) = (nameEnd, valuesStart, bar)
        optionsStart = min(typeEnd + 1, bytes.count)
    }

    /// What stands in front of the first colon. Where no user is set for statsd, it begins with an auth key and a dot.
    public var name: DatagramLine.Bytes { bytes.part(0, nameEnd) }

    /// The fields behind the first type, some of which may be tags for all samples of the line.
    private var options: DatagramLine.Bytes { bytes.part(optionsStart, bytes.count) }

    /// Calls `body` with each field that holds tags, from its `#` on.
    package func forEachTagField(_ body: (DatagramLine.Bytes) -> Void) {
        guard hasTags else { return }
        options.forEachPart(separatedBy: UInt8(ascii: "|")) { if $0.first == UInt8(ascii: "#") { body($0) } }
    }

    /// What follows in a line that repeats all but the name, as statsd itself packs samples: `name:1|c:2|ms`. Its path is that of
    /// the whole line.
    public var next: StatsdLine? {
        // It was checked when the line was taken apart.
        nextStart.flatMap { try? StatsdLine(bytes, nameEnd: nameEnd, valuesStart: $0) }
    }

    private var values: DatagramLine.Bytes { bytes.part(valuesStart, valuesEnd) }

    /// Calls `body` with the path: the name and behind it the tags, as components in sorted order, all rewritten as
    /// ``Name/rewritten(_:)`` does. Without bytes when no path can be made of them.
    public func withPath<Result, Failure: Error>(
        _ body: (DatagramLine.Bytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withPath(behind: 0) { (path) throws(Failure) in try body(path.bytes) }
    }

    /// The same without the first bytes of the name, and whether it had to be rewritten.
    package func withPath<Result, Failure: Error>(
        behind prefix: Int, _ body: (TaggedPath.Path) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try TaggedPath(bytes.part(prefix, nameEnd), options: hasTags ? options : nil).with(body)
    }

    /// Calls `body` with each number but the first; a set has none.
    func forEachFurtherValue(_ body: (Value) -> Void) {
        guard valueCount > 1 else { return }
        var isFirst = true
        values.forEachPart(separatedBy: UInt8(ascii: ":")) { part in
            // They were checked when the line was taken apart.
            if !isFirst, let value = try? Self.value(part, of: type) { body(value) }
            isFirst = false
        }
    }

    /// What a set gets: all that is in front of the bar, colons too.
    var member: DatagramLine.Bytes { values }

    @inline(__always)
    private static func type(_ bytes: DatagramLine.Bytes) -> SampleType? {
        if bytes.count == 1 {
            switch bytes[0] {
            case UInt8(ascii: "c"): return .counter
            case UInt8(ascii: "g"): return .gauge
            case UInt8(ascii: "h"), UInt8(ascii: "d"): return .timer
            case UInt8(ascii: "s"): return .set
            default: return nil
            }
        }
        return bytes.count == 2 && bytes[0] == UInt8(ascii: "m") && bytes[1] == UInt8(ascii: "s") ? .timer : nil
    }

    /// - Returns: the first of the values, all of which are good, and how many there are.
    private static func check(
        _ values: DatagramLine.Bytes, of type: SampleType
    ) throws(DatagramError) -> (first: Value, count: Int) {
        if type == .set { return (Value(value: 0), 1) }
        guard values.position(of: UInt8(ascii: ":")) != nil else { return (try value(values.trimmed, of: type), 1) }
        var first: Value?
        var (count, isGood) = (0, true)
        values.forEachPart(separatedBy: UInt8(ascii: ":")) { part in
            let value = try? value(part, of: type)
            isGood = isGood && value != nil
            first = first ?? value
            count += 1
        }
        guard isGood, let first else { throw .badValue }
        return (first, count)
    }

    private static func value(_ bytes: DatagramLine.Bytes, of type: SampleType) throws(DatagramError) -> Value {
        guard type == .gauge, let sign = bytes.first else { return Value(value: try number(bytes)) }
        if sign == UInt8(ascii: "=") { return Value(value: try number(bytes.part(1, bytes.count).trimmed)) }
        return Value(value: try number(bytes), isSigned: isSign(sign))
    }

    private static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }

    private static func number(_ bytes: DatagramLine.Bytes) throws(DatagramError) -> Double {
        guard let value = FieldNumber.value(bytes) else { throw .badValue }
        return value
    }

    /// The fields behind a type, up to a rate that a colon ends: there the next sample's values begin.
    private static func readFields(
        of bytes: DatagramLine.Bytes, from optionsStart: Int
    ) throws(DatagramError) -> (scale: Double, hasTags: Bool, nextStart: Int?) {
        var (scale, hasTags) = (1.0, false)
        var start = optionsStart
        while start < bytes.count {
            let end = bytes.position(of: UInt8(ascii: "|"), from: start) ?? bytes.count
            let field = bytes.part(start, end).trimmed
            switch field.first {
            case UInt8(ascii: "@"):
                let colon = field.position(of: UInt8(ascii: ":"))
                scale = 1 / (try rate(field.part(1, colon ?? field.count).trimmed))
                if colon != nil {
                    return (scale, hasTags, bytes.position(of: UInt8(ascii: ":"), from: start).map { $0 + 1 })
                }
            case UInt8(ascii: "#"): hasTags = true
            // No field that anybody knows begins like a number: it is a rate that lacks its sign, and would change the sum.
            case let byte? where beginsNumber(byte): throw .badField
            default: break
            }
            start = end + 1
        }
        return (scale, hasTags, nil)
    }

    private static func beginsNumber(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") <= 9 || byte == UInt8(ascii: ".") || isSign(byte)
    }

    private static func rate(_ bytes: DatagramLine.Bytes) throws(DatagramError) -> Double {
        guard let rate = FieldNumber.value(bytes), rate > 0, rate <= 1, (1 / rate) <= Double(Aggregate.countMax) else {
            throw .badRate
        }
        return rate
    }
}
