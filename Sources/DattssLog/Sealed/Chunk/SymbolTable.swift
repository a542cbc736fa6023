internal import DattssCore

/// How often each of some symbols occurs, coarsely: the model that the entropy coder codes them with.
///
/// A frequency is stored as its logarithm in half octaves, and the difference to its neighbour's takes some three bits:
/// distributions are smooth. Rounding to half octaves costs a hundredth of a bit a symbol, exact frequencies would
/// cost more than that for themselves. Both sides scale them to a sum of 2^precision, with integers only.
///
///     first symbol │ number of symbols − 1 │ parameter (1 bit) │ level, differences of levels …
///     level:  0: does not occur,  l: about 2^((l − 1)/2) times
struct SymbolTable {
    /// The symbol of `codes[0]`.
    let first: Int
    /// All frequencies add up to 2 to the power of it.
    let precision: UInt32
    /// What ``SymbolEncoder`` needs of each symbol: the precision (4 bits), its frequency (12 bits), at least 1 if it occurs, and
    /// the sum of those before it (16 bits).
    let codes: [UInt32]
    private let levels: [UInt8]

    /// One after the last symbol.
    var end: Int { first + codes.count }

    /// For tables that are used one at a time.
    static let precisionOfColumns: UInt32 = 11
    static let symbolsMax = 256
    private static let levelMax = 48

    /// - Parameters:
    ///   - counts: how often symbol 0, 1, 2 … occurs; at least one does.
    init?(counts: UnsafeBufferPointer<UInt32>, precision: UInt32 = precisionOfColumns) {
        guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 }),
            last - first < Self.symbolsMax
        else { return nil }
        self.init(first: first, levels: counts[first...last].map { Self.level(of: $0) }, precision: precision)
    }

    /// A table of one symbol.
    init(only symbol: Int, precision: UInt32) { self.init(first: symbol, levels: [1], precision: precision) }

    private init(first: Int, levels: [UInt8], precision: UInt32) {
        self.precision = precision
        self.first = first
        self.levels = levels
        var sum: UInt32 = 0
        codes = Self.frequencies(of: levels, precision).map { frequency in
            defer { sum += frequency }
            return precision << 28 | frequency << 16 | sum
        }
    }

    /// Whether there is one symbol only, so that nothing needs to be coded.
    var isConstant: Bool { codes.count == 1 }

    func write(to bits: inout BitWriter) {
        bits.writeVariable(first, parameter: 3)
        bits.writeVariable(levels.count - 1, parameter: 3)
        let parameter = Self.bits(of: levels, parameter: 0) <= Self.bits(of: levels, parameter: 1) ? 0 : 1
        bits.write(UInt64(parameter), bits: 1)
        var previous: Int64 = 0
        for level in levels {
            bits.writeSigned(Int64(level) - previous, parameter: parameter)
            previous = Int64(level)
        }
    }

    /// - Returns: nil for what no writer writes.
    init?(_ bits: inout BitReader, precision: UInt32 = precisionOfColumns) {
        let first = bits.readVariable(parameter: 3)
        let count = bits.readVariable(parameter: 3)
        let parameter = Int(bits.read(1))
        guard first <= 1 << 16, count < Self.symbolsMax else { return nil }
        var levels: [UInt8] = []
        levels.reserveCapacity(Int(count) + 1)
        var level: Int64 = 0
        for _ in 0...count {
            level &+= bits.readSigned(parameter: parameter)
            guard 0...Int64(Self.levelMax) ~= level else { return nil }
            levels.append(UInt8(level))
        }
        guard !bits.isExhausted, levels.contains(where: { $0 > 0 }) else { return nil }
        self.init(first: Int(first), levels: levels, precision: precision)
    }

    /// What a table of such levels takes in a chunk.
    private static func bits(of levels: [UInt8], parameter: Int) -> Int {
        var (bits, previous) = (0, 0)
        for level in levels {
            bits += VariableBits.cost(
                width: 64 - Zigzag.encode(Int64(Int(level) - previous)).leadingZeroBitCount, parameter: parameter)
            previous = Int(level)
        }
        return bits
    }

    /// 1 + 2 log₂ count, rounded: a count's width gives the whole octaves, a comparison with ⁴√2, ⁴√8 the rest.
    static func level(of count: UInt32) -> UInt8 {
        guard count > 0 else { return 0 }
        let octave = 31 - count.leadingZeroBitCount
        let mantissa = UInt64(count) << UInt64(32 - octave)
        let half = mantissa < 0x1_306F_E0A3 ? 0 : mantissa < 0x1_AE89_F995 ? 1 : 2
        return UInt8(1 + 2 * octave + half)
    }

    private static func frequencies(of levels: [UInt8], _ precision: UInt32) -> [UInt32] {
        let weights = levels.map { level -> Int in
            level == 0 ? 0 : (level & 1 == 1 ? 128 : 181) << (Int(level - 1) / 2)
        }
        let total = weights.reduce(0, +)
        var frequencies = weights.map { $0 == 0 ? 0 : max(1, $0 << Int(precision) / total) }
        // What rounding left goes to the most frequent, what it took too much comes from the most frequent ones.
        var missing = 1 << Int(precision) - frequencies.reduce(0, +)
        while missing != 0 {
            var largest = 0
            for (position, frequency) in frequencies.enumerated() where frequency > frequencies[largest] { largest = position }
            let change = max(missing, -frequencies[largest] / 2)
            frequencies[largest] += change
            missing -= change
        }
        return frequencies.map { UInt32($0) }
    }
}
