/// Reads JSON (RFC 8259) from bytes in place, one token after the other, driven by what the caller expects: no tree is
/// built, and nothing is copied but strings.
///
/// A cursor lives only inside ``read(_:maxDepth:_:)``, which also checks that nothing follows the value. It never
/// reads past the end, whatever the bytes are. What most bodies consist of (short names, short integers, plain strings,
/// no space) is read by the word and inlined into the caller; everything else is rare, and out of the way.
public struct JSONCursor: ~Copyable {
    // The pointer is valid for the duration of the closure that `read` calls; every access is checked against `count`.
    let base: UnsafePointer<UInt8>
    let count: Int
    /// `count`, or 0 to let no ``JSONWordReader`` read ahead: everything is then read one way, against which tests hold the other.
    let readAheadCount: Int
    var position = 0
    private var depth = 0

    /// Deeper nesting is refused: nothing here nests deeper than 6.
    public static let depthMax = 32

    /// Calls `body` with a cursor at the first value of `bytes`.
    /// - Throws: ``WireError``, from here and from `body`.
    public static func read<Value>(
        _ bytes: UnsafeRawBufferPointer, _ body: (inout JSONCursor) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        try read(bytes, readsAhead: true, body)
    }

    static func read<Value>(
        _ bytes: UnsafeRawBufferPointer, readsAhead: Bool, _ body: (inout JSONCursor) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        try bytes.withMemoryRebound(to: UInt8.self) { (bytes) throws(WireError) in
            guard let base = bytes.baseAddress, bytes.count > 0 else {
                throw WireError(.malformed, "the body is empty")
            }
            var cursor = JSONCursor(base: base, count: bytes.count, readAheadCount: readsAhead ? bytes.count : 0)
            let value = try body(&cursor)
            cursor.skipSpace()
            guard cursor.position == cursor.count else {
                throw cursor.unexpected("the end of the body")
            }
            return value
        }
    }

    private init(base: UnsafePointer<UInt8>, count: Int, readAheadCount: Int) {
        (self.base, self.count, self.readAheadCount) = (base, count, readAheadCount)
    }

    // MARK: Structure

    /// Reads an object, calling `member` with each name and the cursor at its value, which `member` must consume.
    /// - Throws: also for a name that is there twice: nobody can tell which of the two values is meant.
    public mutating func object(
        _ member: (JSONName, inout JSONCursor) throws(WireError) -> Void
    ) throws(WireError) {
        var names: Set<String> = []
        try members { (name, cursor) throws(WireError) in
            let text = name.string
            guard names.insert(text).inserted else { throw WireError(.malformed, "\(text.utf8Prefix(40)): is there twice") }
            try member(name, &cursor)
        }
    }

    /// The same for an object whose names may come again: for callers that know what that means, or that see to it more cheaply.
    public mutating func members(
        _ member: (JSONName, inout JSONCursor) throws(WireError) -> Void
    ) throws(WireError) {
        try openObject()
        var isFirst = true
        while let name = try nextMember(&isFirst) { try member(name, &self) }
    }

    /// Reads an array, calling `element` with each index and the cursor at its value, which `element` must consume.
    public mutating func array(
        _ element: (Int, inout JSONCursor) throws(WireError) -> Void
    ) throws(WireError) {
        try openArray()
        var index = 0
        while try nextElement(isFirst: index == 0) {
            try element(index, &self)
            index += 1
        }
    }

    /// Passes over the next value, whatever it is, checking its syntax.
    public mutating func skipValue() throws(WireError) {
        skipSpace()
        switch peek() {
        case UInt8(ascii: "{"): try members { (_, cursor) throws(WireError) in try cursor.skipValue() }
        case UInt8(ascii: "["): try array { (_, cursor) throws(WireError) in try cursor.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        case UInt8(ascii: "n"): guard takeNull() else { throw unexpected("null") }
        default: _ = try number()
        }
    }

    // MARK: Structure, step by step

    /// Enters an object; ``nextMember(_:)`` then gives its members until there are none.
    @inline(__always)
    mutating func openObject() throws(WireError) {
        try open(UInt8(ascii: "{"), "an object")
    }

    /// The name of the next member, with the cursor at its value, which is to be consumed; nil behind the object's end.
    /// - Parameter isFirst: true for the first call, and then left to this method.
    @inline(__always)
    mutating func nextMember(_ isFirst: inout Bool) throws(WireError) -> JSONName? {
        if isFirst {
            isFirst = false
            if take(UInt8(ascii: "}")) { return leave() }
        } else if !take(UInt8(ascii: ",")) {
            try expect(UInt8(ascii: "}"), "',' or '}'")
            return leave()
        }
        skipSpace()
        let name = try name()
        try expect(UInt8(ascii: ":"), "':' after a member's name")
        skipSpace()
        return name
    }

    /// Leaves an object if the very next byte is its end. The cursor stands behind a member.
    @inline(__always)
    mutating func takeObjectEnd() -> Bool {
        guard peek() == UInt8(ascii: "}") else { return false }
        position += 1
        depth -= 1
        return true
    }

    /// Enters an array; ``nextElement(isFirst:)`` then steps to its elements until there are none.
    @inline(__always)
    mutating func openArray() throws(WireError) {
        try open(UInt8(ascii: "["), "an array")
    }

    /// Whether there is another element, at which the cursor then stands.
    @inline(__always)
    mutating func nextElement(isFirst: Bool) throws(WireError) -> Bool {
        // A comma without space around it: what is nearly always there.
        if !isFirst, count - position > 1, base[position] == UInt8(ascii: ","), base[position + 1] > 0x20 {
            position += 1
            return true
        }
        if isFirst {
            if take(UInt8(ascii: "]")) {
                depth -= 1
                return false
            }
        } else if !take(UInt8(ascii: ",")) {
            try expect(UInt8(ascii: "]"), "',' or ']'")
            depth -= 1
            return false
        }
        skipSpace()
        return true
    }

    @inline(__always)
    private mutating func leave() -> JSONName? {
        depth -= 1
        return nil
    }

    @inline(__always)
    private mutating func open(_ byte: UInt8, _ expected: StaticString) throws(WireError) {
        try expect(byte, expected)
        depth += 1
        guard depth <= Self.depthMax else {
            throw WireError(.malformed, "nested deeper than \(Self.depthMax) at byte \(position)")
        }
    }

    // MARK: Errors

    /// An error that says what stood where something else was expected.
    @inline(never)
    public func unexpected(_ expected: StaticString) -> WireError {
        let found = position < count ? "found \(excerpt())" : "the body ends"
        return WireError(.malformed, "expected \(expected) at byte \(position), \(found)")
    }

    func excerpt() -> String {
        var end = position
        while end < count, end - position < 16, base[end] > 0x20, base[end] < 0x7F { end += 1 }
        if end == position { return "byte 0x" + String(base[position], radix: 16) }
        return "'" + String(decoding: UnsafeBufferPointer(start: base + position, count: end - position), as: UTF8.self) + "'"
    }

    // MARK: Bytes

    /// How much has not been read yet.
    var remainingBytes: Int { count - position }

    @inline(__always)
    func peek() -> UInt8? { position < count ? base[position] : nil }

    @inline(__always)
    mutating func skipSpace() {
        while position < count, base[position] <= 0x20 {
            switch base[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < count, base[position] == byte else { return false }
        position += 1
        return true
    }

    @inline(__always)
    private mutating func expect(_ byte: UInt8, _ expected: StaticString) throws(WireError) {
        guard take(byte) else { throw unexpected(expected) }
    }

    @inline(__always)
    mutating func takeLiteral(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard count - position >= length else { return false }
        for offset in 0..<length where base[position + offset] != literal.utf8Start[offset] { return false }
        position += length
        return true
    }
}
