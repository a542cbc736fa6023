/// The answer to a request, as far as the load generator cares; found in bytes that may hold only a part of it.
///
/// Knows what this server sends: a status line, fields, and a body of `Content-Length` bytes.
struct HTTPAnswer {
    var status: Int
    var body: Range<Int>
    var isLast: Bool
    /// Whether it says when to come again.
    var hasRetryAfter: Bool

    /// The bytes from the status line to the end of the body.
    var length: Int { body.upperBound }

    /// - Returns: nil when more bytes are needed.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) throws(LoadError) {
        guard let headEnd = Self.endOfHead(bytes) else { return nil }
        guard bytes.count >= 12, bytes[0] == UInt8(ascii: "H"), bytes[8] == UInt8(ascii: " "),
            let status = Self.integer(bytes[9..<12])
        else { throw LoadError(description: "what came is no HTTP answer: \(Self.text(bytes.prefix(80)))") }
        var length = 0
        var (isLast, hasRetryAfter) = (false, false)
        var position = 12
        while position < headEnd {
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? headEnd
            let line = bytes[position..<end]
            if let value = Self.value(of: "content-length", line) {
                guard let number = Self.integer(value), number <= 1 << 30 else {
                    throw LoadError(description: "an answer with a bad Content-Length: \(Self.text(value))")
                }
                length = number
            } else if let value = Self.value(of: "connection", line) {
                isLast = value.first.map { $0 | 0x20 } == UInt8(ascii: "c")
            } else if Self.value(of: "retry-after", line) != nil {
                hasRetryAfter = true
            } else if Self.value(of: "transfer-encoding", line) != nil {
                throw LoadError(description: "an answer in chunks, which the load generator does not read")
            }
            position = end + 1
        }
        guard bytes.count >= headEnd + length else { return nil }
        self.status = status
        self.isLast = isLast
        self.hasRetryAfter = hasRetryAfter
        body = headEnd..<(headEnd + length)
    }

    /// The name of the error in `{"error":{"name":"…"`; the status where there is none.
    static func errorName(status: Int, _ body: some Collection<UInt8>) -> String {
        let words = String(decoding: body.prefix(200), as: UTF8.self).split(separator: "\"")
        guard words.count > 5, words[1] == "error", words[3] == "name" else { return "status \(status)" }
        return String(words[5])
    }

    private static func endOfHead(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var position = 0
        while position + 4 <= bytes.count {
            if bytes[position + 3] == UInt8(ascii: "\n") {
                if bytes[position] == UInt8(ascii: "\r"), bytes[position + 1] == UInt8(ascii: "\n"),
                    bytes[position + 2] == UInt8(ascii: "\r")
                {
                    return position + 4
                }
            }
            position += 1
        }
        return nil
    }

    /// What stands behind the name of a field, when the line is of that field.
    private static func value(of name: StaticString, _ line: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<
        UnsafeBufferPointer<UInt8>
    >? {
        guard line.count > name.utf8CodeUnitCount, line[line.startIndex + name.utf8CodeUnitCount] == UInt8(ascii: ":") else {
            return nil
        }
        let isNamed = name.withUTF8Buffer { letters in
            for offset in 0..<letters.count where line[line.startIndex + offset] | 0x20 != letters[offset] | 0x20 { return false }
            return true
        }
        guard isNamed else { return nil }
        var value = line.dropFirst(name.utf8CodeUnitCount + 1)
        while value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        while let last = value.last, last == UInt8(ascii: "\r") || last == UInt8(ascii: " ") { value = value.dropLast() }
        return value
    }

    private static func integer(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard 1...18 ~= digits.count else { return nil }
        var number = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
