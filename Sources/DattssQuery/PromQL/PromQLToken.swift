/// A word of PromQL, and where it begins.
struct PromQLToken: Hashable {
    enum Kind: Hashable {
        case identifier(String)
        case number(Double)
        case duration(Int64)
        case string(String)
        /// An operator, a bracket or a comma.
        case sign(String)
        case end
    }

    var kind: Kind
    /// In bytes from the beginning.
    var offset: Int

    /// As an error names it.
    var description: String {
        switch kind {
        case .identifier(let name): "'\(name)'"
        case .number(let value): "the number \(value)"
        case .duration: "a duration"
        case .string(let text): "the text \"\(text.prefix(40))\""
        case .sign(let sign): "'\(sign)'"
        case .end: "the end"
        }
    }
}

/// Takes PromQL apart into words.
struct PromQLLexer {
    private let bytes: [UInt8]
    private var position = 0
    /// Inside brackets a colon is that of a subquery and no name.
    private var isInBrackets = false

    private static let signs = [
        "==", "!=", ">=", "<=", "=~", "!~", "+", "-", "*", "/", "%", "^", "(", ")", "{", "}", "[", "]", ",", "=", ">", "<", "@",
        ":",
    ]

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// - Throws: ``QueryError/Code/malformed``, with line and column.
    static func tokens(of text: String) throws(QueryError) -> [PromQLToken] {
        var lexer = PromQLLexer(text)
        var tokens: [PromQLToken] = []
        repeat {
            let token = try lexer.next()
            if token.kind == .sign("[") { lexer.isInBrackets = true }
            if token.kind == .sign("]") { lexer.isInBrackets = false }
            tokens.append(token)
        } while tokens.last?.kind != .end
        return tokens
    }

    private mutating func next() throws(QueryError) -> PromQLToken {
        skipBlanks()
        let start = position
        guard position < bytes.count else { return PromQLToken(kind: .end, offset: start) }
        let byte = bytes[position]
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
            return PromQLToken(kind: .string(try text(endedBy: byte)), offset: start)
        }
        let isFraction = byte == UInt8(ascii: ".") && position + 1 < bytes.count && Self.isDigit(bytes[position + 1])
        if Self.isDigit(byte) || isFraction { return PromQLToken(kind: try numberOrDuration(), offset: start) }
        if Self.startsName(byte), !(isInBrackets && byte == UInt8(ascii: ":")) {
            while position < bytes.count, Self.startsName(bytes[position]) || Self.isDigit(bytes[position]) { position += 1 }
            let name = String(decoding: bytes[start..<position], as: UTF8.self)
            switch name.lowercased() {
            case "inf": return PromQLToken(kind: .number(.infinity), offset: start)
            case "nan": return PromQLToken(kind: .number(.nan), offset: start)
            default: return PromQLToken(kind: .identifier(name), offset: start)
            }
        }
        for sign in Self.signs where bytes[position...].starts(with: sign.utf8) {
            position += sign.utf8.count
            return PromQLToken(kind: .sign(sign), offset: start)
        }
        throw error("unexpected character \(String(decoding: [byte], as: UTF8.self).debugDescription)", at: start)
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "#"): while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
            default: return
            }
        }
    }

    private mutating func text(endedBy quote: UInt8) throws(QueryError) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != quote {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") else {
                text.append(byte)
                continue
            }
            guard position < bytes.count else { break }
            let escaped = bytes[position]
            position += 1
            switch escaped {
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "t"): text.append(9)
            case UInt8(ascii: "r"): text.append(13)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): text.append(escaped)
            default: throw error("unknown escape in a text", at: position - 2)
            }
        }
        guard position < bytes.count else { throw error("a text without an end", at: start) }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func numberOrDuration() throws(QueryError) -> PromQLToken.Kind {
        let start = position
        if bytes[position...].starts(with: "0x".utf8) || bytes[position...].starts(with: "0X".utf8) {
            position += 2
            let digits = position
            while position < bytes.count, Self.isDigit(bytes[position]) || Self.startsName(bytes[position]) { position += 1 }
            guard let value = UInt64(String(decoding: bytes[digits..<position], as: UTF8.self), radix: 16) else {
                throw error("bad hexadecimal number", at: start)
            }
            return .number(Double(value))
        }
        if let milliseconds = try duration() { return .duration(milliseconds) }
        while position < bytes.count {
            let isExponentSign =
                (bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-"))
                && (bytes[position - 1] | 0x20) == UInt8(ascii: "e") && position > start
            guard
                Self.isDigit(bytes[position]) || bytes[position] == UInt8(ascii: ".") || Self.startsName(bytes[position])
                    || isExponentSign
            else { break }
            position += 1
        }
        guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw error(
                "bad number or duration \(String(decoding: bytes[start..<position].prefix(40), as: UTF8.self).debugDescription)",
                at: start)
        }
        return .number(value)
    }

    /// `1h30m`: as much of each unit as is said, the longest first.
    private mutating func duration() throws(QueryError) -> Int64? {
        let units: [(String, Int64)] = [
            ("ms", 1), ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ]
        var (at, total, last) = (position, Int64(0), Int64.max)
        while at < bytes.count, Self.isDigit(bytes[at]) {
            let start = at
            while at < bytes.count, Self.isDigit(bytes[at]) { at += 1 }
            guard let (name, milliseconds) = units.first(where: { bytes[at...].starts(with: $0.0.utf8) }),
                let count = Int64(String(decoding: bytes[start..<at], as: UTF8.self)), milliseconds < last
            else { return nil }
            let (product, isTooLong) = count.multipliedReportingOverflow(by: milliseconds)
            guard !isTooLong, product <= Self.durationMax, total + product <= Self.durationMax else {
                throw error("a duration of more than 100 years", at: position)
            }
            total += product
            last = milliseconds
            at += name.utf8.count
        }
        guard last < .max, at == bytes.count || !(Self.startsName(bytes[at]) && bytes[at] != UInt8(ascii: ":")) else { return nil }
        position = at
        return total
    }

    private static let durationMax: Int64 = 100 * 31_536_000_000

    private func error(_ message: String, at offset: Int) -> QueryError { PromQLParser.error(message, at: offset, in: bytes) }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func startsName(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: ":")
    }
}
