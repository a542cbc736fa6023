/// Just enough of arbitrary precision to check a table of boundaries: multiplication, shift and comparison.
struct BigUInt: Equatable, Comparable {
    /// Least significant first; the last is never 0.
    private var words: [UInt32]

    init(_ value: UInt64) {
        words = [UInt32(truncatingIfNeeded: value), UInt32(value >> 32)]
        trim()
    }

    static func * (a: BigUInt, b: BigUInt) -> BigUInt {
        var product = BigUInt(0)
        product.words = Array(repeating: 0, count: a.words.count + b.words.count)
        for (i, x) in a.words.enumerated() {
            var carry: UInt64 = 0
            for (j, y) in b.words.enumerated() {
                let sum = UInt64(x) * UInt64(y) + UInt64(product.words[i + j]) + carry
                product.words[i + j] = UInt32(truncatingIfNeeded: sum)
                carry = sum >> 32
            }
            product.words[i + b.words.count] = UInt32(carry)
        }
        product.trim()
        return product
    }

    /// This number to the 32nd power.
    var toThe32nd: BigUInt { (0..<5).reduce(self) { square, _ in square * square } }

    static func power(ofTwo exponent: Int) -> BigUInt {
        var power = BigUInt(0)
        power.words = Array(repeating: 0, count: exponent / 32) + [1 << UInt32(exponent % 32)]
        return power
    }

    static func < (a: BigUInt, b: BigUInt) -> Bool {
        guard a.words.count == b.words.count else { return a.words.count < b.words.count }
        return a.words.reversed().lexicographicallyPrecedes(b.words.reversed())
    }

    private mutating func trim() {
        while words.last == 0 { words.removeLast() }
    }
}
