import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import LibC
import NIOCore
import NIOHTTP1

/// `dattss status [--watch]`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows the statistics of a running server as a table.",
        discussion: """
              dattss status --watch              live, until Ctrl-C
              dattss status host                 only paths that contain 'host'
            """)

    @OptionGroup var dataDirectory: DataDirectoryOption
    @Option(help: "The server (default: the one that runs on the data folder, or http://127.0.0.1:3002).") var url: String?
    @Option(help: "The auth key (default: that of the user 'local').") var auth: String?
    @Flag(help: "Go on, once a second.") var watch = false
    @Argument(help: "Show only paths that contain this.") var filter: String?

    func run() async throws {
        let endpoint = try Endpoint.resolve(url: url, auth: auth, dataDir: dataDirectory.path)
        repeat {
            let table = StatusTable(try await fetch(endpoint), filter: filter)
            if watch {
                // Home, the table, and clear what is below: without the flicker of clearing first.
                print(
                    "\u{1B}[H" + table.lines(atMost: Self.terminalRows()).map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J",
                    terminator: "")
                fflush(nil)
                try await Task.sleep(for: .seconds(1))
            } else {
                table.lines(atMost: .max).forEach { print($0) }
            }
        } while watch
    }

    private func fetch(_ endpoint: Endpoint) async throws -> StatusAnswer {
        var request = HTTPClientRequest(url: endpoint.url + "/api/v1/status")
        request.headers.add(name: "Authorization", value: "Bearer \(endpoint.auth)")
        let response: HTTPClientResponse
        do {
            response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        } catch {
            throw ValidationError("no server answers at \(endpoint.url): \(error)")
        }
        let body = try await response.body.collect(upTo: 256 << 20)
        guard response.status == .ok else {
            throw ValidationError("\(endpoint.url) answers \(response.status.code): \(String(buffer: body))")
        }
        return try JSONDecoder().decode(StatusAnswer.self, from: Data(body.readableBytesView))
    }

    private static func terminalRows() -> Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 1 else { return .max }
        return Int(size.ws_row) - 1
    }
}

/// The answer of `/api/v1/status`.
struct StatusAnswer: Decodable {
    var at: Int64
    var c: [Row]
    var g: [Row]
    var ms: [Row]

    struct Row: Decodable {
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
        var emp: Bool
        var seen: Int64
    }
}

/// A status as lines of text in columns.
struct StatusTable {
    private let rows: [[String]]

    init(_ answer: StatusAnswer, filter: String?) {
        let shown = (answer.c + answer.g + answer.ms)
            .filter { row in filter.map { row.pth.contains($0) } ?? true }
            .sorted { ($0.pth, $0.typ) < ($1.pth, $1.typ) }
        rows =
            [["", "statistic", "value", "1-min avg", "min", "max", "p50", "p95", "p99", "seen"]]
            + shown.map { row in
                [
                    row.typ, row.pth + (row.emp ? " !" : ""), Self.number(row.sum ?? row.lst), Self.number(row.avg),
                    Self.number(row.min), Self.number(row.max), Self.number(row.p50), Self.number(row.p95),
                    Self.number(row.p99), Self.age(answer.at - row.seen),
                ]
            }
    }

    /// At most so many lines; the last says how many are left out.
    func lines(atMost count: Int) -> [String] {
        let widths = rows[0].indices.map { column in rows.reduce(0) { max($0, $1[column].count) } }
        let lines = rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column <= 1 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }
        guard lines.count > count else { return lines }
        return lines.prefix(max(1, count - 1)) + ["… and \(lines.count - max(1, count - 1)) more"]
    }

    private static func number(_ value: Double?) -> String {
        guard let value else { return "–" }
        if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
        if value.magnitude >= 1e15 { return value.description }
        // Two digits behind the point are enough to look at, more for what is small.
        let scale: Double = value.magnitude >= 1 ? 100 : 10_000
        return ((value * scale).rounded() / scale).description
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
