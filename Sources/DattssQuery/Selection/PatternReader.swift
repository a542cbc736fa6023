/// Reads what the regular expressions of RE2 and of Python have in common: sets, escapes, and how often something is repeated.
struct PatternReader {
    let bytes: [UInt8]
    var position = 0
    /// Whether a letter stands for the other one, too.
    var ignoresCase = false
    /// What `\s` stands for.
    private let blanks: ByteSet

    private static let repeatsMax = 1000

    init(_ text: String, blanks: ByteSet) { (bytes, self.blanks) = (Array(text.utf8), blanks) }

    var isAtEnd: Bool { position == bytes.count }

    func isNext(_ byte: Unicode.Scalar) -> Bool { position < bytes.count && bytes[position] == UInt8(ascii: byte) }

    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard isNext(byte) else { return false }
        position += 1
        return true
    }

    mutating func next() -> UInt8 {
        defer { position += 1 }
        return bytes[position]
    }

    /// How often what stands in front is repeated; nil when nothing says so.
    mutating func repeats() throws(QueryError) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard isNext("{"), let (least, most, end) = counts() else { return nil }
        position = end
        guard max(least, most ?? 0) <= Self.repeatsMax, most.map({ $0 >= least }) ?? true else {
            throw QueryError(.malformed, "a regular expression repeats too often")
        }
        return (least, most)
    }

    private func counts() -> (Int, Int?, Int)? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
        let parts = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
            .split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        guard let least = Int(parts[0]), least >= 0 else { return nil }
        if parts.count == 1 { return (least, least, end + 1) }
        if parts[1].isEmpty { return (least, nil, end + 1) }
        return Int(parts[1]).map { (least, $0, end + 1) }
    }

    /// What is one byte: a set, an escape, or a byte by itself.
    /// - Parameter byte: which was taken, and is neither a group nor an edge.
    mutating func bytes(of byte: UInt8) throws(QueryError) -> ByteSet {
        switch byte {
        case UInt8(ascii: "["): return try set()
        case UInt8(ascii: "."): return ByteSet(10...10).inverted
        case UInt8(ascii: "\\"): return try escape()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
            throw QueryError(.malformed, "a regular expression repeats nothing")
        default: return single(byte)
        }
    }

    private mutating func set() throws(QueryError) -> ByteSet {
        let isInverted = take("^")
        var set = ByteSet()
        var isFirst = true
        while position < bytes.count, isFirst || !isNext("]") {
            isFirst = false
            let byte = next()
            if byte == UInt8(ascii: "\\") {
                set.formUnion(try escape())
            } else if position + 1 < bytes.count, isNext("-"), bytes[position + 1] != UInt8(ascii: "]") {
                let last = bytes[position + 1]
                position += 2
                guard byte <= last else { throw QueryError(.malformed, "a regular expression has a range that goes backwards") }
                for member in byte...last { set.formUnion(single(member)) }
            } else {
                set.formUnion(single(byte))
            }
        }
        guard take("]") else { throw QueryError(.malformed, "a regular expression has a [ without a ]") }
        return isInverted ? set.inverted : set
    }

    private mutating func escape() throws(QueryError) -> ByteSet {
        guard position < bytes.count else { throw QueryError(.malformed, "a regular expression ends with a \\") }
        let byte = next()
        switch byte {
        case UInt8(ascii: "d"): return Self.digits
        case UInt8(ascii: "D"): return Self.digits.inverted
        case UInt8(ascii: "w"): return Self.wordBytes
        case UInt8(ascii: "W"): return Self.wordBytes.inverted
        case UInt8(ascii: "s"): return blanks
        case UInt8(ascii: "S"): return blanks.inverted
        case UInt8(ascii: "n"): return ByteSet(10...10)
        case UInt8(ascii: "t"): return ByteSet(9...9)
        case 48...57, 65...90, 97...122:
            throw QueryError(.unsupported, "a regular expression has \\\(String(UnicodeScalar(byte)))")
        default: return single(byte)
        }
    }

    private static let digits = ByteSet(48...57)
    private static let wordBytes = ByteSet(48...57, 65...90, 97...122, 95...95)

    private func single(_ byte: UInt8) -> ByteSet {
        var set = ByteSet(byte...byte)
        if ignoresCase {
            if 65...90 ~= byte { set.insert(byte + 32) }
            if 97...122 ~= byte { set.insert(byte - 32) }
        }
        return set
    }
}
