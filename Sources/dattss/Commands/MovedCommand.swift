import ArgumentParser
import DattssClient

/// `dattss moved`
struct MovedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moved",
        abstract: "Lists what else moved in a window of time, what moved furthest first.",
        discussion: """
            All statistics are compared with how they were before. 'score' is how many times as far one moved as it moved by itself \
            before: it is for sorting by, and no probability. 'began' is seen from the beginning of the window.

              dattss moved                                                              # the last quarter of an hour
              dattss moved --from 2026-11-29T14:05Z --to 2026-11-29T14:20Z --earliest
              dattss moved --pattern 'shop.**' --baseline usual --tz Europe/Paris
              dattss moved --json | jq .moved                                           # for programs
            """)

    @OptionGroup var dataDirectory: DataDirectoryOption
    @Option(help: "The server (default: the one that runs on the data folder).") var url: String?
    @Option(help: "The auth key (default: that of the user 'local').") var auth: String?
    @Option(help: "The beginning of the window, in epoch seconds or as a time (default: 15 minutes before its end).") var from:
        String?
    @Option(help: "The end of the window (default: now).") var to: String?
    @Option(help: "What is compared with: before, yesterday or usual (default: before).") var baseline: String?
    @Option(help: "The time zone of yesterday and of the usual day (default: UTC).") var tz: String?
    @Option(help: "Only this kind: c, ms or g.") var kind: String?
    @Option(help: "Only paths like this pattern.") var pattern: String?
    @Option(help: "How many at most (default: 50).") var limit: String?
    @Flag(help: "What began earliest comes first.") var earliest = false
    @Flag(help: "Print what the server answers.") var json = false

    func run() async throws {
        let parameters = [
            ("from", from), ("to", to), ("baseline", baseline), ("tz", tz), ("kind", kind), ("pattern", pattern), ("limit", limit),
        ].compactMap { name, value in value.map { "\(name)=\(AlertServerOptions.escaped($0))" } }
        let answer = try await Endpoint.resolve(url: url, auth: auth, dataDir: dataDirectory.path)
            .ask("/api/v1/moved?\(parameters.joined(separator: "&"))")
        let found = try ServerAnswer.decode(answer, as: MovedAnswer.self)
        ServerAnswer.show(answer, asJSON: json, nothing: found.moved.isEmpty ? found.nothing : nil) {
            found.table(isByTime: earliest)
        }
    }
}

/// The answer of `/api/v1/moved`.
struct MovedAnswer: Decodable {
    var from: Int64
    var compared: Int
    var of: Int
    var moved: [Row]

    struct Row: Decodable {
        var typ: String
        var pth: String
        var figure: String
        var change: String
        var score: Double
        var before: Double?
        var after: Double?
        var ratio: Double?
        var began: Int64
        var earlier: Bool
    }

    /// What is said when there are no rows.
    var nothing: String { "nothing moved further than it did before, of \(compared) statistics" }

    private static let columns: [TextTable.Column] = [
        .init(), .init(heading: "statistic", isCut: true), .init(heading: "score", isText: false),
        .init(heading: "before", isText: false, leftOut: 2), .init(heading: "after", isText: false, leftOut: 3),
        .init(heading: "change", isText: false), .init(heading: "began", isText: false), .init(heading: "by", leftOut: 1),
    ]

    /// - Parameter isByTime: whether what began first comes first, instead of what moved furthest.
    func table(isByTime: Bool) -> TextTable {
        let ordered =
            isByTime
            ? moved.sorted { ($0.earlier ? 0 : 1, $0.began, -$0.score) < ($1.earlier ? 0 : 1, $1.began, -$1.score) } : moved
        let rows = ordered.map { row in
            [
                row.typ, row.pth, UnusualAnswer.number(row.score, 1), UnusualAnswer.number(row.before, 2),
                UnusualAnswer.number(row.after, 2), change(row), began(row), row.figure,
            ]
        }
        return TextTable(Self.columns, rows: rows)
    }

    private func change(_ row: Row) -> String {
        guard row.change == "moved" else { return row.change }
        guard let ratio = row.ratio else { return row.after ?? 0 < row.before ?? 0 ? "down" : "up" }
        return ratio >= 10 ? "×" + UnusualAnswer.number(ratio, 1) : UnusualAnswer.percentage(ratio - 1)
    }

    private func began(_ row: Row) -> String {
        let minutes = (row.began - from) / 60
        if row.earlier { return "earlier" }
        return minutes == 0 ? "at the start" : "\(minutes.magnitude) min \(minutes < 0 ? "before" : "after")"
    }
}
