extension JSONCursor {
    /// Reads `true` or `false`.
    @inline(__always)
    public mutating func bool() throws(WireError) -> Bool {
        skipSpace()
        if takeLiteral("true") { return true }
        if takeLiteral("false") { return false }
        throw unexpected("true or false")
    }

    /// Whether the next value is `null`, which is then consumed.
    @inline(__always)
    public mutating func takeNull() -> Bool {
        skipSpace()
        return takeLiteral("null")
    }

    // MARK: Numbers

    /// A number, rounded to the nearest double. One beyond a double's range is refused.
    @inline(__always)
    public mutating func number() throws(WireError) -> Double {
        skipSpace()
        if let value = takeShortNumber() { return value }
        return try anyNumber()
    }

    /// A number that is to be an integer of at most 2^53. The nearest double of 2^53 + 1 is 2^53: any way of writing
    /// 2^53 but with its 16 digits is therefore taken for the next double above it.
    @inline(__always)
    public mutating func integer() throws(WireError) -> Double {
        skipSpace()
        if let value = takeShortNumber() { return value }
        return try anyInteger()
    }

    /// A number of up to sixteen digits, some of which may be a fraction: what nearly all are. Both the digits, as an integer
    /// up to 2^53, and the power of ten are exact in binary64, so that one division rounds right (Clinger 1990).
    @inline(__always)
    private mutating func takeShortNumber() -> Double? {
        var end = position
        let isNegative = end < count && base[end] == UInt8(ascii: "-")
        if isNegative { end += 1 }
        let start = end
        var digits: Int64 = 0
        takeDigits(&digits, &end)
        var length = end - start
        guard length > 0, length == 1 || base[start] != UInt8(ascii: "0") else { return nil }
        var divisor = 1.0
        if end < count, base[end] == UInt8(ascii: ".") {
            end += 1
            let point = end
            takeDigits(&digits, &end)
            guard end > point else { return nil }
            length += end - point
            guard length <= 16 else { return nil }
            divisor = Self.powerOfTen(end - point)
        }
        // At the end of the body, or with an exponent, it is left to the one who reads them all.
        guard length <= 16, digits <= 1 << 53, end < count, base[end] | 0x20 != UInt8(ascii: "e") else { return nil }
        position = end
        let magnitude = divisor == 1 ? Double(digits) : Double(digits) / divisor
        return isNegative ? -magnitude : magnitude
    }

    /// An integer of up to fifteen digits; nil, and nothing consumed, where anything else stands.
    @inline(__always)
    mutating func takeShortInteger() -> Int64? {
        if count - position > 8, let (integer, length) = JSONNumber.shortElement(base + position) {
            position += length
            return integer
        }
        return takeAnyShortInteger()
    }

    @inline(never)
    private mutating func takeAnyShortInteger() -> Int64? {
        var end = position
        let isNegative = end < count && base[end] == UInt8(ascii: "-")
        if isNegative { end += 1 }
        let start = end
        var digits: Int64 = 0
        takeDigits(&digits, &end)
        guard 1...15 ~= end - start, end - start == 1 || base[start] != UInt8(ascii: "0"), end < count,
            base[end] != UInt8(ascii: "."), base[end] | 0x20 != UInt8(ascii: "e")
        else { return nil }
        position = end
        return isNegative ? -digits : digits
    }

    /// 10^0 to 10^16, each product of which is exact.
    @inline(__always)
    private static func powerOfTen(_ exponent: Int) -> Double {
        var power = exponent & 1 == 0 ? 1.0 : 10
        if exponent & 2 != 0 { power *= 1e2 }
        if exponent & 4 != 0 { power *= 1e4 }
        if exponent & 8 != 0 { power *= 1e8 }
        return exponent & 16 == 0 ? power : power * 1e16
    }

    @inline(__always)
    private func takeDigits(_ digits: inout Int64, _ end: inout Int) {
        while end < count {
            let digit = base[end] &- UInt8(ascii: "0")
            guard digit <= 9 else { return }
            // Wraps beyond 18 digits, where it is not used.
            digits = digits &* 10 &+ Int64(digit)
            end += 1
        }
    }

    @inline(never)
    private mutating func anyNumber() throws(WireError) -> Double {
        let start = position
        guard let number = DecimalNumber.scan(base + position, count - position) else {
            throw unexpected("a number")
        }
        position += number.length
        let value = number.value(base + start)
        guard value.isFinite else {
            position = start
            throw WireError(.malformed, "\(excerpt()) at byte \(start) is beyond the range of a double")
        }
        return value
    }

    @inline(never)
    private mutating func anyInteger() throws(WireError) -> Double {
        let start = position
        let value = try anyNumber()
        guard value == 0x1p53 else { return value }
        let isPlain = UnsafeBufferPointer(start: base + start, count: position - start).elementsEqual("9007199254740992".utf8)
        return isPlain ? value : value.nextUp
    }

    // MARK: Strings

    /// A string with its escapes resolved.
    public mutating func string() throws(WireError) -> String {
        skipSpace()
        let (range, isPlain) = try scanString()
        return try text(range, isPlain)
    }

    /// A string that is a path, out of the cache when it was there before; nil when it is no path, with the string in
    /// `found`.
    @inline(__always)
    mutating func path(_ paths: inout NameCache, found: inout String) throws(WireError) -> String? {
        skipSpace()
        let (range, isPlain) = try scanString()
        if isPlain, let path = paths.name(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)) {
            return path
        }
        found = try text(range, isPlain)
        return Name.isValidPath(found.utf8) ? found : nil
    }

    @inline(never)
    private func text(_ range: Range<Int>, _ isPlain: Bool) throws(WireError) -> String {
        let bytes = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        if isPlain {
            // Plain strings are ASCII, so they are valid UTF-8.
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let string = JSONEscapes.resolve(bytes) else {
            throw WireError(.malformed, "the string at byte \(range.lowerBound - 1) is not valid UTF-8 or has a bad escape")
        }
        return string
    }

    /// The name of a member; the cursor stands at its opening quote.
    @inline(__always)
    mutating func name() throws(WireError) -> JSONName {
        if count - position > 8, base[position] == UInt8(ascii: "\"") {
            let word = JSONWord.load(base + position + 1)
            let length = JSONWord.plainLength(word)
            if length < 8, base[position + 1 + length] == UInt8(ascii: "\"") {
                let start = position + 1
                position = start + length + 1
                return JSONName(
                    word: word & JSONWord.lowBytes(length), bytes: UnsafeBufferPointer(start: base + start, count: length))
            }
        }
        return try anyName()
    }

    @inline(never)
    private mutating func anyName() throws(WireError) -> JSONName {
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("a member's name in quotes") }
        let (range, isPlain) = try scanString()
        let bytes = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        if isPlain { return JSONName(word: JSONWord.of(bytes), bytes: bytes) }
        // A name that nobody asks for has to be a string, too.
        let word = try text(range, isPlain).utf8.reduce(into: []) { $0.append($1) }.withUnsafeBufferPointer(JSONWord.of)
        return JSONName(word: word, bytes: bytes)
    }

    /// Passes over a string; the cursor stands where its opening quote should be.
    /// - Returns: where its content is, and whether that is ASCII without escapes.
    @inline(__always)
    private mutating func scanString() throws(WireError) -> (Range<Int>, isPlain: Bool) {
        guard position < count, base[position] == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let start = position + 1
        var end = start
        while count - end >= 8 {
            let length = JSONWord.plainLength(JSONWord.load(base + end))
            end += length
            if length < 8 { break }
        }
        if end < count, base[end] == UInt8(ascii: "\"") {
            position = end + 1
            return (start..<end, true)
        }
        return try scanAnyString(from: start, at: end)
    }

    /// Goes on byte by byte, from `end`.
    @inline(never)
    private mutating func scanAnyString(from start: Int, at end: Int) throws(WireError) -> (Range<Int>, isPlain: Bool) {
        var isPlain = true
        position = end
        while position < count {
            let byte = base[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return (start..<position - 1, isPlain)
            case UInt8(ascii: "\\"):
                isPlain = false
                position += 2
            case 0..<0x20:
                throw WireError(.malformed, "a control character in the string at byte \(position)")
            default:
                if byte >= 0x80 { isPlain = false }
                position += 1
            }
        }
        position = count
        throw WireError(.malformed, "the string at byte \(start - 1) does not end")
    }
}
