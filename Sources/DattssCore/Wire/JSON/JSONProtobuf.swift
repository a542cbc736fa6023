/// What the JSON of protobuf (https://protobuf.dev/programming-guides/json) writes in more than one way.
extension JSONCursor {
    /// Whether the next value is a string.
    public mutating func isAtString() -> Bool {
        skipSpace()
        return peek() == UInt8(ascii: "\"")
    }

    /// An integer of up to 64 bits, signed or not, as a number or as text; also one with an exponent or a fraction of zeros.
    /// - Returns: its two's complement.
    public mutating func integerBits() throws(WireError) -> UInt64 {
        let (text, value) = try numberOrText()
        if let bits = UInt64(text) ?? Int64(text).map({ UInt64(bitPattern: $0) }) { return bits }
        // What a double holds exactly is what was meant.
        if let integer = Int64(exactly: value), integer.magnitude <= 1 << 53 { return UInt64(bitPattern: integer) }
        throw WireError(.malformed, "'\(text.utf8Prefix(32))' is no integer of 64 bits")
    }

    /// A number of 32 bits, as ``integerBits()``.
    public mutating func integer32() throws(WireError) -> Int32 {
        let bits = try integerBits()
        guard let integer = Int32(exactly: Int64(bitPattern: bits)) else {
            throw WireError(.malformed, "\(Int64(bitPattern: bits)) is no integer of 32 bits")
        }
        return integer
    }

    /// A number, or text that is one, `NaN`, `Infinity` or `-Infinity`; other text is not a number either.
    public mutating func numberOrNamed() throws(WireError) -> Double { try numberOrText().value }

    private mutating func numberOrText() throws(WireError) -> (text: String, value: Double) {
        if isAtString() {
            let text = try string()
            return (text, Self.named[text] ?? Self.value(of: text) ?? .nan)
        }
        let start = position
        let value = try number()
        let bytes = UnsafeBufferPointer(start: base + start, count: position - start)
        return (String(decoding: bytes, as: UTF8.self), value)
    }

    private static let named: [String: Double] = ["NaN": .nan, "Infinity": .infinity, "-Infinity": -.infinity]

    private static func value(of text: String) -> Double? {
        var text = text
        return text.withUTF8 { bytes in
            guard let base = bytes.baseAddress, let number = DecimalNumber.scan(base, bytes.count),
                number.length == bytes.count
            else { return nil }
            return number.value(base)
        }
    }
}

extension StringProtocol {
    /// The first bytes, in a time that does not depend on the length: a single character may have a million of them.
    public func utf8Prefix(_ bytesMax: Int) -> String { String(decoding: utf8.prefix(bytesMax), as: UTF8.self) }
}
