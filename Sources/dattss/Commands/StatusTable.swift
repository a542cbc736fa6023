/// A status as lines of text in columns, in the order of its rows.
struct StatusTable {
    private var cells: [[String]]
    private let styles: [Style]

    private enum Style: String {
        case heading = "\u{1B}[1m"
        case emphasised = "\u{1B}[1;33m"
        /// Not heard of for some minutes.
        case silent = "\u{1B}[2m"
        case usual = ""
    }

    private static let headings = ["", "statistic", "last minute", "value", "min", "max", "p50", "p95", "p99", "seen"]
    /// What is left out where a terminal is too narrow, the first first.
    private static let dispensable = ["min", "max", "p50", "p99", "p95", "value"]
    private static let pathColumn = 1
    /// Rather than to cut names further, columns are left out.
    private static let pathWidthMin = 20
    private static let gap = "  "
    /// As on the page.
    private static let silentSeconds: Int64 = 300

    /// - Parameter isShort: whether large numbers are written as 23.8G, to be looked at.
    init(_ answer: StatusAnswer, order: StatusOrder = .name, isShort: Bool = false) {
        func number(_ value: Double?) -> String { Self.number(value, isShort: isShort) }
        let rows = answer.rows.sorted(by: order.precedes)
        cells =
            [Self.headings]
            + rows.map { row in
                [
                    row.typ, row.pth + (row.emp ? " !" : ""), number(row.lastMinute) + (row.typ == "c" ? "/min" : ""),
                    number(row.value), number(row.min), number(row.max), number(row.p50), number(row.p95), number(row.p99),
                    Self.age(answer.at - row.seen),
                ]
            }
        styles =
            [.heading]
            + rows.map { row in
                answer.at - row.seen > Self.silentSeconds ? .silent : row.emp ? .emphasised : .usual
            }
    }

    /// - Parameters:
    ///   - rows: how many lines at most; the last says how many are left out.
    ///   - columns: how wide a line may be; nil where that does not matter.
    func lines(rows: Int = .max, columns: Int? = nil, isColoured: Bool = false) -> [String] {
        var columnsShown = Array(Self.headings.indices)
        var widths = columnsShown.map { column in cells.reduce(0) { max($0, $1[column].count) } }
        if let columns {
            func excess() -> Int { columnsShown.reduce(-Self.gap.count) { $0 + widths[$1] + Self.gap.count } - columns }
            var spare = Self.dispensable[...]
            while excess() > max(0, widths[Self.pathColumn] - Self.pathWidthMin), let name = spare.popFirst() {
                columnsShown.removeAll { Self.headings[$0] == name }
            }
            widths[Self.pathColumn] = max(1, widths[Self.pathColumn] - max(0, excess()))
        }
        let shown = cells.count > rows ? max(1, rows - 1) : cells.count
        let lines = zip(cells, styles).prefix(shown).map { row, style in
            let line = columnsShown.map { column in
                let text = column == Self.pathColumn ? Self.shortened(row[column], to: widths[column]) : row[column]
                let padding = String(repeating: " ", count: widths[column] - text.count)
                return column <= Self.pathColumn ? text + padding : padding + text
            }.joined(separator: Self.gap)
            return isColoured && style != .usual ? "\(style.rawValue)\(line)\u{1B}[0m" : line
        }
        return shown < cells.count ? lines + ["… and \(cells.count - shown) more"] : lines
    }

    /// Cut in the middle: names of one family begin and end differently.
    static func shortened(_ text: String, to width: Int) -> String {
        guard text.count > width else { return text }
        let kept = max(0, width - 1)
        return text.prefix(kept / 2) + "…" + text.suffix(kept - kept / 2)
    }

    private static func number(_ value: Double?, isShort: Bool) -> String {
        guard let value else { return "–" }
        if isShort, 1e6..<1e16 ~= value.magnitude {
            let (unit, size) = value.magnitude < 1e9 ? ("M", 1e6) : value.magnitude < 1e12 ? ("G", 1e9) : ("T", 1e12)
            return ((value / size * 100).rounded() / 100).description + unit
        }
        // Two digits behind the point are enough to look at, more for what is small.
        let scale: Double = value.magnitude >= 1 ? 100 : 10_000
        let rounded = value.magnitude >= 1e15 ? value : (value * scale).rounded() / scale
        if rounded == rounded.rounded(), rounded.magnitude < 1e15 { return String(Int64(rounded)) }
        return rounded.description
    }

    private static func age(_ seconds: Int64) -> String {
        switch seconds {
        case ..<2: "now"
        case ..<120: "\(seconds) s ago"
        case ..<7200: "\(seconds / 60) min ago"
        default: "\(seconds / 3600) h ago"
        }
    }
}

/// What `dattss status --watch` draws over and over again.
enum StatusScreen {
    /// Home, the table, and clear what is below: without the flicker of clearing first.
    static func text(_ answer: StatusAnswer, order: StatusOrder, problem: CommandFailure?) -> String {
        let columns = Terminal.columns
        var rows = (Terminal.rows ?? .max / 2) - 1
        var notice: [String] = []
        if let problem {
            rows -= 1
            let line = StatusTable.shortened("\(problem.problem); trying again", to: columns)
            notice = [Terminal.isColoured ? "\u{1B}[1;31m\(line)\u{1B}[0m" : line]
        } else if answer.rows.isEmpty {
            notice = [StatusAnswer.nothing]
        }
        let table = StatusTable(answer, order: order, isShort: true).lines(
            rows: rows, columns: columns, isColoured: Terminal.isColoured)
        return "\u{1B}[H" + (notice + table).map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
    }
}
