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
    @inline(__always)
    public static func == (name: JSONName, literal: StaticString) -> Bool {
        guard literal.utf8CodeUnitCount < 8 else { return name.string == String(describing: literal) }
        var word: UInt64 = 0
        for index in 0..<literal.utf8CodeUnitCount { word |= UInt64(literal.utf8Start[index]) << UInt64(8 * index) }
        return name.word == word
    }

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

    /// A mask of `count` bytes, fewer than eight.
    @inline(__always)
    static func lowBytes(_ count: Int) -> UInt64 { 1 << UInt64(8 * count) &- 1 }

    /// A name of up to seven bytes; of a longer one a word that no name has, because its bytes are not UTF-8.
    static func of(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard name.count < 8 else { return .max }
        return name.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    @inline(__always)
    private static func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }
}
