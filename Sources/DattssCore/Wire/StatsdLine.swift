/// A statsd line, with the extensions of DogStatsD:
///
///     name:value[:value…]|type[|@rate][|#tag:value,…][|anything else]
///
/// (https://github.com/statsd/statsd/blob/master/docs/metric_types.md and
/// https://docs.datadoghq.com/developers/dogstatsd/datagram_shell.) Fields that are not known are passed over.
///
/// Its values are checked. Its path is not: whoever looks it up knows already that a known one is valid.
public struct StatsdLine {
    public let type: SampleType
    /// Whether tags belong to its path.
    public let hasTags: Bool
    /// Whether it has more values than ``first``.
    public let isPacked: Bool
    /// Its first value; of no meaning for a set.
    public let first: Value
    /// How many samples each value stands for: 1/rate.
    public let scale: Double
    private let bytes: DatagramLine.Bytes
    private let nameEnd: Int
    private let valuesEnd: Int
    private let optionsStart: Int

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
        public var value: Double
        public var isSigned: Bool

        public init(value: Double, isSigned: Bool = false) {
            self.value = value
            self.isSigned = isSigned
        }
    }

    /// The lane for the usual line, `name:number|type` and nothing behind it; nil for any other.
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
        (nameEnd, valuesEnd, optionsStart) = (colon, start + length, bytes.count)
        (scale, hasTags, isPacked) = (1, false, false)
    }

    /// - Parameter bar: where the first '|' of the line is.
    init(_ bytes: DatagramLine.Bytes, bar: Int) throws(DatagramError) {
        if bytes.starts(with: "_e{".utf8) || bytes.starts(with: "_sc|".utf8) { throw .unsupported }
        guard let colon = bytes.part(0, bar).position(of: UInt8(ascii: ":")) else { throw .badFormat }
        guard colon > 0 else { throw .badPath }
        let typeEnd = bytes.position(of: UInt8(ascii: "|"), from: bar + 1) ?? bytes.count
        self.bytes = bytes
        (nameEnd, valuesEnd, optionsStart) = (colon, bar, min(typeEnd + 1, bytes.count))
        let options = bytes.part(optionsStart, bytes.count)
        (scale, hasTags) = options.isEmpty ? (1, false) : try Self.read(options)
        let values = bytes.part(colon + 1, bar)
        isPacked = values.position(of: UInt8(ascii: ":")) != nil
        do throws(DatagramError) {
            guard let type = Self.type(bytes.part(bar + 1, typeEnd)) else { throw .badType }
            self.type = type
            first = try Self.check(values, of: type)
        } catch {
            // A bad path is the first thing that a sender should hear of.
            let path = TaggedPath(bytes.part(0, colon), options: hasTags ? options : nil)
            throw path.with { Name.isValidPath($0) } ? error : .badPath
        }
    }

    /// What stands in front of the first colon. Where no user is set for statsd, it begins with an auth key and a dot.
    public var name: DatagramLine.Bytes { bytes.part(0, nameEnd) }

    private var values: DatagramLine.Bytes { bytes.part(nameEnd + 1, valuesEnd) }

    /// Calls `body` with the name and behind it the tags, as components in sorted order. It may not be a valid path.
    public func withPath<Result, Failure: Error>(
        _ body: (DatagramLine.Bytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if !hasTags { return try body(name) }
        return try TaggedPath(name, options: bytes.part(optionsStart, bytes.count)).with(body)
    }

    /// How many values there are.
    public var valueCount: Int {
        isPacked ? values.reduce(1) { $1 == UInt8(ascii: ":") ? $0 + 1 : $0 } : 1
    }

    /// Calls `body` with each number but the first; a set has none.
    func forEachFurtherValue(_ body: (Value) -> Void) {
        guard type != .set, let colon = values.position(of: UInt8(ascii: ":")) else { return }
        Self.forEachPart(of: values.part(colon + 1, values.count)) { part in
            // They were checked when the line was taken apart.
            if let value = try? Self.value(part, of: type) { body(value) }
        }
    }

    /// Calls `body` with each of a set's values.
    func forEachMember(_ body: (DatagramLine.Bytes) -> Void) {
        Self.forEachPart(of: values, body)
    }

    private static func forEachPart(of values: DatagramLine.Bytes, _ body: (DatagramLine.Bytes) -> Void) {
        var start = 0
        while true {
            let end = values.position(of: UInt8(ascii: ":"), from: start) ?? values.count
            body(values.part(start, end))
            if end == values.count { return }
            start = end + 1
        }
    }

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

    /// - Returns: the first of the values, all of which are good.
    private static func check(_ values: DatagramLine.Bytes, of type: SampleType) throws(DatagramError) -> Value {
        if type == .set { return Value(value: 0) }
        guard let colon = values.position(of: UInt8(ascii: ":")) else { return try value(values, of: type) }
        let first = try value(values.part(0, colon), of: type)
        var isGood = true
        forEachPart(of: values.part(colon + 1, values.count)) { part in
            isGood = isGood && (try? value(part, of: type)) != nil
        }
        guard isGood else { throw .badValue }
        return first
    }

    private static func value(_ bytes: DatagramLine.Bytes, of type: SampleType) throws(DatagramError) -> Value {
        guard type == .gauge, let sign = bytes.first else { return Value(value: try number(bytes)) }
        if sign == UInt8(ascii: "=") { return Value(value: try number(bytes.part(1, bytes.count))) }
        return Value(value: try number(bytes), isSigned: isSign(sign))
    }

    private static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }

    private static func number(_ bytes: DatagramLine.Bytes) throws(DatagramError) -> Double {
        guard let base = bytes.baseAddress, let (value, length) = SampleValue.number(base, bytes.count),
            length == bytes.count
        else { throw .badValue }
        return value
    }

    /// The fields behind the type.
    private static func read(_ options: DatagramLine.Bytes) throws(DatagramError) -> (scale: Double, hasTags: Bool) {
        var scale = 1.0
        var hasTags = false
        var start = 0
        while start < options.count {
            let end = options.position(of: UInt8(ascii: "|"), from: start) ?? options.count
            if start < end {
                switch options[start] {
                case UInt8(ascii: "@"): scale = 1 / (try rate(options.part(start + 1, end)))
                case UInt8(ascii: "#"): hasTags = true
                default: break
                }
            }
            start = end + 1
        }
        return (scale, hasTags)
    }

    private static func rate(_ bytes: DatagramLine.Bytes) throws(DatagramError) -> Double {
        guard let rate = try? number(bytes), rate > 0, rate <= 1, (1 / rate) <= Double(Aggregate.countMax) else {
            throw .badRate
        }
        return rate
    }
}
