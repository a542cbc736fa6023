import ArgumentParser
import NIOHTTP1

/// `dattss alert list`
struct AlertListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Shows what is watched, and what fires.",
        discussion: "--events lists what happened, --messages what was sent, and what was not.")

    @OptionGroup var server: AlertServerOptions
    @Flag(help: "What happened, the newest first.") var events = false
    @Flag(help: "What was sent, and what was not, the newest first.") var messages = false

    func run() async throws {
        if events {
            try AlertLists.events(try await server.ask("events")).print()
        } else if messages {
            try AlertLists.messages(try await server.ask("messages")).print()
        } else {
            try show(try await server.ask(""))
        }
        try Output.flush()
    }

    private func show(_ answer: AlertOverview) throws {
        if answer.rules.isEmpty { StandardStream.error.note("no rules yet; 'dattss alert add --help' says how to make one") }
        try AlertLists.rules(answer.rules).print()
        try AlertLists.silences(answer.silences).print()
        for note in answer.quota.notes { StandardStream.error.note(note) }
    }
}

/// `dattss alert history`
struct AlertHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Shows what happened, the newest first.",
        discussion: "Of one rule, silences of several are among it. What is older is shown by --before and the number in front.")

    @OptionGroup var server: AlertServerOptions
    @Argument(help: "The ID of a rule (default: everything).") var rule: String?
    @Option(help: "At most so many, up to 500.") var limit = 100
    @Option(help: "Only what came before the event of this number.") var before: Int?

    func run() async throws {
        var parameters = ["limit=\(limit)"]
        if let rule { parameters.append("rule=\(AlertServerOptions.escaped(rule))") }
        if let before { parameters.append("before=\(before)") }
        let events: [AlertEventAnswer] = try await server.ask("events?" + parameters.joined(separator: "&"))
        if events.isEmpty { StandardStream.error.note("nothing yet") }
        try AlertLists.events(events, withIDs: true).print()
        try Output.flush()
    }
}

/// `dattss alert backtest`
struct AlertBacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest", abstract: "Says when a rule would have fired in the last days.",
        discussion: "With --at-most it also says a threshold with which it would have fired at most so many times.")

    @OptionGroup var server: AlertServerOptions
    @OptionGroup var rule: AlertRuleOptions
    @Option(help: "How many days (default: 8).") var days = 8.0
    @Option(help: "Suggest a threshold with which it would have fired at most so many times.") var atMost: Double?

    func run() async throws {
        var members = [("rule", AlertMember.object(rule.members)), ("days", .number(days))]
        if let atMost { members.append(("atMost", .number(atMost))) }
        let answer: AlertBacktestAnswer = try await server.ask("backtest", .POST, AlertMember.object(members).json)
        try AlertLists.stretches(answer.stretches).print()
        let (times, omitted) = (answer.times, answer.omitted)
        try Output.line(
            "\(times) \(times == 1 ? "time" : "times") in \(Int(days)) days, \(AlertTimes.duration(answer.seconds)) in all, "
                + "\(answer.statistics) statistics" + (omitted > 0 ? ", \(omitted) more were not looked at" : ""))
        if let suggested = answer.suggested { try Output.line("suggested  \(AlertLists.number(suggested))") }
        try Output.flush()
    }
}
