import DattssCore
import Foundation

/// The answer of `/api/v1/alerts`.
struct AlertOverview: Decodable {
    var rules: [Rule]
    var silences: [Silence]
    var quota: Quota

    struct Rule: Decodable {
        var id: String
        var name: String
        var severity: String
        var state: String
        var instances: [Instance]
    }

    struct Instance: Decodable {
        var subject: String
        var state: String
        var since: Int64
        var value: Double?
    }

    struct Silence: Decodable {
        var id: String
        var rule: String
        var match: String
        /// nil of one that comes each week for ever.
        var until: Int64?
        var every: String?
        var reason: String
    }

    /// What a server of an older version does not say is 0.
    struct Quota: Decodable {
        var instancesMax: Int?
        var instancesRefused: Int?
        var usualMax: Int?
        var usualOmitted: Int?
        var messagesInHour: Int?
        var messagesPerHourMax: Int?

        /// What bites.
        var notes: [String] {
            var notes: [String] = []
            if let refused = instancesRefused, refused > 0 {
                notes.append("the rules are about more than \(instancesMax ?? 0) statistics: not all are watched")
            }
            if let omitted = usualOmitted, omitted > 0 {
                notes.append(
                    "the rules about what is usual are about more than \(usualMax ?? 0) statistics: \(omitted) are not compared")
            }
            if let most = messagesPerHourMax, let count = messagesInHour, most > 0, count >= most {
                notes.append("more than \(most) messages in an hour: the rest is not sent")
            }
            return notes
        }
    }
}

/// One of `/api/v1/alerts/events`.
struct AlertEventAnswer: Decodable {
    var id: Int64?
    var at: Int64
    var event: String
    var name: String
    var subject: String
    var value: Double?
    var by: String
}

/// One of `/api/v1/alerts/messages`.
struct AlertMessageAnswer: Decodable {
    var key: String
    var createdAt: Int64
    var state: String
    var channel: String
    var subject: String
    var problem: String?
}

/// One of `/api/v1/alerts/channels`.
struct AlertChannelAnswer: Decodable {
    var name: String
    var type: String
    var url: String?
    var to: String?
    var command: String?
}

/// The answer of `/api/v1/alerts/backtest`.
struct AlertBacktestAnswer: Decodable {
    var times: Int
    var seconds: Int
    var statistics: Int
    var omitted: Int
    var suggested: Double?
    var stretches: [Stretch]

    struct Stretch: Decodable {
        var subject: String
        var from: Int64
        var until: Int64?
    }
}

/// What a file of rules changes.
struct AlertDifference: Decodable {
    var added: [String]
    var changed: [Change]
    var removed: [String]
    var same: [String]
    /// Those that come each week.
    var silencesAdded: [String]?
    var silencesRemoved: [String]?

    struct Change: Decodable {
        var from: [String: AlertMember]
        var to: [String: AlertMember]
    }

    /// `+` and `-` for rules, and for each that is changed the members that are.
    var lines: [String] {
        let changes = changed.flatMap { change -> [String] in
            let members = Set(change.from.keys).union(change.to.keys).sorted().compactMap { name -> String? in
                let (old, new) = (change.from[name]?.shown ?? "(none)", change.to[name]?.shown ?? "(none)")
                return old == new ? nil : "    \(name): \(old) → \(new)"
            }
            return ["~ \(change.to["id"]?.shown ?? "")"] + members
        }
        let silences =
            (silencesAdded ?? []).map { "+ silence \($0)" } + (silencesRemoved ?? []).map { "- silence \($0)" }
        return added.map { "+ \($0)" } + changes + removed.map { "- \($0)" } + silences + ["\(same.count) unchanged"]
    }
}

/// A rule or a silence that was made.
struct AlertMadeAnswer: Decodable {
    var id: String
    var name: String?
    var until: Int64?
}

/// How many are acknowledged now.
struct AlertAcknowledgedAnswer: Decodable { var acknowledged: Int }

/// The message that a test is.
struct AlertTestAnswer: Decodable { var key: String }

/// An answer of which nothing is read.
struct AlertNoAnswer: Decodable { init(from decoder: any Decoder) {} }

/// What is there of alerts, as tables.
enum AlertLists {
    /// Rules, and below each what is not good of it.
    static func rules(_ rules: [AlertOverview.Rule]) -> TextTable {
        let rows = rules.flatMap { rule in
            [[rule.state, rule.severity, rule.id, rule.name, ""]]
                + rule.instances.map { instance in
                    [
                        "  " + instance.state, "", instance.subject, number(instance.value),
                        "since \(AlertTimes.text(instance.since))",
                    ]
                }
        }
        return TextTable([.init(), .init(), .init(isCut: true), .init(), .init(leftOut: 1)], rows: rows)
    }

    static func silences(_ silences: [AlertOverview.Silence]) -> TextTable {
        TextTable(
            Array(repeating: .init(), count: 3) + [.init(isCut: true), .init(), .init(leftOut: 1)],
            rows: silences.map { silence in
                [
                    "silence", silence.id, "rules \(silence.rule)", silence.match,
                    [silence.every.map { AlertTimes.every($0) }, silence.until.map { "until \(AlertTimes.text($0))" }].compactMap(
                        \.self
                    )
                    .joined(separator: ", "),
                    silence.reason,
                ]
            })
    }

    static func events(_ events: [AlertEventAnswer], withIDs: Bool = false) -> TextTable {
        let columns: [TextTable.Column] = [.init(), .init(), .init(), .init(isCut: true), .init(isText: false), .init(leftOut: 1)]
        return TextTable(
            (withIDs ? [.init(isText: false)] : []) + columns,
            rows: events.map { event in
                (withIDs ? [event.id.map { "\($0)" } ?? ""] : []) + [
                    AlertTimes.text(event.at), event.event, event.name, event.subject, number(event.value),
                    event.by.isEmpty ? "" : "by \(event.by)",
                ]
            })
    }

    static func messages(_ messages: [AlertMessageAnswer]) -> TextTable {
        TextTable(
            [.init(), .init(), .init(), .init(isCut: true), .init(leftOut: 1)],
            rows: messages.map { message in
                [AlertTimes.text(message.createdAt), message.state, message.channel, message.subject, message.problem ?? ""]
            })
    }

    static func channels(_ channels: [AlertChannelAnswer]) -> TextTable {
        TextTable(
            [.init(), .init(), .init(isCut: true)],
            rows: channels.map { [$0.name, $0.type, $0.url ?? $0.to ?? $0.command ?? ""] })
    }

    static func stretches(_ stretches: [AlertBacktestAnswer.Stretch]) -> TextTable {
        TextTable(
            [.init(), .init(), .init(isCut: true)],
            rows: stretches.map { stretch in
                [AlertTimes.text(stretch.from), stretch.until.map { AlertTimes.text($0) } ?? "now", stretch.subject]
            })
    }

    /// As it is, without a point where there is nothing behind it.
    static func number(_ value: Double?) -> String {
        guard let value else { return "" }
        return value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
