/// Decodes what ``SymbolEncoder`` wrote, out of bytes that nobody vouches for: past the end all bits are 0, and
/// ``isAtEnd`` says whether everything was read, and nothing more, and led back to where the encoder began.
///
/// It is to be used inside `withUnsafeBytes` only, because it holds a pointer.
struct SymbolDecoder {
    private var bytes: UnsafeRawBufferPointer
    private var position = 0
    /// The state of the next symbol, and that of the one after it.
    private var a: UInt32 = Self.stateMin
    private var b: UInt32 = Self.stateMin

    /// Where an encoder begins, and what no state is below between two symbols.
    static let stateMin: UInt32 = 1 << 16

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        if bytes.isEmpty { return }
        a = UInt32(word()) &<< 16 | UInt32(word())
        b = UInt32(word()) &<< 16 | UInt32(word())
    }

    var isAtEnd: Bool { position == bytes.count && a == Self.stateMin && b == Self.stateMin }

    /// Its bytes, and zeros behind them. A last byte without another is never read, and is zero, too.
    func padded(by count: Int) -> [UInt8] {
        Array(bytes.prefix(bytes.count & ~1)) + repeatElement(0, count: count + (bytes.count & 1))
    }

    /// A decoder of the same bytes in memory where zeros follow them.
    /// - Returns: nil when it has read beyond their end.
    func moved(to bytes: UnsafeRawBufferPointer) -> SymbolDecoder? {
        if position > self.bytes.count { return nil }
        var decoder = self
        decoder.bytes = bytes
        return decoder
    }

    /// Whether another decoder of the same bytes has read no more than there are.
    func holds(_ other: SymbolDecoder) -> Bool { other.position <= bytes.count }

    /// Passes over what another decoder of the same bytes has decoded.
    mutating func goOn(at other: SymbolDecoder) { (position, a, b) = (other.position, other.a, other.b) }

    /// Decodes symbols of one table: their positions in it.
    mutating func decode(_ table: DecodingTable, into symbols: UnsafeMutableBufferPointer<UInt8>) {
        table.entries.withUnsafeBufferPointer { entries in
            var decoder = self
            var index = 0
            // No symbol takes more than two bytes: as long as there are so many for all symbols of a round, none needs to look.
            while index &+ Self.roundSymbols <= symbols.count, decoder.position &+ 2 &* Self.roundSymbols <= bytes.count {
                let end = index &+ Self.roundSymbols
                while index < end {
                    symbols[index] = decoder.nextOfRound(entries)
                    symbols[index &+ 1] = decoder.nextOfRound(entries)
                    index &+= 2
                }
            }
            while index < symbols.count {
                symbols[index] = UInt8(truncatingIfNeeded: decoder.next(entries))
                index &+= 1
            }
            self = decoder
        }
    }

    private static let roundSymbols = 32

    /// The next symbol, of a table whose entries begin at `start`.
    @inline(__always)
    mutating func next(
        _ entries: UnsafeBufferPointer<UInt32>, from start: Int = 0, precision: UInt32 = SymbolTable.precisionOfColumns
    ) -> Int {
        let entry = entries[start &+ Int(a & (1 &<< precision &- 1))]
        a = (entry &>> 8 & 0xFFF) &* (a &>> precision) &+ entry &>> 20
        if a < Self.stateMin { a = a &<< 16 | UInt32(word()) }
        swap(&a, &b)
        return Int(entry & 0xFF)
    }

    /// The same where two more bytes are there.
    @inline(__always)
    private mutating func nextOfRound(_ entries: UnsafeBufferPointer<UInt32>) -> UInt8 {
        let precision = SymbolTable.precisionOfColumns
        let entry = entries[Int(a & (1 &<< precision &- 1))]
        let state = (entry &>> 8 & 0xFFF) &* (a &>> precision) &+ entry &>> 20
        a = b
        b = filled(state)
        return UInt8(truncatingIfNeeded: entry)
    }

    /// The next entry of ``SketchCountTables``, where two more bytes are there.
    @inline(__always)
    mutating func nextEntry(_ entries: UnsafePointer<UInt32>) -> UInt32 {
        let precision = SketchContexts.precision
        let entry = entries[Int(a & (1 &<< precision &- 1))]
        let state = (entry &>> 9 & 0x3FF) &* (a &>> precision) &+ entry &>> 19
        a = b
        b = filled(state)
        return entry
    }

    /// A state that has as many bits as it needs, where two more bytes are there. It does not branch: whether a state needs more bits
    /// is anybody's guess.
    @inline(__always)
    private mutating func filled(_ state: UInt32) -> UInt32 {
        let word = UInt32(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt16.self)))
        let isLow: UInt32 = state < Self.stateMin ? 1 : 0
        position &+= Int(isLow &<< 1)
        return state &<< (isLow &<< 4) | word & (0 &- isLow)
    }

    @inline(__always)
    private mutating func word() -> UInt16 {
        defer { position &+= 2 }
        guard position &+ 2 <= bytes.count else { return 0 }
        return UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt16.self))
    }
}

/// A ``SymbolTable`` as a decoder needs it: for each of the lowest bits of a state, what it means.
///
///     31         20 19       8 7      0
///     ┌────────────┬──────────┬────────┐
///     │ bits−start │ frequency│ symbol │
///     └────────────┴──────────┴────────┘
struct DecodingTable {
    let entries: [UInt32]

    /// - Parameter base: the symbol at position 0; no symbol is larger than 255.
    init(_ table: SymbolTable, base: Int = 0) {
        entries = [UInt32](unsafeUninitializedCapacity: 1 << Int(table.precision)) { entries, count in
            for (symbol, code) in table.codes.enumerated() {
                let frequency = Int(code >> 16 & 0xFFF)
                let entry = UInt32(frequency) << 8 | UInt32(base + symbol) & 0xFF
                for offset in 0..<frequency { entries[count &+ offset] = UInt32(truncatingIfNeeded: offset) &<< 20 | entry }
                count += frequency
            }
        }
    }
}
