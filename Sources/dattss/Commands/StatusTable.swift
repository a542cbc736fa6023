/// A status as lines of text in columns, in the order of its rows.
struct StatusTable {
    private let table: TextTable

    private static let columns: [TextTable.Column] = [
        .init(), .init(heading: "statistic", isCut: true), .init(heading: "last minute", isText: false),
        .init(heading: "unusual", isText: false, leftOut: 7), .init(heading: "value", isText: false, leftOut: 6),
        .init(heading: "min", isText: false, leftOut: 1), .init(heading: "max", isText: false, leftOut: 2),
        .init(heading: "p50", isText: false, leftOut: 3), .init(heading: "p95", isText: false, leftOut: 5),
        .init(heading: "p99", isText: false, leftOut: 4), .init(heading: "seen", isText: false),
    ]
    /// As on the page.
    private static let silentSeconds: Int64 = 300

    /// - Parameter isShort: whether large numbers are written as 23.8G, to be looked at.
    init(_ answer: StatusAnswer, order: StatusOrder = .name, isShort: Bool = false) {
        func number(_ value: Double?) -> String { Self.number(value, isShort: isShort) }
        let rows = answer.rows.sorted(by: order.precedes)
        let cells = rows.map { row in
            [
                row.typ, row.pth + (row.emp ? " !" : ""), number(row.lastMinute) + (row.typ == "c" ? "/min" : ""),
                row.unusual?.text ?? "", number(row.value), number(row.min), number(row.max), number(row.p50), number(row.p95),
                number(row.p99), Self.age(answer.at - row.seen),
            ]
        }
        let styles = rows.map { row -> TextTable.Style in
            answer.at - row.seen > Self.silentSeconds ? .silent : row.emp ? .emphasised : .usual
        }
        table = TextTable(Self.columns, rows: cells, styles: styles)
    }

    /// - Parameters:
    ///   - rows: how many lines at most; the last says how many are left out.
    ///   - columns: how wide a line may be; nil where that does not matter.
    func lines(rows: Int = .max, columns: Int? = nil, isColoured: Bool = false) -> [String] {
        table.lines(rows: rows, columns: columns, isColoured: isColoured)
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
            let line = TextTable.shortened("\(problem.problem); trying again", to: columns)
            notice = [Terminal.isColoured ? "\u{1B}[1;31m\(line)\u{1B}[0m" : line]
        } else if answer.rows.isEmpty {
            notice = [StatusAnswer.nothing]
        }
        let table = StatusTable(answer, order: order, isShort: true).lines(
            rows: rows, columns: columns, isColoured: Terminal.isColoured)
        return "\u{1B}[H" + (notice + table).map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
    }
}
