/// A sample as people write it: `2c`, `153ms`, `23g`, `-1.5g`, with an optional `!` behind it.
public struct SampleValue: Sendable, Hashable {
    /// The value, finite.
    public var value: Double
    /// What its unit says.
    public var kind: Kind
    /// Whether it ends with `!`.
    public var isEmphasised: Bool

    /// Makes a sample of its parts.
    public init(value: Double, kind: Kind, isEmphasised: Bool = false) {
        self.value = value
        self.kind = kind
        self.isEmphasised = isEmphasised
    }

    /// - Throws: a ``DatagramError`` when it is no finite number followed by `c`, `ms` or `g`.
    public init(_ text: some StringProtocol) throws(DatagramError) {
        self = try Array(text.utf8).withUnsafeBufferPointer { bytes throws(DatagramError) in
            try SampleValue(bytes: bytes)
        }
    }

    init(bytes: UnsafeBufferPointer<UInt8>) throws(DatagramError) {
        guard let base = bytes.baseAddress, let (value, length) = Self.number(base, bytes.count) else {
            throw .badValue
        }
        var unit = bytes[length...]
        isEmphasised = unit.last == UInt8(ascii: "!")
        if isEmphasised { unit.removeLast() }
        if unit.elementsEqual("c".utf8) {
            kind = .counter
        } else if unit.elementsEqual("ms".utf8) {
            kind = .timer
        } else if unit.elementsEqual("g".utf8) {
            kind = .gauge
        } else {
            throw .badType
        }
        self.value = value
    }

    /// The finite number that `bytes` begin with, a `+` in front allowed, and how many bytes it takes.
    @inline(__always)
    static func number(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> (value: Double, length: Int)? {
        // Mostly it is a short integer.
        var (digits, length) = (0, 0)
        while length < count, length < shortDigits, bytes[length] &- UInt8(ascii: "0") <= 9 {
            digits = digits &* 10 &+ Int(bytes[length] &- UInt8(ascii: "0"))
            length += 1
        }
        if length > 0, length < shortDigits, length == 1 || bytes[0] != UInt8(ascii: "0"),
            length == count || !isInNumber(bytes[length])
        {
            return (Double(digits), length)
        }
        return anyNumber(bytes, count)
    }

    /// So few that an integer holds them exactly, and so does a double.
    private static var shortDigits: Int { 15 }

    /// Whether a number may go on with it behind its first digits.
    private static func isInNumber(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") || byte &- UInt8(ascii: "0") <= 9
    }

    private static func anyNumber(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> (value: Double, length: Int)? {
        let plus = count > 0 && bytes[0] == UInt8(ascii: "+") ? 1 : 0
        guard plus < count, plus == 0 || bytes[1] != UInt8(ascii: "-"),
            let number = DecimalNumber.scan(bytes + plus, count - plus)
        else { return nil }
        let value = number.value(bytes + plus)
        return value.isFinite ? (value, number.length + plus) : nil
    }
}

/// Why a line of a datagram was not taken in. The raw value is the label of its counter in `/metrics`.
public enum DatagramError: String, Error, Sendable, Hashable, CaseIterable {
    /// Neither `name:value|type` nor `auth:process:path:value`; where Graphite's lines come, not `path value timestamp`.
    case badFormat = "bad_format"
    /// No path, and none can be made of it: nothing is left of it, or more than 255 bytes.
    case badPath = "bad_path"
    case badProcess = "bad_process"
    /// Not a finite number.
    case badValue = "bad_value"
    /// None of `c ms g h d s`.
    case badType = "bad_type"
    /// Not more than 0 and at most 1.
    case badRate = "bad_rate"
    /// No user has this auth key, or a statsd name has none and no user is set for them.
    case unknownKey = "unknown_key"
    /// The auth key may only read.
    case wrongScope = "wrong_scope"
    /// A field behind the type that begins like a number: most likely a rate without its `@`.
    case badField = "bad_field"
    /// An event of DogStatsD whose lengths are not those of its title and text.
    case badEvent = "bad_event"
    /// A service check of DogStatsD without a name, or without a status from 0 to 3.
    case badServiceCheck = "bad_service_check"
    /// A time of a Graphite line that is no number, or neither of the open minute nor of the one before.
    case badTime = "bad_time"
    /// More statistics than fit in one period, or more distinct values than a set holds.
    case full
}
