import DattssCore
import DattssQuery

/// A named arrangement of plots and texts, as a user keeps it and as it is exported and imported.
///
///     {"format":1, "name":"Shop",
///      "panels":[{"type":"plot", "address":"v=1&q=c:shop.orders&range=3h&tz=UTC", "title":"Orders", "width":"half"},
///                {"type":"text", "text":"# On call\nAnn until Friday", "title":"", "width":"full"}],
///      "version":"5f2b0c9d1e7a4463"}
///
/// A plot is the address of one in Explore, so whatever Explore shows a board can show. A text is plain, with a few signs of Markdown that
/// the page knows.
struct Board: Sendable, Hashable {
    /// Each of a user's boards has its own.
    var name: String
    /// From the top to the bottom; two that are half as wide stand side by side.
    var panels: [Panel]

    struct Panel: Sendable, Hashable {
        var content: Content
        var title: String
        var width: Width

        /// What a plot asks; nil of a text.
        /// - Throws: ``QueryError`` for an address that an earlier version took and this one does not.
        func plot() throws(QueryError) -> PlotAddress? {
            guard case .plot(let address) = content else { return nil }
            return try Board.plot(address)
        }
    }

    enum Content: Sendable, Hashable {
        /// What stands behind `#explore?`.
        case plot(address: String)
        case text(String)
    }

    enum Width: String, Sendable, CaseIterable {
        case half, full
    }

    /// What is written today. A reader of another format would have to be told so.
    static let format: Int64 = 1

    static let perUserMax = 100
    static let panelsMax = 50
    static let nameCharactersMax = 64
    static let titleCharactersMax = 120
    static let textBytesMax = 10_000
    /// The size of a whole document, as it is sent.
    static let bytesMax = 262_144

    /// What this board is called among its changes: another content has another name.
    var version: String {
        AuthKeys.hexadecimal(SHA256.hash(BoardJSON.write(self, version: nil).bytes).bytes.prefix(8))
    }

    /// 1 to 64 characters that can stand in an address: no control characters, no blanks around them, and neither `.` nor `..`, which
    /// browsers take for folders.
    static func isName(_ text: String) -> Bool {
        1...nameCharactersMax ~= text.count && text != "." && text != ".."
            && text.first?.isWhitespace == false && text.last?.isWhitespace == false
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// What a plot's address asks.
    /// - Throws: ``QueryError`` that names what is wrong.
    static func plot(_ address: String) throws(QueryError) -> PlotAddress {
        try PlotAddress(address) { (try? NamedTimeZone($0)) != nil }
    }
}
