/// The name of an object's member; valid only inside the call that it is passed to.
///
/// A name of up to seven bytes is compared as one word: that is all the names of the wire.
public struct JSONName {
    let word: UInt64
    // Points into the cursor's bytes, which outlive the call that this is borrowed for. As they came, with their escapes.
    private let bytes: UnsafeBufferPointer<UInt8>

    @inline(__always)
    init(word: UInt64, bytes: UnsafeBufferPointer<UInt8>) {
        (self.word, self.bytes) = (word, bytes)
    }

    // Inlined, so that comparing with a literal is comparing with a constant.
    /// Whether the name is this literal, of ASCII letters.
    @inline(__always)
    public static func == (name: JSONName, literal: StaticString) -> Bool {
        guard literal.utf8CodeUnitCount < 8 else { return name.string == String(describing: literal) }
        return name.word == JSONWord.of(literal)
    }

    /// The name as text, without its escapes.
    public var string: String { JSONEscapes.resolve(bytes) ?? "" }
}

/// Eight bytes of JSON at once, the first in the lowest bits.
enum JSONWord {
    /// - Precondition: eight bytes can be read.
    @inline(__always)
    static func load(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
    }

    /// How many bytes come before the first that is a quote, a backslash, a control character or not ASCII; 8 for none.
    ///
    /// A borrow from a lower byte can mark a byte above it wrongly, but never the first one (Warren, Hacker's Delight, 6-1).
    @inline(__always)
    static func plainLength(_ word: UInt64) -> Int {
        let quote = word ^ repeated(UInt8(ascii: "\""))
        let backslash = word ^ repeated(UInt8(ascii: "\\"))
        let isLow = (word &- repeated(0x20)) | (quote &- repeated(1)) | (backslash &- repeated(1))
        return ((isLow | word) & repeated(0x80)).trailingZeroBitCount >> 3
    }

    /// How many bytes come before the first quote; 8 for none.
    @inline(__always)
    static func unquotedLength(_ word: UInt64) -> Int {
        let quote = word ^ repeated(UInt8(ascii: "\""))
        return ((quote &- repeated(1)) & ~quote & repeated(0x80)).trailingZeroBitCount >> 3
    }

    /// How many bytes come before the first that is no digit; 8 for none.
    ///
    /// A carry marks a byte above it wrongly, but comes only out of a byte that is marked itself.
    @inline(__always)
    static func digitLength(_ word: UInt64) -> Int {
        let digits = word ^ repeated(UInt8(ascii: "0"))
        return (((digits &+ repeated(0x76)) | digits) & repeated(0x80)).trailingZeroBitCount >> 3
    }

    /// The number of the first `count` bytes, which are digits; 0 for none.
    ///
    /// They are moved to the upper end, behind zeros; then neighbours are joined, digits to pairs, pairs to fours and these to
    /// eight (Lemire, Quickly parsing eight digits, 2018).
    @inline(__always)
    static func number(_ word: UInt64, _ count: Int) -> UInt64 {
        let digits = (word ^ repeated(UInt8(ascii: "0"))) << UInt64(64 &- 8 &* count)
        let pairs = (digits &* (10 << 8 + 1)) >> 8 & 0x00FF_00FF_00FF_00FF
        let fours = (pairs &* (100 << 16 + 1)) >> 16 & 0x0000_FFFF_0000_FFFF
        return (fours &* (10_000 << 32 + 1)) >> 32
    }

    /// A mask of `count` bytes, up to eight.
    @inline(__always)
    static func lowBytes(_ count: Int) -> UInt64 { 1 << UInt64(8 * count) &- 1 }

    // Inlined, so that it is a constant.
    @inline(__always)
    static func of(_ literal: StaticString) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<literal.utf8CodeUnitCount { word |= UInt64(literal.utf8Start[index]) << UInt64(8 * index) }
        return word
    }

    /// A name of up to seven bytes; of a longer one a word that no name has, because its bytes are not UTF-8.
    static func of(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard name.count < 8 else { return .max }
        return name.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    @inline(__always)
    private static func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }
}
