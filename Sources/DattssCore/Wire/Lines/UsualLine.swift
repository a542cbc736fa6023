/// A statsd line as nearly all are: `name:value|type`, a plain number without a sign, and nothing behind it.
///
/// It is read by the word, without a loop whose end depends on the line where that can be: a processor guesses such ends
/// wrong, which takes as long as all the rest. Its name is hashed on the way. Whatever is not so usual, good or bad, is no
/// ``UsualLine``, and takes the way of ``DatagramLine/parse(_:)``.
struct UsualLine {
    /// Up to the first colon: only a name that is known already is also known to be one.
    let name: HashedName
    let value: Double
    /// The kind's raw value: to make a kind of it takes a branch that nobody can foretell.
    let tag: UInt8
    /// Behind its type. In four bytes, because as many lines as possible are to fit where ``AccumulatorTable`` looks ahead.
    private let end: UInt32

    /// Where the next line begins.
    var next: Int { Int(end) + 1 }

    var kind: Kind { Kind(rawValue: tag) ?? .counter }

    /// Reads the line that begins at `start`.
    /// - Parameter bytes: the lines; at least ``bytesMin``, and less than 2^32.
    @inline(__always)
    init?(in bytes: DatagramLine.Bytes, at start: Int, _ hash: NameHash) {
        guard let name = Self.name(in: bytes, at: start, hash) else { return nil }
        let valueStart = start + name.bytes.count + 1
        guard let (value, length) = Self.number(in: bytes, at: valueStart) else { return nil }
        let bar = valueStart &+ length
        guard bar < bytes.count, bytes[bar] == UInt8(ascii: "|"),
            let (tag, typeLength) = Self.type(Self.word(in: bytes, at: bar &+ 1))
        else { return nil }
        let end = bar &+ 1 &+ typeLength
        guard end == bytes.count || bytes[end] == UInt8(ascii: "\n") else { return nil }
        (self.name, self.tag, self.value, self.end) = (name, tag, value, UInt32(truncatingIfNeeded: end))
    }

    static let bytesMin = 8

    /// The eight bytes from `offset` on, the first one the lowest; zeros behind the end.
    @inline(__always)
    private static func word(in bytes: DatagramLine.Bytes, at offset: Int) -> UInt64 {
        let missing = offset &+ 8 &- bytes.count
        return missing <= 0 ? bytes.word(at: offset) : bytes.word(at: bytes.count - 8) >> UInt64(8 * missing)
    }

    /// The high bit of each byte that is 0, at least of the lowest one (Warren, Hacker's Delight, 6-1).
    @inline(__always)
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }

    @inline(__always)
    private static func name(in bytes: DatagramLine.Bytes, at start: Int, _ hash: NameHash) -> HashedName? {
        var state = hash.seed
        var offset = start
        var word = Self.word(in: bytes, at: offset)
        var colons = zeroBytes(word ^ 0x3A3A_3A3A_3A3A_3A3A)
        while colons == 0 {
            state = NameHash.mixed(state, word)
            offset += 8
            // No path is longer; and nobody may have a whole datagram looked through for each of its lines.
            guard offset < bytes.count, offset - start <= Name.pathBytesMax else { return nil }
            word = Self.word(in: bytes, at: offset)
            colons = zeroBytes(word ^ 0x3A3A_3A3A_3A3A_3A3A)
        }
        let bits = UInt64(truncatingIfNeeded: colons.trailingZeroBitCount & ~7)
        let name = DatagramLine.Bytes(start: bytes.baseAddress.map { $0 + start }, count: offset - start + Int(bits / 8))
        return HashedName(name, rest: word & ((1 &<< bits) &- 1), state: state)
    }

    /// A number and how many bytes it takes. Up to seven of them are read at once, with a point or without: it is taken out.
    @inline(__always)
    private static func number(in bytes: DatagramLine.Bytes, at start: Int) -> (value: Double, length: Int)? {
        let word = word(in: bytes, at: start) ^ 0x3030_3030_3030_3030
        let bar = bits(before: UInt8(ascii: "|"), in: word)
        let point = bits(before: UInt8(ascii: "."), in: word)
        let pointBits = ((point &- bar) >> 63) << 3
        let (whole, count) = (min(point, bar), bar &- pointBits)
        let mask = (1 &<< whole) &- 1
        // The digits become the last of eight, then pairs of them, fours and all are added up.
        var digits = ((word & mask) | ((word &>> pointBits) & ~mask)) &<< (64 &- count)
        let others = ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
        // A zero in front of other digits is not a number's, nor is a point without digits on both sides. (Worked out without a branch
        // for each, which would be sometimes taken and sometimes not.)
        let hasZero = ((8 &- whole) >> 63) & isZero(word & 0xFF)
        let endsWithPoint = (pointBits >> 3) & isZero(count ^ whole)
        guard others | (bar >> 6) | isZero(whole) | hasZero | endsWithPoint == 0 else {
            return anyNumber(in: bytes, at: start)
        }
        digits = (digits &* 10) &+ (digits >> 8)
        let (even, odd) = (digits & 0x0000_00FF_0000_00FF, (digits >> 16) & 0x0000_00FF_0000_00FF)
        digits = ((even &* 0x000F_4240_0000_0064) &+ (odd &* 0x0000_2710_0000_0001)) >> 32
        // (Both are whole numbers that a double holds, so that it is the nearest one.)
        return (Double(digits) / powers[Int(count &- whole) / 8], Int(bar / 8))
    }

    /// 1 for 0, and 0 for all that is less than 2^63.
    @inline(__always)
    private static func isZero(_ number: UInt64) -> UInt64 { (number &- 1) >> 63 }

    /// How many bits of a word of digits, each less 0x30, stand in front of the first such byte; 64 when there is none.
    @inline(__always)
    private static func bits(before byte: UInt8, in word: UInt64) -> UInt64 {
        let found = zeroBytes(word ^ (UInt64(byte ^ 0x30) &* 0x0101_0101_0101_0101))
        return UInt64(truncatingIfNeeded: found.trailingZeroBitCount & ~7)
    }

    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7]

    @inline(never)
    private static func anyNumber(in bytes: DatagramLine.Bytes, at start: Int) -> (value: Double, length: Int)? {
        guard let base = bytes.baseAddress, start < bytes.count,
            // A gauge's sign means more than that of a number.
            bytes[start] != UInt8(ascii: "+"), bytes[start] != UInt8(ascii: "-")
        else { return nil }
        return SampleValue.number(base + start, bytes.count - start)
    }

    /// - Parameter word: the type and what stands behind it.
    @inline(__always)
    private static func type(_ word: UInt64) -> (tag: UInt8, length: Int)? {
        let letter = word & 0xFF
        let code = (codes &>> (2 &* (letter & 0x1F))) & 3
        let isLong = isZero(letter ^ UInt64(UInt8(ascii: "m")))
        let isCut = isLong & ~isZero((word >> 8) & 0xFF ^ UInt64(UInt8(ascii: "s")))
        guard ((letter & 0xE0) ^ 0x60) | isZero(code) | isCut == 0 else { return nil }
        return (UInt8(truncatingIfNeeded: code &- 1), Int(1 &+ isLong))
    }

    /// Two bits a letter: what its kind's raw value is, and one more; 0 where it begins no type.
    private static var codes: UInt64 {
        code("c", .counter) | code("m", .timer) | code("h", .timer) | code("d", .timer) | code("g", .gauge)
    }

    @inline(__always)
    private static func code(_ letter: Unicode.Scalar, _ kind: Kind) -> UInt64 {
        UInt64(kind.rawValue + 1) << UInt64(2 * (letter.value & 0x1F))
    }
}
