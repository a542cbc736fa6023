import ArgumentParser
import NIOHTTP1
import Foundation

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
            for event in try await server.list("events") {
                let by = event["by"] as? String ?? ""
                try Output.line(
                    [
                        AlertTimes.text(event["at"]), event["event"] as? String ?? "", event["name"] as? String ?? "",
                        event["subject"] as? String ?? "", Self.number(event["value"]), by.isEmpty ? "" : "by \(by)",
                    ].filter { !$0.isEmpty }.joined(separator: "  "))
            }
        } else if messages {
            for message in try await server.list("messages") {
                try Output.line(
                    [
                        AlertTimes.text(message["createdAt"]), message["state"] as? String ?? "",
                        message["channel"] as? String ?? "",
                        message["subject"] as? String ?? "", message["problem"] as? String ?? "",
                    ].filter { !$0.isEmpty }.joined(separator: "  "))
            }
        } else {
            try show(try await server.ask(""))
        }
        try Output.flush()
    }

    private func show(_ answer: [String: Any]) throws {
        let rules = answer["rules"] as? [[String: Any]] ?? []
        if rules.isEmpty { StandardStream.error.note("no rules yet; 'dattss alert add --help' says how to make one") }
        for rule in rules {
            try Output.line(
                "\(Self.padded(rule["state"], 12))  \(Self.padded(rule["severity"], 8))  \(Self.padded(rule["id"], 16))  \(rule["name"] as? String ?? "")"
            )
            for instance in rule["instances"] as? [[String: Any]] ?? [] {
                try Output.line(
                    "  \(Self.padded(instance["state"], 12))  \(instance["subject"] as? String ?? "")  \(Self.number(instance["value"]))  since \(AlertTimes.text(instance["since"]))"
                )
            }
        }
        for silence in answer["silences"] as? [[String: Any]] ?? [] {
            try Output.line(
                "silence \(silence["id"] as? String ?? "")  rules \(silence["rule"] as? String ?? ""), \(silence["match"] as? String ?? ""), until \(AlertTimes.text(silence["until"]))  \(silence["reason"] as? String ?? "")"
            )
        }
        let quota = answer["quota"] as? [String: Any] ?? [:]
        func count(_ name: String) -> Int { quota[name] as? Int ?? 0 }
        if count("instancesRefused") > 0 {
            StandardStream.error.note("the rules are about more than \(count("instancesMax")) statistics: not all are watched")
        }
        if count("messagesInHour") >= count("messagesPerHourMax"), count("messagesPerHourMax") > 0 {
            StandardStream.error.note("more than \(count("messagesPerHourMax")) messages in an hour: the rest is not sent")
        }
    }

    private static func padded(_ value: Any?, _ width: Int) -> String {
        let text = value as? String ?? ""
        return text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func number(_ value: Any?) -> String { (value as? NSNumber).map { "\($0)" } ?? "" }
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
        let answer = try await server.ask("backtest", .POST, AlertMember.object(members).json)
        for stretch in answer["stretches"] as? [[String: Any]] ?? [] {
            let until = stretch["until"] is NSNull ? "now" : AlertTimes.text(stretch["until"])
            try Output.line("\(AlertTimes.text(stretch["from"]))  \(until)  \(stretch["subject"] as? String ?? "")")
        }
        let times = answer["times"] as? Int ?? 0
        try Output.line(
            "\(times) \(times == 1 ? "time" : "times") in \(Int(days)) days, \(AlertTimes.duration(answer["seconds"] as? Int ?? 0)) in all, \(answer["statistics"] as? Int ?? 0) statistics"
        )
        if let suggested = answer["suggested"] as? NSNumber { try Output.line("suggested  \(suggested)") }
        try Output.flush()
    }
}
