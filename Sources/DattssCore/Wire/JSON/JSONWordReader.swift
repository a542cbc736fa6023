/// Reads what partials nearly always are made of by the word: members with names of three letters, one behind the other without
/// space, and their short values.
///
/// Stands at the separator in front of a member. ``name()`` looks ahead; one of the methods that take a value then passes
/// over the whole member. Nothing here throws: what is not as usual, and all that is close to the end of the body, is
/// left to the ``JSONCursor``, at the place where this came to.
struct JSONWordReader {
    // Points into the cursor's bytes; every access is checked against `count`.
    private let base: UnsafePointer<UInt8>
    private let count: Int
    private let start: Int
    private var position: Int
    /// The separator in front of a name of three letters, its quotes and its colon: `,"   ":`.
    private var frame: UInt64

    private static let frameMask: UInt64 = 0x00FF_FF00_0000_FFFF
    private static let frameBytes = 7
    /// How many bytes there must be: a frame, a sign and the word behind it.
    private static let aheadBytes = frameBytes + 1 + 8
    /// The same for a number of any length.
    private static let longNumberBytes = frameBytes + JSONNumber.aheadBytes

    /// `,"   ":` and `{"   ":`, the first byte in the lowest bits.
    private static let frameBehindComma: UInt64 = 0x003A_2200_0000_222C
    private static let frameBehindBrace: UInt64 = 0x003A_2200_0000_227B

    /// - Parameters:
    ///   - cursor: behind an opening brace, or behind a member.
    ///   - isFirst: whether it is a brace.
    @inline(__always)
    init(_ cursor: borrowing JSONCursor, isFirst: Bool) {
        (base, count) = (cursor.base, cursor.readAheadCount)
        start = isFirst ? cursor.position - 1 : cursor.position
        position = start
        frame = isFirst ? Self.frameBehindBrace : Self.frameBehindComma
    }

    /// Where it came to, if it took any member.
    @inline(__always)
    var end: Int? { position == start ? nil : position }

    /// The name of the next member, its first letter in the lowest bits; nil where anything else stands.
    @inline(__always)
    func name() -> UInt32? {
        guard count &- position >= Self.aheadBytes else { return nil }
        let word = JSONWord.load(base + position)
        guard word & Self.frameMask == frame else { return nil }
        return UInt32(truncatingIfNeeded: word &>> 16) & 0xFF_FFFF
    }

    @inline(__always)
    private mutating func pass(upTo end: Int) {
        position = end
        frame = Self.frameBehindComma
    }

    /// Takes a value of up to eight bytes.
    @inline(__always)
    mutating func take(_ literal: StaticString) -> Bool {
        let value = position &+ Self.frameBytes
        let length = literal.utf8CodeUnitCount
        guard JSONWord.load(base + value) & JSONWord.lowBytes(length) == JSONWord.of(literal) else { return false }
        pass(upTo: value &+ length)
        return true
    }

    /// Takes a string that is a path.
    @inline(__always)
    mutating func path(_ paths: inout NameCache) -> String? {
        let value = position &+ Self.frameBytes
        guard base[value] == UInt8(ascii: "\"") else { return nil }
        var end = value &+ 1
        var hash = WordHash()
        while count &- end >= 8 {
            let word = JSONWord.load(base + end)
            let length = JSONWord.unquotedLength(word)
            if length == 8 {
                hash.add(word)
                end &+= 8
                continue
            }
            end &+= length
            let bytes = UnsafeBufferPointer(start: base + (value &+ 1), count: end &- value &- 1)
            // What stands in front of this quote may be a backslash: then it is no path.
            guard !bytes.isEmpty,
                let path = paths.name(bytes, hash.value(last: word & JSONWord.lowBytes(length), bytes.count))
            else { return nil }
            pass(upTo: end &+ 1)
            return path
        }
        return nil
    }

    /// Takes a number that a comma or a brace ends.
    /// - Parameter isInteger: see ``JSONCursor/integer()``.
    @inline(__always)
    mutating func number(isInteger: Bool) -> Double? {
        let value = position &+ Self.frameBytes
        if let number = JSONNumber.short(base + value) {
            pass(upTo: value &+ number.length)
            return number.value
        }
        guard count &- position >= Self.longNumberBytes, let number = JSONNumber.long(base + value, isInteger: isInteger)
        else { return nil }
        pass(upTo: value &+ number.length)
        return number.value
    }
}
