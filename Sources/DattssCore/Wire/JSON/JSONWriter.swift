import CPlatform

/// Writes JSON (RFC 8259) into bytes: what is written is what is sent, no tree in between.
///
///     var json = JSONWriter()
///     json.object { json in
///         json.member("at", 1_795_330_000)
///         json.array("c") { json in json.value("x") }
///     }
public struct JSONWriter: Sendable {
    /// What was written so far, in UTF-8.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private var nestedCount = 0

    /// - Parameter capacity: how many bytes there is room for at first.
    public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// Writes an object as the next value.
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        nest(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    /// Writes an array as the next value.
    public mutating func array(_ elements: (inout JSONWriter) -> Void) {
        nest(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    /// Writes a member that is an object. Names are not escaped.
    public mutating func object(_ name: StaticString, _ members: (inout JSONWriter) -> Void) {
        self.name(name)
        object(members)
    }

    /// Writes a member that is an array. Names are not escaped.
    public mutating func array(_ name: StaticString, _ elements: (inout JSONWriter) -> Void) {
        self.name(name)
        array(elements)
    }

    /// Writes a member that is a string; nil is `null`.
    public mutating func member(_ name: StaticString, _ value: String?) {
        self.name(name)
        if let value { self.value(value) } else { null() }
    }

    /// Writes a member that is a number; nil, and what is not finite, is `null`.
    public mutating func member(_ name: StaticString, _ value: Double?) {
        self.name(name)
        if let value { self.value(value) } else { null() }
    }

    /// Writes a member that is an integer; nil is `null`.
    public mutating func member(_ name: StaticString, _ value: Int64?) {
        self.name(name)
        if let value { self.value(value) } else { null() }
    }

    /// Writes a member that is `true` or `false`.
    public mutating func member(_ name: StaticString, _ value: Bool) {
        self.name(name)
        self.value(value)
    }

    /// Writes `true` or `false` as the next value.
    public mutating func value(_ value: Bool) {
        comma()
        raw(value ? "true" : "false")
        needsComma = true
    }

    /// Writes a member that is a string, whose name is escaped like one.
    public mutating func member(escaping name: String, _ value: String) {
        self.name(escaping: name)
        self.value(value)
    }

    /// Writes a member that is an array, whose name is escaped like a string.
    public mutating func array(escaping name: String, _ elements: (inout JSONWriter) -> Void) {
        self.name(escaping: name)
        array(elements)
    }

    /// Writes the name of a member that is not known beforehand, with the escapes that it needs; its value is to follow.
    public mutating func name(escaping name: String) {
        value(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes an integer as the next value.
    public mutating func value(_ value: Int64) {
        comma()
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    /// The shortest decimal that reads back as the same double; whole numbers up to 2^53 without a fraction. What is not
    /// finite is `null`.
    public mutating func value(_ value: Double) {
        guard value.isFinite else { return null() }
        if value.magnitude <= 0x1p53, value == value.rounded(.towardZero), !(value == 0 && value.sign == .minus) {
            return self.value(Int64(value))
        }
        comma()
        bytes.append(contentsOf: value.description.utf8)
        needsComma = true
    }

    /// Writes a string as the next value, with the escapes that it needs.
    public mutating func value(_ value: String) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                raw("\\u00")
                bytes.append(Self.hexDigits[Int(byte >> 4)])
                bytes.append(Self.hexDigits[Int(byte & 15)])
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes `null` as the next value.
    public mutating func null() {
        comma()
        raw("null")
        needsComma = true
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    private mutating func name(_ name: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        raw(name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func nest(_ open: UInt8, _ close: UInt8, _ content: (inout JSONWriter) -> Void) {
        comma()
        bytes.append(open)
        needsComma = false
        content(&self)
        bytes.append(close)
        needsComma = true
        nestedCount &+= 1
        if nestedCount.isMultiple(of: 32) { thread_give_way() }
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }
}
