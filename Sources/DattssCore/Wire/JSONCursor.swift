/// Reads JSON (RFC 8259) from bytes in place, one token after the other, driven by what the caller expects: no tree is
/// built, and nothing is copied but strings.
///
/// A cursor lives only inside ``read(_:maxDepth:_:)``, which also checks that nothing follows the value. It never
/// reads past the end, whatever the bytes are.
public struct JSONCursor: ~Copyable {
    // The pointer is valid for the duration of the closure that `read` calls; every access is checked against `count`.
    private let base: UnsafePointer<UInt8>
    private let count: Int
    private var position = 0
    private var depth = 0

    /// Deeper nesting is refused: nothing here nests deeper than 6.
    public static let depthMax = 32

    /// Calls `body` with a cursor at the first value of `bytes`.
    /// - Throws: ``WireError``, from here and from `body`.
    public static func read<Value>(
        _ bytes: UnsafeRawBufferPointer, _ body: (inout JSONCursor) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            throw WireError(.malformed, "the body is empty")
        }
        var cursor = JSONCursor(base: base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
        let value = try body(&cursor)
        cursor.skipSpace()
        guard cursor.position == cursor.count else {
            throw cursor.unexpected("the end of the body")
        }
        return value
    }

    private init(base: UnsafePointer<UInt8>, count: Int) {
        self.base = base
        self.count = count
    }

    // MARK: Structure

    /// Reads an object, calling `member` with each name and the cursor at its value, which `member` must consume.
    public mutating func object(
        _ member: (borrowing JSONName, inout JSONCursor) throws(WireError) -> Void
    ) throws(WireError) {
        try open(UInt8(ascii: "{"), "an object")
        if take(UInt8(ascii: "}")) { return close() }
        while true {
            skipSpace()
            guard peek() == UInt8(ascii: "\"") else { throw unexpected("a member's name in quotes") }
            let name = try name()
            try expect(UInt8(ascii: ":"), "':' after a member's name")
            skipSpace()
            try member(name, &self)
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            try expect(UInt8(ascii: "}"), "',' or '}'")
            return close()
        }
    }

    /// Reads an array, calling `element` with each index and the cursor at its value, which `element` must consume.
    public mutating func array(
        _ element: (Int, inout JSONCursor) throws(WireError) -> Void
    ) throws(WireError) {
        try open(UInt8(ascii: "["), "an array")
        if take(UInt8(ascii: "]")) { return close() }
        var index = 0
        while true {
            skipSpace()
            try element(index, &self)
            index += 1
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            try expect(UInt8(ascii: "]"), "',' or ']'")
            return close()
        }
    }

    /// Passes over the next value, whatever it is, checking its syntax.
    public mutating func skipValue() throws(WireError) {
        skipSpace()
        switch peek() {
        case UInt8(ascii: "{"): try object { (_, cursor) throws(WireError) in try cursor.skipValue() }
        case UInt8(ascii: "["): try array { (_, cursor) throws(WireError) in try cursor.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        case UInt8(ascii: "n"): guard takeNull() else { throw unexpected("null") }
        default: _ = try number()
        }
    }

    // MARK: Scalars

    public mutating func bool() throws(WireError) -> Bool {
        skipSpace()
        if takeLiteral("true") { return true }
        if takeLiteral("false") { return false }
        throw unexpected("true or false")
    }

    /// Whether the next value is `null`, which is then consumed.
    public mutating func takeNull() -> Bool {
        skipSpace()
        return takeLiteral("null")
    }

    /// A number, rounded to the nearest double. One beyond a double's range is refused.
    public mutating func number() throws(WireError) -> Double {
        skipSpace()
        let start = position
        guard let number = DecimalNumber.scan(base + position, count - position) else {
            throw unexpected("a number")
        }
        position += number.length
        let value = number.value(base + start)
        guard value.isFinite else {
            position = start
            throw WireError(.malformed, "\(excerpt()) at byte \(start) is beyond the range of a double")
        }
        return value
    }

    /// A number that is to be an integer of at most 2^53. The nearest double of 2^53 + 1 is 2^53: any way of writing
    /// 2^53 but with its 16 digits is therefore taken for the next double above it.
    public mutating func integer() throws(WireError) -> Double {
        skipSpace()
        let start = position
        let value = try number()
        guard value == 0x1p53 else { return value }
        let isPlain = UnsafeBufferPointer(start: base + start, count: position - start).elementsEqual("9007199254740992".utf8)
        return isPlain ? value : value.nextUp
    }

    /// A string with its escapes resolved.
    public mutating func string() throws(WireError) -> String {
        skipSpace()
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let (range, isPlain) = try scanString()
        let bytes = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        if isPlain {
            // Plain strings are ASCII, so they are valid UTF-8.
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let string = JSONEscapes.resolve(bytes) else {
            throw WireError(.malformed, "the string at byte \(range.lowerBound - 1) is not valid UTF-8 or has a bad escape")
        }
        return string
    }

    private mutating func name() throws(WireError) -> JSONName {
        let start = position
        let (range, isPlain) = try scanString()
        let bytes = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        if !isPlain {
            // A name that nobody asks for has to be a string, too.
            position = start
            _ = try string()
        }
        return JSONName(bytes: bytes, isPlain: isPlain)
    }

    // MARK: Errors

    /// An error that says what stood where something else was expected.
    public func unexpected(_ expected: String) -> WireError {
        let found = position < count ? "found \(excerpt())" : "the body ends"
        return WireError(.malformed, "expected \(expected) at byte \(position), \(found)")
    }

    private func excerpt() -> String {
        var end = position
        while end < count, end - position < 16, base[end] > 0x20, base[end] < 0x7F { end += 1 }
        if end == position { return "byte 0x" + String(base[position], radix: 16) }
        return "'" + String(decoding: UnsafeBufferPointer(start: base + position, count: end - position), as: UTF8.self) + "'"
    }

    // MARK: Bytes

    private func peek() -> UInt8? { position < count ? base[position] : nil }

    private mutating func skipSpace() {
        while position < count {
            switch base[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8, _ expected: String) throws(WireError) {
        guard take(byte) else { throw unexpected(expected) }
    }

    private mutating func open(_ byte: UInt8, _ expected: String) throws(WireError) {
        try expect(byte, expected)
        depth += 1
        guard depth <= Self.depthMax else {
            throw WireError(.malformed, "nested deeper than \(Self.depthMax) at byte \(position)")
        }
    }

    private mutating func close() { depth -= 1 }

    private mutating func takeLiteral(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard count - position >= length else { return false }
        for offset in 0..<length where base[position + offset] != literal.utf8Start[offset] { return false }
        position += length
        return true
    }

    /// Passes over a string; the cursor stands at its opening quote.
    /// - Returns: where its content is, and whether that is ASCII without escapes.
    private mutating func scanString() throws(WireError) -> (Range<Int>, isPlain: Bool) {
        let start = position + 1
        var isPlain = true
        position = start
        while position < count {
            let byte = base[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return (start..<position - 1, isPlain)
            case UInt8(ascii: "\\"):
                isPlain = false
                position += 2
            case 0..<0x20:
                throw WireError(.malformed, "a control character in the string at byte \(position)")
            default:
                if byte >= 0x80 { isPlain = false }
                position += 1
            }
        }
        position = count
        throw WireError(.malformed, "the string at byte \(start - 1) does not end")
    }
}

/// The name of an object's member, compared as bytes; valid only inside the call that it is passed to.
public struct JSONName: ~Copyable {
    // Points into the cursor's bytes, which outlive the call that this is borrowed for.
    fileprivate let bytes: UnsafeBufferPointer<UInt8>
    fileprivate let isPlain: Bool

    // Inlined, so that comparing with a literal of three letters is comparing three bytes.
    @inline(__always)
    public static func == (name: borrowing JSONName, literal: StaticString) -> Bool {
        guard name.isPlain else { return name.string == String(describing: literal) }
        guard name.bytes.count == literal.utf8CodeUnitCount else { return false }
        for index in 0..<name.bytes.count where name.bytes[index] != literal.utf8Start[index] { return false }
        return true
    }

    public var string: String {
        isPlain ? String(decoding: bytes, as: UTF8.self) : JSONEscapes.resolve(bytes) ?? ""
    }
}
