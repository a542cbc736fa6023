/// Which of the ids of a segment have a row in a part of a block: a bit for each.
///
/// Stored as what is shortest: the bits themselves, or the gaps between those that are set, or between those that are
/// not. In a busy minute most statistics are there; in one part of many, or on a quiet day, few are.
///
///     form (2 bits) │ 0: id bits │ 1, 2: n │ parameter (6 bits) │ n gaps        1: of the present, 2: of the absent
struct RowPresence: Equatable {
    let idCount: Int
    private(set) var words: [UInt64]

    private static let countParameter = 4
    private static let parameterBits = 6

    private enum Form: UInt64 {
        case bitmap, present, absent
    }

    /// - Parameter ids: ascending, each below `idCount`.
    init(_ ids: some Sequence<Int>, idCount: Int) {
        self.idCount = idCount
        words = [UInt64](repeating: 0, count: (idCount + 63) / 64)
        for id in ids { words[id / 64] |= 1 << UInt64(id % 64) }
    }

    /// - Parameter idCount: checked against its cap.
    init(_ bits: inout BitReader, idCount: Int) throws(LogError) {
        self.idCount = idCount
        words = [UInt64](repeating: 0, count: (idCount + 63) / 64)
        switch Form(rawValue: bits.read(2)) {
        case .bitmap:
            guard bits.remaining >= idCount else { throw Self.malformed("a bit for each of \(idCount) ids", "the end") }
            for word in words.indices { words[word] = bits.readWide(min(64, idCount - word * 64)) }
        case .present: try toggleGaps(&bits)
        case .absent:
            for word in words.indices { words[word] = ~0 &>> UInt64(64 - min(64, idCount - word * 64)) }
            try toggleGaps(&bits)
        case nil: throw Self.malformed("a form of presence", "3")
        }
    }

    private mutating func toggleGaps(_ bits: inout BitReader) throws(LogError) {
        let count = bits.readVariable(parameter: Self.countParameter)
        let parameter = Int(bits.read(Self.parameterBits))
        guard count <= UInt64(idCount) else { throw Self.malformed("at most \(idCount) ids", "\(count)") }
        var id = 0
        for _ in 0..<count {
            let gap = bits.readVariable(parameter: parameter)
            guard gap < UInt64(idCount - id) else { throw Self.malformed("an id below \(idCount)", "\(id) and \(gap) more") }
            id += Int(gap)
            words[id / 64] ^= 1 << UInt64(id % 64)
            id += 1
        }
    }

    func write(to bits: inout BitWriter) {
        let count = count
        let isSparse = count * 2 <= idCount
        let gaps = gaps(ofSet: isSparse)
        let parameter = Self.bestParameter(gaps)
        let cost = Self.cost(gaps, parameter)
        guard cost < idCount else {
            bits.write(Form.bitmap.rawValue, bits: 2)
            for (word, value) in words.enumerated() { bits.write(value, bits: min(64, idCount - word * 64)) }
            return
        }
        bits.write((isSparse ? Form.present : .absent).rawValue, bits: 2)
        bits.writeVariable(gaps.count, parameter: Self.countParameter)
        bits.write(UInt64(parameter), bits: Self.parameterBits)
        for gap in gaps { bits.writeVariable(gap, parameter: parameter) }
    }

    /// How many ids are present.
    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    func contains(_ id: Int) -> Bool { id < idCount && words[id / 64] >> UInt64(id % 64) & 1 == 1 }

    /// The ids that are present, ascending.
    var ids: [Int] {
        var ids: [Int] = []
        ids.reserveCapacity(count)
        forEach { ids.append($0) }
        return ids
    }

    /// Calls `body` with each id that is present, ascending.
    @inline(__always)
    func forEach<Failure: Error>(_ body: (Int) throws(Failure) -> Void) throws(Failure) {
        try words.withUnsafeBufferPointer { (words) throws(Failure) in
            var first = 0
            for word in words {
                var rest = word
                while rest != 0 {
                    try body(first &+ rest.trailingZeroBitCount)
                    rest &= rest &- 1
                }
                first &+= 64
            }
        }
    }

    func intersects(_ other: RowPresence) -> Bool { zip(words, other.words).contains { $0 & $1 != 0 } }

    /// How many ids below one are present: its row.
    func rank(of id: Int) -> Int {
        var rank = (words[id / 64] & (1 << UInt64(id % 64) - 1)).nonzeroBitCount
        for word in words[..<(id / 64)] { rank += word.nonzeroBitCount }
        return rank
    }

    private func gaps(ofSet isSet: Bool) -> [UInt64] {
        var gaps: [UInt64] = []
        var next = 0
        for (word, value) in words.enumerated() {
            var rest = isSet ? value : ~value & (~0 >> UInt64(64 - min(64, idCount - word * 64)))
            while rest != 0 {
                let id = word * 64 + rest.trailingZeroBitCount
                gaps.append(UInt64(id - next))
                next = id + 1
                rest &= rest - 1
            }
        }
        return gaps
    }

    private static func bestParameter(_ gaps: [UInt64]) -> Int {
        (0..<24).min { cost(gaps, $0) < cost(gaps, $1) } ?? 0
    }

    private static func cost(_ gaps: [UInt64], _ parameter: Int) -> Int {
        gaps.reduce(parameterBits + countParameter + 1) {
            $0 + VariableBits.cost(width: 64 - $1.leadingZeroBitCount, parameter: parameter)
        }
    }

    private static func malformed(_ expected: String, _ found: String) -> LogError {
        LogError(.malformed, expected: expected, found: found)
    }
}
