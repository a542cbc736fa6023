import ArgumentParser
import DattssClient
import FoundationEssentials

/// `dattss status [--watch]`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows the statistics of a running server as a table.",
        discussion: """
              dattss status --watch              # live, until Ctrl-C
              dattss status host                 # only paths that contain 'host'
              dattss status --sort rate          # the busiest first
              dattss status --json | jq .c       # for programs

            'last minute' is what a counter counted in the last minute, and the mean of a gauge's and a timer's samples in it. \
            'value' is a counter's total and a gauge's last value. 'unusual' is there when anything is: how improbable the last five minutes \
            were and how far from what is usual, as 'dattss unusual' says. On a terminal long names are cut in the middle, and \
            23.8G is short for 23,800,000,000; in a pipe all is printed in full, without colours (which NO_COLOR=1 leaves out, too).
            """)

    @OptionGroup var dataDirectory: DataDirectoryOption
    @Option(help: "The server (default: the one that runs on the data folder).") var url: String?
    @Option(help: "The auth key (default: that of the user 'local').") var auth: String?
    @Flag(help: "Go on, once a second.") var watch = false
    @Option(help: "What comes first: name, rate, value or seen (the largest or the latest).") var sort = StatusOrder.name
    @Flag(help: "Print what the server answers, in the order of --sort; with --watch a line each second.") var json = false
    @Argument(help: "Show only paths that contain this.") var filter: String?

    func run() async throws {
        let endpoint = try Endpoint.resolve(url: url, auth: auth, dataDir: dataDirectory.path)
        var last: StatusAnswer?
        repeat {
            do throws(CommandFailure) {
                let answer = try await fetch(endpoint)
                last = answer
                try show(answer.selected(containing: filter, sort), problem: nil)
            } catch {
                // A server that is started anew is back in a moment.
                guard watch, let last, error.code == .unavailable else { throw error }
                try show(last.selected(containing: filter, sort), problem: error)
            }
            if watch { try await Task.sleep(for: .seconds(1)) }
        } while watch
    }

    private func show(_ answer: StatusAnswer, problem: CommandFailure?) throws(CommandFailure) {
        do {
            if json {
                if let problem { return StandardStream.error.note("\(problem.problem); trying again") }
                try Output.line(answer.json())
            } else if watch, Terminal.isOutput {
                try Output.add(StatusScreen.text(answer, order: sort, problem: problem))
            } else {
                if let problem { return StandardStream.error.note("\(problem.problem); trying again") }
                let columns = Terminal.isOutput ? Terminal.columns : nil
                if answer.rows.isEmpty { StandardStream.error.note(StatusAnswer.nothing) }
                let table = StatusTable(answer, order: sort, isShort: Terminal.isOutput)
                for line in table.lines(columns: columns, isColoured: Terminal.isColoured) { try Output.line(line) }
                if watch { try Output.line("") }
            }
            try Output.flush()
        } catch {
            CommandRun.end(error)
        }
    }

    private func fetch(_ endpoint: Endpoint) async throws(CommandFailure) -> StatusAnswer {
        let answer = try await endpoint.ask("/api/v1/status")
        guard let status = try? JSONDecoder().decode(StatusAnswer.self, from: Data(answer)) else {
            throw CommandFailure(.unavailable, "\(endpoint.url) answers, but is no DaTtSs server")
        }
        return status
    }
}

/// What comes first in a table of statistics.
enum StatusOrder: String, ExpressibleByArgument, CaseIterable {
    case name
    case rate
    case value
    case seen
}

/// The answer of `/api/v1/status`.
struct StatusAnswer: Codable {
    var at: Int64
    var c: [Row]
    var g: [Row]
    var ms: [Row]

    struct Row: Codable {
        var typ: String
        var pth: String
        var sum: Double?
        var lst: Double?
        var avg: Double?
        var max: Double?
        var min: Double?
        var p50: Double?
        var p95: Double?
        var p99: Double?
        var exact: Bool?
        var emp: Bool
        var seen: Int64
        var unusual: Unusual?

        /// What is known of the last minute: how much a counter counted, the mean of others. The average of a counter is a second's.
        var lastMinute: Double? { typ == "c" ? avg.map { $0 * 60 } : avg }
        var value: Double? { sum ?? lst }
    }

    /// That a statistic is unusual.
    struct Unusual: Codable {
        var score: Double
        var since: Int64
        var difference: Double?

        /// `5.8 (+140 %)`
        var text: String {
            let score = UnusualAnswer.number(score, 1)
            return difference.map { "\(score) (\(UnusualAnswer.percentage($0)))" } ?? score
        }
    }

    var rows: [Row] { c + g + ms }
    /// What is said when there are no rows to be seen.
    static let nothing = "no such statistics yet; 'dattss send deploys 1c' makes one"

    /// - Parameter filter: only paths that contain this.
    func selected(containing filter: String?, _ order: StatusOrder) -> StatusAnswer {
        func select(_ rows: [Row]) -> [Row] {
            rows.filter { row in filter.map { row.pth.contains($0) } ?? true }.sorted(by: order.precedes)
        }
        return StatusAnswer(at: at, c: select(c), g: select(g), ms: select(ms))
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension StatusOrder {
    /// By path and kind where they are equal.
    func precedes(_ a: StatusAnswer.Row, _ b: StatusAnswer.Row) -> Bool {
        let isNamedBefore = (a.pth, a.typ) < (b.pth, b.typ)
        func compare<Value: Comparable>(_ a: Value, _ b: Value) -> Bool { a == b ? isNamedBefore : a > b }
        return switch self {
        case .name: isNamedBefore
        case .rate: compare(a.lastMinute ?? -.infinity, b.lastMinute ?? -.infinity)
        case .value: compare(a.value ?? -.infinity, b.value ?? -.infinity)
        case .seen: compare(a.seen, b.seen)
        }
    }
}
