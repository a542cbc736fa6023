import DattssCore
import DattssQuery

/// A board as somebody sends it. What is not known is refused, because a word that is misspelt would else be lost without a sound.
struct BoardDocument {
    private(set) var board: Board
    /// The version of the board that it is to replace; nil where the sender does not say.
    private(set) var version: String?

    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var (name, version, panels) = (String?.none, String?.none, [Board.Panel]?.none)
        try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            try cursor.object { (member, cursor) throws(WireError) in
                switch member.string {
                case "format": try located("format") { () throws(WireError) in try Self.format(&cursor) }
                case "name": name = try located("name") { () throws(WireError) in try cursor.string() }
                case "version": version = try located("version") { () throws(WireError) in try cursor.string() }
                case "panels": panels = try Self.panels(&cursor)
                case let other: throw Self.unknown(other, "format, name, panels, version")
                }
            }
        }
        guard let name else { throw WireError(.missingField, "name: is missing") }
        guard Board.isName(name) else {
            throw WireError(
                .badName,
                "name: expected 1 to \(Board.nameCharactersMax) characters without blanks around them, and neither '.' nor '..'")
        }
        guard let panels else { throw WireError(.missingField, "panels: is missing") }
        board = Board(name: name, panels: panels)
        self.version = version
    }

    private static func format(_ cursor: inout JSONCursor) throws(WireError) {
        let format = try cursor.number()
        guard format == Double(Board.format) else {
            throw WireError(.badValue, "is \(format), expected \(Board.format): this server is older than the document")
        }
    }

    private static func panels(_ cursor: inout JSONCursor) throws(WireError) -> [Board.Panel] {
        var panels: [Board.Panel] = []
        try located("panels") { () throws(WireError) in
            try cursor.array { (index, cursor) throws(WireError) in
                guard index < Board.panelsMax else { throw WireError(.badValue, "expected at most \(Board.panelsMax)") }
                panels.append(try located("[\(index)]") { () throws(WireError) in try panel(&cursor) })
            }
        }
        return panels
    }

    private static func panel(_ cursor: inout JSONCursor) throws(WireError) -> Board.Panel {
        var members: [String: String] = [:]
        try cursor.object { (member, cursor) throws(WireError) in
            let name = member.string
            guard ["type", "address", "text", "title", "width"].contains(name) else {
                throw unknown(name, "type, address, text, title, width", ".")
            }
            members[name] = try located(".\(name)") { () throws(WireError) in try cursor.string() }
        }
        let title = members["title"] ?? ""
        guard title.count <= Board.titleCharactersMax, !title.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw WireError(.badValue, ".title: expected at most \(Board.titleCharactersMax) characters on one line")
        }
        let width = members["width"] ?? Board.Width.half.rawValue
        guard let width = Board.Width(rawValue: width) else {
            throw WireError(.badValue, ".width: is '\(width.utf8Prefix(16))', expected half or full")
        }
        return Board.Panel(content: try content(members), title: title, width: width)
    }

    private static func content(_ members: [String: String]) throws(WireError) -> Board.Content {
        switch members["type"] {
        case "plot":
            guard members["text"] == nil else { throw WireError(.badValue, ".text: a plot has an address and no text") }
            guard let address = members["address"] else { throw WireError(.missingField, ".address: is missing") }
            do { _ = try Board.plot(address) } catch { throw WireError(.badValue, ".address: \(error.message)") }
            return .plot(address: address)
        case "text":
            guard members["address"] == nil else { throw WireError(.badValue, ".address: a text has none") }
            guard let text = members["text"] else { throw WireError(.missingField, ".text: is missing") }
            guard text.utf8.count <= Board.textBytesMax else {
                throw WireError(.badValue, ".text: has \(text.utf8.count) bytes, expected at most \(Board.textBytesMax)")
            }
            return .text(text)
        case let other?: throw WireError(.badValue, ".type: is '\(other.utf8Prefix(16))', expected plot or text")
        case nil: throw WireError(.missingField, ".type: is missing")
        }
    }

    private static func unknown(_ name: String, _ expected: String, _ dot: String = "") -> WireError {
        WireError(.badValue, "\(dot)\(name.utf8Prefix(40)): is not known, expected one of \(expected)")
    }
}
