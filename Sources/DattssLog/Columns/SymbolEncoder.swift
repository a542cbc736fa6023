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

    /// All symbols, coded; nothing when there are none.
    var bytes: [UInt8] {
        if symbols.isEmpty { return [] }
        var words: [UInt16] = []
        words.reserveCapacity(symbols.count / 2 + 4)
        // `a` is the state of the symbol at hand, `b` that of its neighbours.
        var (a, b) = (SymbolDecoder.stateMin, SymbolDecoder.stateMin)
        for symbol in symbols.reversed() {
            let (precision, frequency, start) = (symbol &>> 28, symbol &>> 16 & 0xFFF, symbol & 0xFFFF)
            if a &>> (32 &- precision) >= frequency {
                words.append(UInt16(truncatingIfNeeded: a))
                a &>>= 16
            }
            let (quotient, remainder) = a.quotientAndRemainder(dividingBy: frequency)
            a = quotient &<< precision &+ remainder &+ start
            swap(&a, &b)
        }
        for state in [a, b] {
            words.append(UInt16(truncatingIfNeeded: state))
            words.append(UInt16(truncatingIfNeeded: state &>> 16))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * 2)
        for word in words.reversed() { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }
}
