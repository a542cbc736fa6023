import ArgumentParser
import NIOHTTP1

/// `dattss alert …`
struct AlertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alert",
        abstract: "Watches statistics, and tells people.",
        discussion: """
              dattss alert list                                   # what is watched, and what fires
              dattss alert history slow-checkout                  # what happened to one rule
              dattss alert channel ops --type slack --address https://hooks.slack.com/…
              dattss alert test ops                               # sends a test
              dattss alert backtest --match 'checkout.*' --measure p95 --above 800
              dattss alert add --name 'Slow checkout' --match 'checkout.*' --measure p95 --above 800 --for 60 --channel ops
              dattss alert silence --for 3600 --match 'checkout.**' --reason 'new release'
              dattss alert apply rules.yaml --dry-run             # what would change

            A rule that is looked at each five seconds is told of within seconds; the past is looked at minute by minute.
            """,
        subcommands: [
            AlertListCommand.self, AlertHistoryCommand.self, AlertAddCommand.self, AlertRemoveCommand.self,
            AlertAcknowledgeCommand.self,
            AlertBacktestCommand.self, AlertChannelCommand.self, AlertTestCommand.self, AlertSilenceCommand.self,
            AlertApplyCommand.self,
        ])
}

/// The members of a rule as options.
struct AlertRuleOptions: ParsableArguments {
    @Option(help: "Which statistics, or programs: a name, or a pattern in which * is a part and ** anything.") var match: String
    @Option(help: "Only statistics of this kind: c, ms or g.") var kind: String?
    @Option(
        help: """
            What is looked at: value, rate, rate-per-minute, sum, average, p50, p95, p99, max, min, count, usual, absence, silence or \
            process.
            """)
    var measure: String
    @Option(help: "It is too much when it is more than this.") var above: Double?
    @Option(help: "It is too little when it is less than this.") var below: Double?
    @Option(help: "It is wrong when it is this.") var equal: Double?
    @Option(help: "Of 'usual': how improbable it has to be, as a power of ten.") var outside: Double?
    @Option(help: "When it is good again, if that is not the threshold.") var recover: Double?
    @Option(name: .customLong("for"), help: "For how many seconds it has to be so (default: 0).") var forSeconds: Int64?
    @Option(help: "How often it is looked at: 5s or 60s (default: 5s, where that is possible).") var every: String?
    @Option(help: "Of 'silence': the program that has to be up.") var process: String?

    /// The members that were given, for JSON.
    var members: [(String, AlertMember)] {
        let texts = [("match", match), ("kind", kind), ("measure", measure), ("every", every), ("process", process)]
        let numbers = [
            ("above", above), ("below", below), ("equal", equal), ("outside", outside), ("recover", recover),
            ("for", forSeconds.map(Double.init)),
        ]
        return texts.compactMap { name, text in text.map { (name, .text($0)) } }
            + numbers.compactMap { name, number in number.map { (name, .number($0)) } }
    }
}

/// `dattss alert add`
struct AlertAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Adds a rule, or changes the one with the ID.")

    @OptionGroup var server: AlertServerOptions
    @OptionGroup var rule: AlertRuleOptions
    @Option(help: "The rule's ID (default: drawn by the server).") var id: String?
    @Option(help: "A title.") var name: String?
    @Option(help: "info, warning or critical (default: warning).") var severity: String?
    @Option(help: "What whoever reads it is told.") var text: String?
    @Option(help: "A link to what is to be done.") var runbook: String?
    @Option(help: "Who is told; may be given more than once.") var channel: [String] = []
    @Option(help: "After how many seconds it is told again, as long as nobody acknowledges it.") var remind: Double?

    func run() async throws {
        var members = rule.members
        for (name, text) in [("id", id), ("name", name), ("severity", severity), ("text", text), ("runbook", runbook)] {
            if let text { members.append((name, .text(text))) }
        }
        if let remind { members.append(("remind", .number(remind))) }
        members.append(("channels", .list(channel.map { .text($0) })))
        let body = AlertMember.object(members).json
        let answer: AlertMadeAnswer =
            if let id {
                try await server.ask("rules/\(AlertServerOptions.escaped(id))", .PUT, body)
            } else {
                try await server.ask("rules", .POST, body)
            }
        try Output.line("\(answer.id)  \(answer.name ?? "")")
        try Output.flush()
    }
}

/// `dattss alert remove ID`
struct AlertRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Removes a rule.")

    @OptionGroup var server: AlertServerOptions
    @Argument(help: "The rule's ID.") var id: String

    func run() async throws { try await server.tell("rules/\(AlertServerOptions.escaped(id))", .DELETE) }
}

/// `dattss alert acknowledge ID [SUBJECT]`
struct AlertAcknowledgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge", abstract: "Says that somebody takes care of what fires.", aliases: ["ack"])

    @OptionGroup var server: AlertServerOptions
    @Argument(help: "The rule's ID.") var id: String
    @Argument(help: "One of what fires, such as c:checkout.paid (default: all).") var subject: String?

    func run() async throws {
        let body = AlertMember.object(subject.map { [("subject", .text($0))] } ?? []).json
        let answer: AlertAcknowledgedAnswer = try await server.ask(
            "rules/\(AlertServerOptions.escaped(id))/acknowledge", .POST, body)
        try Output.line("acknowledged \(answer.acknowledged)")
        try Output.flush()
    }
}

/// `dattss alert silence`
struct AlertSilenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence", abstract: "Tells nothing for a while.",
        discussion: """
            What still fires when the time is over is told then. --remove ends a silence.

              dattss alert silence --for 3600 --match 'checkout.**' --reason 'new release'
              dattss alert silence --every 'Sun 02:00-04:00 Europe/Paris'     # also Mon-Fri, Sat,Sun, daily
            """)

    @OptionGroup var server: AlertServerOptions
    @Option(help: "Which rules, by ID or pattern (default: all).") var rule: String?
    @Option(help: "Which statistics, by name or pattern (default: all).") var match: String?
    @Option(help: "When it begins, in seconds since 1970 (default: now).") var from: Double?
    @Option(name: .customLong("for"), help: "For how many seconds (default: 3600, or, of --every, for ever).")
    var forSeconds: Double?
    @Option(help: "Only in these times of each week: days, times and a zone (default: UTC).") var every: String?
    @Option(help: "Why.") var reason: String?
    @Option(help: "The ID of a silence that is to end.") var remove: String?

    func run() async throws {
        if let remove {
            try await server.tell("silences/\(AlertServerOptions.escaped(remove))", .DELETE)
            return
        }
        var members: [(String, AlertMember)] = []
        if let seconds = forSeconds ?? (every == nil ? 3600 : nil) { members.append(("for", .number(seconds))) }
        for (name, text) in [("rule", rule), ("match", match), ("reason", reason), ("every", every)] {
            if let text { members.append((name, .text(text))) }
        }
        if let from { members.append(("from", .number(from))) }
        let answer: AlertMadeAnswer = try await server.ask("silences", .POST, AlertMember.object(members).json)
        try Output.line("\(answer.id)  " + (answer.until.map { "until \(AlertTimes.text($0))" } ?? AlertTimes.every(every ?? "")))
        try Output.flush()
    }
}

/// `dattss alert channel NAME --type TYPE`
struct AlertChannelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channel", abstract: "Makes, changes or removes a channel; without a name, lists them.")

    @OptionGroup var server: AlertServerOptions
    @Argument(help: "The channel's name.") var name: String?
    @Option(help: "webhook, mail, slack, pagerduty, alertmanager, ntfy, gotify, command or http.") var type: String?
    @Option(help: "Where it is: https://…") var address: String?
    @Option(help: "Its key, token or secret.") var secret: String?
    @Option(help: "Of 'mail': the address.") var to: String?
    @Option(help: "Of 'command': one of the server's commands.") var command: String?
    @Option(help: "Of 'http': POST, PUT or GET.") var method: String?
    @Option(help: "Of 'http': the body, with {{text}} and others in it.") var body: String?
    @Flag(help: "Remove it.") var remove = false

    func run() async throws {
        guard let name else {
            try AlertLists.channels(try await server.ask("channels")).print()
            return try Output.flush()
        }
        let path = "channels/\(AlertServerOptions.escaped(name))"
        if remove {
            try await server.tell(path, .DELETE)
            return
        }
        let members = [
            ("type", type), ("url", address), ("secret", secret), ("to", to), ("command", command), ("method", method),
            ("body", body),
        ].compactMap { name, text in text.map { (name, AlertMember.text($0)) } }
        try await server.tell(path, .PUT, AlertMember.object(members).json)
    }
}

/// `dattss alert test CHANNEL`
struct AlertTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "test", abstract: "Sends a test, and says what became of it.")

    @OptionGroup var server: AlertServerOptions
    @Argument(help: "The channel's name.") var channel: String

    func run() async throws {
        let test: AlertTestAnswer = try await server.ask("channels/\(AlertServerOptions.escaped(channel))/test", .POST)
        // One try takes seconds at most.
        for _ in 0..<60 {
            try await Task.sleep(for: .milliseconds(500))
            let messages: [AlertMessageAnswer] = try await server.ask("messages")
            guard let message = messages.first(where: { $0.key == test.key }) else { continue }
            if message.state == "sent" {
                try Output.line("sent")
                return try Output.flush()
            }
            if let problem = message.problem { throw CommandFailure(.unavailable, "the test was not delivered: \(problem)") }
        }
        throw CommandFailure(.unavailable, "the test is still on its way")
    }
}
