import DattssCore
import FoundationEssentials

/// What one channel is told of one look: everything that began or ended then, in one message.
struct AlertMessage: Codable, Sendable, Hashable {
    /// The same for what is told again after a crash, and for nothing else: a channel that honours it delivers once. (Drawn, because
    /// after a clock was set back the same can happen at the same time once more.)
    var key: String
    var entries: [Entry]
    var isTest = false

    /// One instance.
    struct Entry: Codable, Sendable, Hashable {
        var rule: String
        var name: String
        var severity: String
        var subject: String
        /// `fired`, `reminder`, `flapping`, `resolved` or `no-data`.
        var event: String
        var value: Double?
        var measure: String
        /// `above 800`; nothing where the measure has no threshold.
        var condition: String
        var text: String
        var runbook: String?
        /// When it began to fire, and when this happened: seconds since 1970.
        var since: Int64
        var at: Int64
        /// That of ``condition``, for the picture.
        var threshold: Double?

        /// Whether something is wrong.
        var isFiring: Bool { AlertEvent.Kind(rawValue: event)?.isFiring ?? false }

        /// Names the instance, for channels that tell an end from its beginning by a name.
        var instance: String { "\(rule)/\(subject)" }

        /// `checkout.time: p95 is 912, above 800`
        var line: String {
            let place = subject.split(separator: ":", maxSplits: 1).last.map(String.init) ?? subject
            let number = value.map { " is \(Self.short($0))" } ?? ""
            let rest = condition.isEmpty ? "" : ", \(condition)"
            switch AlertEvent.Kind(rawValue: event) {
            case .resolved: return "\(place): good again" + (value.map { ", \(measure) is \(Self.short($0))" } ?? "")
            case .lost: return "\(place): nothing is known any more (\(measure)\(rest))"
            case let kind? where kind.isFiring && value == nil && !condition.isEmpty:
                return "\(place): \(measure) was \(condition), and nothing is known now"
            default: return "\(place): \(measure)\(number)\(rest)"
            }
        }

        /// Six digits.
        static func short(_ value: Double) -> String {
            guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
            if value == value.rounded(), value.magnitude < 1e15 { return "\(Int64(value))" }
            var scale = 1.0
            while (value * scale).magnitude < 100_000, scale < 1e12 { scale *= 10 }
            return "\((value * scale).rounded() / scale)"
        }
    }

    /// One line: `CRITICAL Slow checkout: checkout.time: p95 is 912, above 800`, or how many there are of each.
    var subject: String {
        if isTest { return "A test of DaTtSs" }
        if entries.count == 1, let entry = entries.first {
            let head = entry.isFiring ? entry.severity.uppercased() : entry.event == "no-data" ? "NO DATA" : "RESOLVED"
            return "\(head) \(entry.name): \(entry.line)"
        }
        let firing = entries.count { $0.isFiring }
        let counts = [(firing, "firing"), (entries.count - firing, "resolved")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let names = Set(entries.map(\.name)).sorted()
        return counts.joined(separator: ", ") + ": " + names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }

    /// All of it, for people. Of very many the first are listed.
    var text: String {
        if isTest { return "If you read this, the channel works." }
        var lines: [String] = []
        for entry in entries.prefix(Self.listedMax) {
            let head = entry.isFiring ? entry.severity.uppercased() : entry.event.uppercased()
            let event = entry.event == "fired" || !entry.isFiring ? "" : " (\(entry.event))"
            lines.append("\(head)\(event)  \(entry.name)  \(entry.line)")
            if entry.isFiring, !entry.text.isEmpty { lines.append("    " + entry.text) }
            if entry.isFiring, let runbook = entry.runbook { lines.append("    " + runbook) }
        }
        if entries.count > Self.listedMax { lines.append("… and \(entries.count - Self.listedMax) more") }
        return lines.joined(separator: "\n")
    }

    static let listedMax = 200

    /// The most serious of what fires.
    var severity: String {
        let all = Set(entries.filter(\.isFiring).map(\.severity))
        return AlertSeverity.allCases.reversed().first { all.contains($0.rawValue) }?.rawValue ?? "info"
    }

    var isFiring: Bool { entries.contains(where: \.isFiring) }

    /// Names all instances that it is about, a line each.
    var instances: String { entries.map { $0.instance.replacing("\n", with: " ") }.joined(separator: "\n") }

    /// - Parameter entries: at least one.
    init(_ entries: [Entry], isTest: Bool = false, key: String? = nil) {
        (self.entries, self.isTest) = (entries, isTest)
        self.key = key ?? AuthKeys.hexadecimal(Secret().bytes.prefix(16))
    }
}

extension AlertMessage.Entry {
    init(_ news: AlertBook.News) {
        let (rule, event) = (news.rule, news.event)
        self.init(
            rule: rule.id, name: rule.name, severity: rule.severity.rawValue, subject: news.subject.description,
            event: event.kind.rawValue, value: event.value, measure: rule.measure.rawValue,
            condition: rule.condition.map { "\($0.name) \(Self.short($0.threshold))" } ?? "", text: rule.text,
            runbook: rule.runbook,
            since: Self.seconds(event.edge), at: Self.seconds(event.slot), threshold: rule.condition?.threshold)
    }

    /// The end of a slot.
    static func seconds(_ slot: Int64) -> Int64 { (slot + 1) * Window.slotMilliseconds / 1000 }
}
