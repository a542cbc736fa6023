import ArgumentParser
import DattssClient

/// `dattss unusual`
struct UnusualCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unusual",
        abstract: "Lists what is unusual right now, the most unusual first.",
        discussion: """
            The server looks at every statistic at the end of each five minutes. 'score' is how improbable the last step was, positive \
            above what is usual and negative below: 2 is where it begins to be unusual.

              dattss unusual --json | jq .unusual      # for programs
            """)

    @OptionGroup var dataDirectory: DataDirectoryOption
    @Option(help: "The server (default: the one that runs on the data folder).") var url: String?
    @Option(help: "The auth key (default: that of the user 'local').") var auth: String?
    @Flag(help: "Print what the server answers.") var json = false

    func run() async throws {
        let answer = try await Endpoint.resolve(url: url, auth: auth, dataDir: dataDirectory.path).ask("/api/v1/unusual")
        let found = try ServerAnswer.decode(answer, as: UnusualAnswer.self)
        ServerAnswer.show(answer, asJSON: json, nothing: found.unusual.isEmpty ? found.nothing : nil) { found.table }
    }
}

/// The answer of `/api/v1/unusual`.
struct UnusualAnswer: Decodable {
    var at: Int64
    var known: Int
    var unknown: Int
    var unusual: [Row]

    struct Row: Decodable {
        var typ: String
        var pth: String
        var since: Int64
        var score: Double
        var points: [Point]
    }

    struct Point: Decodable {
        var value: Double
        var usual: Double?
    }

    /// What is said when there are no rows.
    var nothing: String {
        "nothing is unusual, of \(known) statistics" + (unknown > 0 ? "; of \(unknown) too little is known yet" : "")
    }

    private static let columns: [TextTable.Column] = [
        .init(), .init(heading: "statistic", isCut: true), .init(heading: "score", isText: false),
        .init(heading: "for", isText: false), .init(heading: "last step", isText: false, leftOut: 2),
        .init(heading: "usual", isText: false, leftOut: 1), .init(heading: "difference", isText: false, leftOut: 3),
    ]

    var table: TextTable {
        let rows = unusual.map { row in
            let last = row.points.last
            let difference = last.flatMap { last in last.usual.flatMap { $0 > 0 ? (last.value - $0) / $0 : nil } }
            return [
                row.typ, row.pth, Self.number(row.score, 1), Self.span(at - row.since), Self.number(last?.value, 2),
                Self.number(last?.usual, 2), difference.map(Self.percentage) ?? "–",
            ]
        }
        return TextTable(Self.columns, rows: rows)
    }

    /// `+140 %`
    static func percentage(_ part: Double) -> String {
        let percent = (part * 100).rounded()
        return (percent < 0 ? "−" : "+") + number(percent.magnitude, 1) + " %"
    }

    static func number(_ value: Double?, _ digits: Int) -> String {
        guard let value else { return "–" }
        let scale: Double = digits == 1 ? 10 : 100
        let rounded = value.magnitude < 1e13 ? (value * scale).rounded() / scale : value
        return rounded == rounded.rounded() && rounded.magnitude < 1e15 ? String(Int64(rounded)) : rounded.description
    }

    private static func span(_ seconds: Int64) -> String {
        seconds < 7200 ? "\(max(0, seconds / 60)) min" : seconds < 172_800 ? "\(seconds / 3600) h" : "\(seconds / 86_400) d"
    }
}
