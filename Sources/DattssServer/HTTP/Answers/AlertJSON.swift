import DattssCore

/// How alerts are written as JSON.
enum AlertJSON {
    static let instancesShown = 200

    static func overview(_ book: AlertBook, usualOmitted: Int, messagesInHour: Int, at time: Timestamp) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.array("rules") { json in
                for (rule, instances) in book.standing.sorted(by: { ($0.rule.name, $0.rule.id) < ($1.rule.name, $1.rule.id) }) {
                    json.object { json in
                        rule.writeMembers(&json)
                        writeState(instances, &json)
                    }
                }
            }
            json.array("silences") { json in
                for silence in book.silences where silence.until > time {
                    json.object { json in
                        silence.writeMembers(&json)
                        json.member("active", silence.isUnderWay(at: time, book.secondsFromUTC))
                    }
                }
            }
            json.object("quota") { json in
                json.member("rules", Int64(book.rules.count))
                json.member("rulesMax", Int64(AlertEvaluator.rulesMax))
                json.member("instances", Int64(book.instanceCount))
                json.member("instancesMax", Int64(AlertBook.instancesMaxStandard))
                json.member("instancesRefused", Int64(book.refusedInstances))
                json.member("usualMax", Int64(UsualLook.statisticsMax))
                json.member("usualOmitted", Int64(usualOmitted))
                json.member("messagesInHour", Int64(messagesInHour))
                json.member("messagesPerHourMax", Int64(Accounts.alertMessagesPerHourMax))
            }
        }
        return json
    }

    /// The state that matters most, how many instances have which, and those that are not good, or the only one.
    private static func writeState(_ instances: [AlertSubject: AlertInstance], _ json: inout JSONWriter) {
        let order = AlertInstance.State.byWeight
        let counts = instances.values.reduce(into: [AlertInstance.State: Int64]()) { $0[$1.state, default: 0] += 1 }
        json.member("state", order.first { counts[$0] != nil }?.rawValue ?? AlertInstance.State.noData.rawValue)
        json.object("counts") { json in
            for state in order {
                guard let count = counts[state] else { continue }
                json.name(escaping: state.rawValue)
                json.value(count)
            }
        }
        json.array("instances") { json in
            // A rule about one statistic says of it whatever is known.
            let told = instances.filter { $0.value.state != .ok || instances.count == 1 }
            let shown = told.sorted { $0.key < $1.key }.prefix(instancesShown)
            for (subject, instance) in shown {
                json.object { json in
                    json.member("subject", subject.description)
                    json.member("state", instance.state.rawValue)
                    json.member("since", AlertMessage.Entry.seconds(instance.since))
                    json.member("value", instance.value)
                    json.member("flapping", instance.isFlapping)
                }
            }
        }
    }

    static func rule(_ rule: AlertRule) -> JSONWriter {
        var json = JSONWriter()
        rule.write(&json)
        return json
    }

    static func channel(_ channel: AlertChannel) -> JSONWriter {
        var json = JSONWriter()
        channel.write(&json, showsSecrets: false)
        return json
    }

    static func channels(_ channels: [AlertChannel]) -> JSONWriter {
        var json = JSONWriter()
        json.array { json in
            for channel in channels { channel.write(&json, showsSecrets: false) }
        }
        return json
    }

    static func difference(from book: AlertBook, to after: [AlertRule], _ weekly: [AlertSilence]?) -> JSONWriter {
        let before = book.rules
        let known = Dictionary(before.map { ($0.id, $0) }) { $1 }
        let names = Set(after.map(\.id))
        var json = JSONWriter()
        func list(_ name: StaticString, _ ids: [String], _ json: inout JSONWriter) {
            json.array(name) { json in
                for id in ids.sorted() { json.value(id) }
            }
        }
        json.object { json in
            list("added", after.filter { known[$0.id] == nil }.map(\.id), &json)
            json.array("changed") { json in
                for rule in after.sorted(by: { $0.id < $1.id }) {
                    guard let old = known[rule.id], old != rule else { continue }
                    json.object { json in
                        json.name(escaping: "from")
                        old.write(&json)
                        json.name(escaping: "to")
                        rule.write(&json)
                    }
                }
            }
            list("removed", before.filter { !names.contains($0.id) }.map(\.id), &json)
            list("same", after.filter { known[$0.id] == $0 }.map(\.id), &json)
            if let weekly {
                let silences = AlertSilence.difference(from: book.silences, to: weekly)
                list("silencesAdded", silences.added.map(\.title), &json)
                list("silencesRemoved", silences.removed.map(\.title), &json)
            }
        }
        return json
    }

    static func events(_ lines: [Accounts.AlertEventLine]) -> JSONWriter {
        var json = JSONWriter()
        json.array { json in
            for line in lines {
                json.object { json in
                    json.member("id", line.id)
                    json.member("at", line.at.seconds)
                    json.member("rule", line.rule)
                    json.member("name", line.name)
                    json.member("subject", line.subject)
                    json.member("event", line.kind)
                    json.member("value", line.value)
                    json.member("told", line.isTold)
                    json.member("by", line.by)
                }
            }
        }
        return json
    }

    static func messages(_ lines: [Accounts.OutboxLine]) -> JSONWriter {
        var json = JSONWriter()
        json.array { json in
            for line in lines {
                json.object { json in
                    json.member("key", line.message.key)
                    json.member("channel", line.channel)
                    json.member("subject", line.message.subject)
                    json.member("alerts", Int64(line.message.entries.count))
                    json.member("state", line.state.rawValue)
                    json.member("createdAt", line.createdAt.seconds)
                    json.member("attempts", line.attempts)
                    json.member("problem", line.problem)
                    json.member("endedAt", line.endedAt?.seconds)
                }
            }
        }
        return json
    }
}

extension AlertSilence {
    /// What people call one that comes each week: `Sun 02:00-04:00 Europe/Paris: checkout.**`.
    var title: String {
        let rules = rule.description == "**" ? "" : " of \(rule)"
        return "\(week?.description ?? "once"): \(match)\(rules)"
    }

    /// Whether it says the same, whenever it was made.
    func isSame(as other: AlertSilence) -> Bool {
        week == other.week && rule == other.rule && match == other.match && until == other.until && reason == other.reason
    }

    /// What those that come each week are to be instead of what they are.
    static func difference(from before: [AlertSilence], to after: [AlertSilence]) -> (
        added: [AlertSilence], removed: [AlertSilence]
    ) {
        let before = before.filter { $0.week != nil }
        return (
            after.filter { new in !before.contains { $0.isSame(as: new) } },
            before.filter { old in !after.contains { $0.isSame(as: old) } }
        )
    }
}
