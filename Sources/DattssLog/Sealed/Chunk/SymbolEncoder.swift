/// Codes symbols with as many bits as their frequency says: a range variant of asymmetric numeral systems (Duda 2013;
/// the interleaving is that of Giesen 2014).
///
/// The state is a number; to code a symbol of frequency f out of 2^p multiplies it by 2^p/f, and the decoder divides
/// again. So the last symbol coded is the first to be decoded, and the encoder works backwards through what it
/// collected. There are two states that take turns, because a processor can work on both at once.
///
///     state 0 │ state 1 │ 16 bits each time that the state of a decoder falls below 2^16 …
///
/// All symbols of a chunk are one sequence, whatever their tables.
struct SymbolEncoder {
    /// In the order in which they are decoded.
    private var symbols: [UInt32] = []

    init() {}

    init(capacity: Int) { symbols.reserveCapacity(capacity) }

    /// - Parameter code: of ``SymbolTable/codes``, of a symbol that occurs.
    @inline(__always)
    mutating func append(_ code: UInt32) { symbols.append(code) }

    /// Appends many, in less time than one by one.
    /// - Parameter code: by its number.
    @inline(__always)
    mutating func append(_ count: Int, _ code: (Int) -> UInt32) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { room in
            var index = 0
            while index < count {
                room[index] = code(index)
                index &+= 1
            }
            symbols.append(contentsOf: room)
        }
    }

    /// All symbols, coded; nothing when there are none.
    var bytes: [UInt8] {
        if symbols.isEmpty { return [] }
        // A symbol takes a word at most; one more is written to before it is known whether it counts.
        return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: symbols.count + Self.stateWords + 1) { words in
            let start = symbols.withUnsafeBufferPointer { Self.encode($0, into: words) }
            return Array(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: words[start...])))
        }
    }

    /// Two states of two words.
    private static let stateWords = 4

    /// From the last symbol and the last word to the first ones.
    /// - Returns: where the first word is.
    private static func encode(_ symbols: UnsafeBufferPointer<UInt32>, into words: UnsafeMutableBufferPointer<UInt16>) -> Int {
        // `a` is the state of the symbol at hand, `b` that of its neighbours.
        var (a, b) = (SymbolDecoder.stateMin, SymbolDecoder.stateMin)
        var start = words.count
        var index = symbols.count
        while index > 0 {
            index &-= 1
            let symbol = symbols[index]
            let (precision, frequency, sum) = (symbol &>> 28, symbol &>> 16 & 0xFFF, symbol & 0xFFFF)
            // It does not branch: whether a state is too large is anybody's guess.
            let isLarge: UInt32 = a &>> (32 &- precision) >= frequency ? 1 : 0
            words[start &- 1] = UInt16(truncatingIfNeeded: a).littleEndian
            start &-= Int(isLarge)
            a &>>= isLarge &<< 4
            let (quotient, remainder) = a.quotientAndRemainder(dividingBy: frequency)
            let next = quotient &<< precision &+ remainder &+ sum
            a = b
            b = next
        }
        for state in [a, b] {
            words[start &- 1] = UInt16(truncatingIfNeeded: state).littleEndian
            words[start &- 2] = UInt16(truncatingIfNeeded: state &>> 16).littleEndian
            start &-= 2
        }
        return start
    }
}
