import ArgumentParser
import DattssClient
import Foundation
import NIOHTTP1

/// `dattss mark …`
struct MarkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mark",
        abstract: "Says what happened, to be seen on every plot.",
        discussion: """
              dattss mark 'deployed 1.4.2'
              dattss mark 'deployed 1.4.2' --tag api --tag production
              dattss mark 'database moved' --time 2026-11-23T12:00:00Z
              dattss mark list
              dattss mark remove 1f0a9c3e

            Events and service checks of DogStatsD become marks by themselves. A mark is kept as long as the hours of statistics.
            """,
        subcommands: [MarkAddCommand.self, MarkListCommand.self, MarkRemoveCommand.self], defaultSubcommand: MarkAddCommand.self)
}

/// `dattss mark TEXT`
struct MarkAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Sets a mark, and prints its ID.")

    @OptionGroup var server: EndpointOptions
    @Option(help: "When it happened, in seconds since 1970 or like 2026-11-23T12:00:00Z (default: now).") var time: String?
    @Option(help: "What it is about; may be given more than once.") var tag: [String] = []
    @Argument(help: "What happened.") var text: String

    func run() async throws {
        var members: [(String, AlertMember)] = [("text", .text(text)), ("tags", .list(tag.map { .text($0) }))]
        if let time { members.append(("time", .text(time))) }
        let body = AlertMember.object(members).json
        let answer = try await server.endpoint().ask("/api/v1/marks", method: .POST, body: body) { _, status, message in
            CommandFailure(status < 500 ? .data : .unavailable, message)
        }
        try Output.line(try ServerAnswer.decode(answer, as: MarkAnswer.self).id)
        try Output.flush()
    }
}

/// `dattss mark list`
struct MarkListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists what happened, in the order of time.")

    @OptionGroup var server: EndpointOptions
    @Option(help: "Of how many days (default: 7).") var days = 7.0

    func validate() throws {
        guard 0...10_000 ~= days else { throw ValidationError("--days is \(days), expected 0 to 10000") }
    }

    func run() async throws {
        let from = Date().timeIntervalSince1970 - days * 86_400
        let bytes = try await server.endpoint().ask("/api/v1/marks?from=\(Int64(from))")
        let answer = try ServerAnswer.decode(bytes, as: MarkListAnswer.self)
        if answer.marks.isEmpty { StandardStream.error.note("nothing is marked") }
        try answer.table.print()
        if answer.cut { StandardStream.error.note("there are more: these are the latest") }
        try Output.flush()
    }
}

/// `dattss mark remove ID`
struct MarkRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Removes a mark.")

    @OptionGroup var server: EndpointOptions
    @Argument(help: "The mark's ID.") var id: String

    func run() async throws {
        let path = "/api/v1/marks/" + AlertServerOptions.escaped(id)
        _ = try await server.endpoint().ask(path, method: .DELETE) { _, status, message in
            CommandFailure(status < 500 ? .data : .unavailable, message)
        }
    }
}

/// A mark as the server tells it.
struct MarkAnswer: Decodable {
    var id: String
    var at: Double
    var text: String
    var tags: [String]
    var source: String
    /// Who set it; servers before this one do not say.
    var by: String?
}

/// The answer of `/api/v1/marks`.
struct MarkListAnswer: Decodable {
    var marks: [MarkAnswer]
    var cut: Bool

    private static let columns: [TextTable.Column] = [
        .init(heading: "id"), .init(heading: "time"), .init(heading: "what happened", isCut: true),
        .init(heading: "tags", leftOut: 1),
        .init(heading: "from", leftOut: 2), .init(heading: "by", leftOut: 3),
    ]

    var table: TextTable {
        TextTable(
            Self.columns,
            rows: marks.map {
                [$0.id, AlertTimes.text(Int64($0.at)), $0.text, $0.tags.joined(separator: ", "), $0.source, $0.by ?? ""]
            })
    }
}
