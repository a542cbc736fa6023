/// Takes a statsd line apart, with the extensions of DogStatsD:
///
///     name:value[:value…]|type[|@rate][|#tag:value,…][|anything else]
///
/// (https://github.com/statsd/statsd/blob/master/docs/metric_types.md and
/// https://docs.datadoghq.com/developers/dogstatsd/datagram_shell.) Fields that are not known are passed over.
enum StatsdLine {
    private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(DatagramError) -> DatagramLine.Statsd {
        if bytes.starts(with: "_e{".utf8) || bytes.starts(with: "_sc|".utf8) { throw .unsupported }
        let fields = bytes.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        guard let colon = fields[0].firstIndex(of: UInt8(ascii: ":")) else { throw .badFormat }
        let name = fields[0][..<colon]
        let values = fields[0][(colon + 1)...].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var scale = 1.0
        guard !name.isEmpty else { throw .badPath }
        var path = String(decoding: name, as: UTF8.self)
        for field in fields.dropFirst(2) {
            switch field.first {
            case UInt8(ascii: "@"): scale = 1 / (try rate(field.dropFirst()))
            case UInt8(ascii: "#"): path += tags(field.dropFirst())
            default: break
            }
        }
        guard Name.isValidPath(path.utf8) else { throw .badPath }
        return DatagramLine.Statsd(path: path, samples: try samples(values, type: fields[1]), scale: scale)
    }

    private static func samples(_ values: [Bytes], type: Bytes) throws(DatagramError) -> DatagramLine.Samples {
        if type.elementsEqual("c".utf8) { return .counter(try values.map(number)) }
        if type.elementsEqual("ms".utf8) || type.elementsEqual("h".utf8) || type.elementsEqual("d".utf8) {
            return .timer(try values.map(number))
        }
        if type.elementsEqual("g".utf8) { return .gauge(try values.map(gauge)) }
        if type.elementsEqual("s".utf8) { return .set(values.map { String(decoding: $0, as: UTF8.self) }) }
        throw .badType
    }

    private static func number(_ bytes: Bytes) throws(DatagramError) -> Double {
        let bytes = UnsafeBufferPointer(rebasing: bytes)
        guard let base = bytes.baseAddress, let (value, length) = SampleValue.number(base, bytes.count),
            length == bytes.count
        else { throw .badValue }
        return value
    }

    private static func gauge(_ bytes: Bytes) throws(DatagramError) -> DatagramLine.GaugeSample {
        if bytes.first == UInt8(ascii: "=") {
            return DatagramLine.GaugeSample(value: try number(bytes.dropFirst()))
        }
        let isSigned = bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-")
        return DatagramLine.GaugeSample(value: try number(bytes), isSigned: isSigned)
    }

    private static func rate(_ bytes: Bytes) throws(DatagramError) -> Double {
        guard let rate = try? number(bytes), rate > 0, rate <= 1, (1 / rate) <= Double(Aggregate.countMax) else {
            throw .badRate
        }
        return rate
    }

    /// `env:prod,az:b` → `.az:b.env:prod`; a byte that no path has becomes `_`.
    private static func tags(_ bytes: Bytes) -> String {
        bytes.split(separator: UInt8(ascii: ","))
            .map { String(decoding: $0.map { Name.isNameByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self) }
            .sorted()
            .map { "." + $0 }
            .joined()
    }
}
