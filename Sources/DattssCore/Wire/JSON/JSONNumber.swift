/// A number without an exponent that a comma or a brace ends, read by the word.
///
/// Takes only what it is sure of: everything else is left to ``DecimalNumber``, which gives the same double.
struct JSONNumber {
    let value: Double
    let length: Int

    /// One that ends within eight bytes behind its sign, with a fraction or without.
    /// - Parameter start: there are nine bytes to read.
    @inline(__always)
    static func short(_ start: UnsafePointer<UInt8>) -> JSONNumber? {
        var word = JSONWord.load(start)
        let isNegative = UInt8(truncatingIfNeeded: word) == UInt8(ascii: "-")
        if isNegative { word = JSONWord.load(start + 1) }
        let first = UInt8(truncatingIfNeeded: word)
        let wholeLength = JSONWord.digitLength(word)
        guard wholeLength > 0, wholeLength == 1 || first != UInt8(ascii: "0") else { return nil }
        // The end of eight digits is not in this word: then the shift wraps to the first of them, which is neither.
        let behind = byte(word, wholeLength)
        if isEnd(behind) {
            return JSONNumber(
                Double(Int64(bitPattern: JSONWord.number(word, wholeLength))), isNegative, length: wholeLength)
        }
        guard behind == UInt8(ascii: ".") else { return nil }
        // Without the point: what is behind it moves down, and a byte that is no digit comes in.
        let below = JSONWord.lowBytes(wholeLength)
        let digits = word & below | word >> 8 & ~below
        let length = JSONWord.digitLength(digits)
        guard length > wholeLength, isEnd(byte(digits, length)) else { return nil }
        let magnitude = DecimalNumber.nearest(JSONWord.number(digits, length), overTenTo: length &- wholeLength)
        return JSONNumber(magnitude, isNegative, length: length &+ 1)
    }

    /// An integer that ends within eight bytes behind its sign with a comma or a bracket.
    /// - Parameter start: there are nine bytes to read.
    @inline(__always)
    static func shortElement(_ start: UnsafePointer<UInt8>) -> (integer: Int64, length: Int)? {
        var word = JSONWord.load(start)
        let isNegative = UInt8(truncatingIfNeeded: word) == UInt8(ascii: "-")
        if isNegative { word = JSONWord.load(start + 1) }
        let length = JSONWord.digitLength(word)
        let behind = byte(word, length)
        guard length > 0, behind == UInt8(ascii: ",") || behind == UInt8(ascii: "]"),
            length == 1 || UInt8(truncatingIfNeeded: word) != UInt8(ascii: "0")
        else { return nil }
        let integer = Int64(bitPattern: JSONWord.number(word, length))
        return isNegative ? (-integer, length &+ 1) : (integer, length)
    }

    @inline(__always)
    private init(_ magnitude: Double, _ isNegative: Bool, length: Int) {
        value = Double(bitPattern: magnitude.bitPattern | (isNegative ? 1 << 63 : 0))
        self.length = isNegative ? length &+ 1 : length
    }

    @inline(__always)
    private static func byte(_ word: UInt64, _ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: 8 &* index))
    }

    @inline(__always)
    private static func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") }

    // MARK: Long ones

    /// How many bytes are read at most: a sign, a run of digits that ends with the word with which there are too many, a point, one
    /// more word, and the byte behind.
    static let aheadBytes = 1 + 3 * 8 + 1 + 8 + 1

    /// One of up to 19 digits.
    /// - Parameters:
    ///   - start: there are ``aheadBytes`` to read.
    ///   - isInteger: whether one that ``JSONCursor/integer()`` takes a second look at is left to it.
    @inline(never)
    static func long(_ start: UnsafePointer<UInt8>, isInteger: Bool) -> JSONNumber? {
        let isNegative = start.pointee == UInt8(ascii: "-")
        let first = isNegative ? start + 1 : start
        var run = DigitRun(next: first)
        run.take()
        let wholeCount = run.count
        guard wholeCount > 0, wholeCount == 1 || first.pointee != UInt8(ascii: "0") else { return nil }
        var length = run.count
        if run.next.pointee == UInt8(ascii: ".") {
            run.next += 1
            run.take()
            guard run.count > wholeCount else { return nil }
            length = run.count &+ 1
        }
        guard run.count <= DigitRun.countMax, isEnd(run.next.pointee),
            !isInteger || (run.count <= 16 && run.digits <= 1 << 53)
        else { return nil }
        return JSONNumber(
            DecimalNumber.nearest(run.digits, overTenTo: run.count &- wholeCount), isNegative, length: length)
    }
}

/// Digits, with or without a point somewhere between them.
private struct DigitRun {
    var next: UnsafePointer<UInt8>
    var digits: UInt64 = 0
    var count = 0

    /// With more digits the integer would overflow.
    static let countMax = 19

    init(next: UnsafePointer<UInt8>) { self.next = next }

    @inline(__always)
    mutating func take() {
        var length: Int
        repeat {
            let word = JSONWord.load(next)
            length = JSONWord.digitLength(word)
            // Wraps beyond ``countMax``, where it is not used.
            digits = digits &* DecimalNumber.powerOfTen(length) &+ JSONWord.number(word, length)
            count &+= length
            next += length
        } while length == 8 && count < Self.countMax
    }
}
