/// Reads targets, as the grammar of graphite-web 1.1 has them:
///
///     sumSeries(stats.counters.*.rate)
///     alias(movingAverage(a.{b,c}.d, '5min'), "smooth")
///     a.b | scale(0.5) | sortByName(reverse=true)
struct GraphiteParser {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    /// The longest target, in bytes, and how deep calls may be in each other.
    static let bytesMax = 16_384
    static let depthMax = 50

    /// - Throws: ``QueryError/Code/malformed`` with the place, and ``QueryError/Code/limit``.
    static func target(_ text: String) throws(QueryError) -> GraphiteNode {
        guard text.utf8.count <= bytesMax else { throw QueryError(.limit, "a target has at most \(bytesMax) bytes") }
        var parser = GraphiteParser(bytes: Array(text.utf8))
        let node = try parser.expression()
        parser.skipBlanks()
        guard parser.position == parser.bytes.count else { throw parser.failure("the end") }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// A path or a call, and what it is piped through.
    private mutating func expression() throws(QueryError) -> GraphiteNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw QueryError(.limit, "a target has more than \(Self.depthMax) calls in each other")
        }
        skipBlanks()
        var node: GraphiteNode
        if let call = try callIfAny(piped: nil) { node = call } else { node = .path(try path()) }
        var pipes = 0
        skipBlanks()
        while take("|") {
            skipBlanks()
            pipes += 1
            guard pipes <= Self.depthMax else { throw QueryError(.limit, "a target has more than \(Self.depthMax) pipes") }
            guard let call = try callIfAny(piped: node) else { throw failure("a call of a function") }
            node = call
            skipBlanks()
        }
        return node
    }

    private mutating func callIfAny(piped: GraphiteNode?) throws(QueryError) -> GraphiteNode? {
        guard let (name, end) = word(), end < bytes.count, bytes[end] == UInt8(ascii: "(") else { return nil }
        position = end + 1
        var arguments: [GraphiteNode] = piped.map { [$0] } ?? []
        var named: [String: GraphiteNode] = [:]
        skipBlanks()
        if !take(")") {
            repeat {
                skipBlanks()
                if let (key, end) = word(), let equals = firstNonBlank(from: end), bytes[equals] == UInt8(ascii: "=") {
                    position = equals + 1
                    named[key] = try argument()
                } else {
                    guard named.isEmpty else { throw failure("an argument with a name") }
                    arguments.append(try argument())
                }
                skipBlanks()
            } while take(",")
            guard take(")") else { throw failure("',' or ')'") }
        }
        return .call(name, arguments, named: named)
    }

    private mutating func argument() throws(QueryError) -> GraphiteNode {
        skipBlanks()
        guard position < bytes.count else { throw failure("an argument") }
        if isNext("'") || isNext("\"") { return .string(try string()) }
        if let (number, end) = number(), endsArgument(end) {
            position = end
            return number
        }
        if let (word, end) = word(), endsArgument(end) {
            switch word.lowercased() {
            case "true", "false":
                position = end
                return .boolean(word.lowercased() == "true")
            case "none":
                position = end
                return .none
            case "inf":
                position = end
                return .number(.infinity, text: "inf")
            default: break
            }
        }
        return try expression()
    }

    private func endsArgument(_ end: Int) -> Bool {
        guard let next = firstNonBlank(from: end) else { return true }
        return bytes[next] == UInt8(ascii: ",") || bytes[next] == UInt8(ascii: ")")
    }

    private mutating func string() throws(QueryError) -> String {
        let quote = bytes[position]
        var end = position + 1
        while end < bytes.count, bytes[end] != quote { end += bytes[end] == UInt8(ascii: "\\") && end + 1 < bytes.count ? 2 : 1 }
        guard end < bytes.count else { throw failure("the end of a string") }
        defer { position = end + 1 }
        return String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
    }

    private func number() -> (GraphiteNode, end: Int)? {
        var end = position
        var isInteger = true
        func digits() -> Bool {
            let start = end
            while end < bytes.count, 48...57 ~= bytes[end] { end += 1 }
            return end > start
        }
        if end < bytes.count, bytes[end] == UInt8(ascii: "-") { end += 1 }
        guard digits() else { return nil }
        if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
            end += 1
            isInteger = false
            guard digits() else { return nil }
        }
        if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
            end += 1
            isInteger = false
            if end < bytes.count, bytes[end] == UInt8(ascii: "-") { end += 1 }
            guard digits() else { return nil }
        }
        guard let value = Double(String(decoding: bytes[position..<end], as: UTF8.self)), value.isFinite else { return nil }
        let text = isInteger ? Int(exactly: value).map(String.init) ?? value.description : value.description
        return (.number(value, text: text), end)
    }

    /// A path ends at what no name may have; commas in braces belong to it.
    private mutating func path() throws(QueryError) -> String {
        let start = position
        var inBraces = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\\"), position + 1 < bytes.count {
                position += 2
                continue
            }
            if byte == UInt8(ascii: "{") { inBraces = true }
            if byte == UInt8(ascii: "}") { inBraces = false }
            let ends: Bool
            switch byte {
            case UInt8(ascii: ","): ends = !inBraces
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "|"), UInt8(ascii: "'"), UInt8(ascii: "\""): ends = true
            default: ends = byte <= 0x20
            }
            if ends { break }
            position += 1
        }
        guard position > start, !inBraces else { throw failure(inBraces ? "'}'" : "a path or a call of a function") }
        return String(decoding: bytes[start..<position].filter { $0 != UInt8(ascii: "\\") }, as: UTF8.self)
    }

    /// A name of a function or an argument that stands here.
    private func word() -> (String, end: Int)? {
        var end = position
        while end < bytes.count {
            let byte = bytes[end]
            let isLetter = 65...90 ~= byte & 0xDF && byte < 128 || byte == UInt8(ascii: "_")
            guard isLetter || (end > position && 48...57 ~= byte) else { break }
            end += 1
        }
        return end > position ? (String(decoding: bytes[position..<end], as: UTF8.self), end) : nil
    }

    private func firstNonBlank(from start: Int) -> Int? { bytes[start...].firstIndex { $0 > 0x20 } }

    private mutating func skipBlanks() { while position < bytes.count, bytes[position] <= 0x20 { position += 1 } }

    private func isNext(_ byte: Unicode.Scalar) -> Bool { position < bytes.count && bytes[position] == UInt8(ascii: byte) }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard isNext(byte) else { return false }
        position += 1
        return true
    }

    private func failure(_ expected: String) -> QueryError {
        let found = position < bytes.count ? "'\(String(decoding: bytes[position...].prefix(12), as: UTF8.self))'" : "the end"
        return QueryError(.malformed, "target: expected \(expected) at character \(position + 1), found \(found)")
    }
}
