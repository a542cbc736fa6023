/// The hash of a name, eight bytes after the other: whoever looks for its end has them at hand.
///
/// Words are multiplied in, the last one, of up to seven bytes, together with the length; the halves of each product are
/// folded, so that every byte reaches every bit.
struct WordHash {
    private var state: UInt64 = 0

    /// Adds the next eight bytes, the first in the lowest bits.
    @inline(__always)
    mutating func add(_ word: UInt64) { state = Self.mixed(state ^ word) }

    /// - Parameters:
    ///   - last: the bytes that are left, fewer than eight.
    ///   - count: how many bytes there are in all.
    @inline(__always)
    func value(last: UInt64, _ count: Int) -> UInt64 {
        Self.mixed(state ^ last ^ UInt64(truncatingIfNeeded: count) &<< 56)
    }

    /// The hash of bytes of which there is at least one.
    @inline(__always)
    static func of(_ base: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var hash = WordHash()
        var offset = 0
        while offset <= count - 8 {
            hash.add(JSONWord.load(base + offset))
            offset += 8
        }
        return hash.value(last: last(base, count, count - offset), count)
    }

    /// The last bytes as a word, without reading behind them.
    @inline(__always)
    private static func last(_ base: UnsafePointer<UInt8>, _ count: Int, _ restCount: Int) -> UInt64 {
        if count >= 8 { return JSONWord.load(base + count - 8) >> UInt64(64 - 8 * restCount) }
        var word: UInt64 = 0
        for index in 0..<count { word |= UInt64(base[index]) &<< UInt64(8 * index) }
        return word
    }

    @inline(__always)
    private static func mixed(_ word: UInt64) -> UInt64 {
        let product = (word ^ 0x2D35_8DCC_AA6C_78A5).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
