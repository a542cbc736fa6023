/// Lines of text in columns, as wide as a terminal shows them.
struct TextTable {
    /// One of its columns.
    struct Column {
        /// What stands above it; in a table without headings nothing does.
        var heading = ""
        /// Texts begin at the left, numbers end at the right.
        var isText = true
        /// Whether its texts are cut in the middle where a line is too wide; of one column at most.
        var isCut = false
        /// Where a line is too wide all the same, the column with the smallest is left out first; nil is never left out.
        var leftOut: Int?
    }

    /// How a line is shown.
    enum Style: String {
        case heading = "\u{1B}[1m"
        case emphasised = "\u{1B}[1;33m"
        /// Not heard of for some minutes.
        case silent = "\u{1B}[2m"
        case usual = ""
    }

    private let columns: [Column]
    private let lines: [(cells: [String], style: Style)]

    /// Rather than to cut names further, columns are left out.
    private static let cutWidthMin = 20
    private static let gap = "  "

    /// - Parameters:
    ///   - rows: each with one cell a column. Columns in which none has a text are left out.
    ///   - styles: of the rows; nothing for the usual one.
    init(_ columns: [Column], rows: [[String]], styles: [Style] = []) {
        let used = columns.indices.filter { column in
            columns[column].isCut || rows.isEmpty || rows.contains { !$0[column].isEmpty }
        }
        self.columns = used.map { columns[$0] }
        let body = rows.enumerated().map { index, row in
            (used.map { Self.printable(row[$0]) }, styles.indices.contains(index) ? styles[index] : .usual)
        }
        let headings = used.map { columns[$0].heading }
        lines = (headings.allSatisfy(\.isEmpty) ? [] : [(headings, .heading)]) + body
    }

    /// - Parameters:
    ///   - rows: how many lines at most; the last says how many are left out.
    ///   - columns: how wide a line may be; nil where that does not matter.
    func lines(rows: Int = .max, columns width: Int? = nil, isColoured: Bool = false) -> [String] {
        let (shownColumns, widths) = fitted(to: width)
        let shown = lines.count > rows ? max(1, rows - 1) : lines.count
        let texts = lines.prefix(shown).map { cells, style in
            let line = shownColumns.map { column in
                let text = columns[column].isCut ? Self.shortened(cells[column], to: widths[column]) : cells[column]
                let padding = String(repeating: " ", count: max(0, widths[column] - Self.width(text)))
                return columns[column].isText ? text + padding : padding + text
            }.joined(separator: Self.gap)
            return isColoured && style != .usual ? "\(style.rawValue)\(line)\u{1B}[0m" : line
        }
        return shown < lines.count ? texts + ["… and \(lines.count - shown) more"] : texts
    }

    private func fitted(to width: Int?) -> (columns: [Int], widths: [Int]) {
        var shown = Array(columns.indices)
        var widths = shown.map { column in lines.reduce(0) { max($0, Self.width($1.cells[column])) } }
        guard let width else { return (shown, widths) }
        func excess() -> Int { shown.reduce(-Self.gap.count) { $0 + widths[$1] + Self.gap.count } - width }
        let cut = columns.indices.first { columns[$0].isCut }
        let spare = cut.map { max(0, widths[$0] - Self.cutWidthMin) } ?? 0
        let order = shown.filter { columns[$0].leftOut != nil }.sorted { columns[$0].leftOut ?? 0 < columns[$1].leftOut ?? 0 }
        for column in order where excess() > spare { shown.removeAll { $0 == column } }
        if let cut { widths[cut] = max(1, widths[cut] - max(0, excess())) }
        return (shown, widths)
    }

    /// Cut in the middle: names of one family begin and end differently.
    static func shortened(_ text: String, to width: Int) -> String {
        guard Self.width(text) > width else { return text }
        let kept = max(0, width - 1)
        func fitting(_ characters: some Sequence<Character>, _ room: Int) -> [Character] {
            var left = room
            return characters.prefix { character in
                left -= Self.width(of: character)
                return left >= 0
            }
        }
        return String(fitting(text, kept / 2)) + "…" + String(fitting(text.reversed(), kept - kept / 2).reversed())
    }

    /// How many columns of a terminal a text takes.
    static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width(of: $1) }
    }

    /// East Asian characters and pictures take two columns (Unicode's annex 11, and what terminals make of emoji).
    private static func width(of character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.value < 0x300 { return 1 }
        if [.nonspacingMark, .enclosingMark, .format].contains(first.properties.generalCategory) { return 0 }
        let isWide = wide.contains { $0.contains(first.value) }
        let isPicture = first.properties.isEmojiPresentation || character.unicodeScalars.dropFirst().first?.value == 0xFE0F
        return isWide || isPicture ? 2 : 1
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]

    /// What somebody else wrote moves no cursor and begins no line.
    private static func printable(_ text: String) -> String {
        let isClean = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        if isClean { return text }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}

extension TextTable {
    /// Prints it, as wide as the terminal is, if it is one.
    func print() throws {
        for line in lines(columns: Terminal.isOutput ? Terminal.columns : nil, isColoured: Terminal.isColoured) {
            try Output.line(line)
        }
    }
}
