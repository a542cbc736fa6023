import DattssCore
import Foundation

/// What a channel is asked: requests, as a function of the message, so that every body can be seen in a test.
enum ChannelRequests {
    /// The requests that carry a message, in order; none for channels that are not asked by HTTP.
    /// - Parameters:
    ///   - link: the page of the alerts.
    static func requests(_ message: AlertMessage, _ channel: AlertChannel, at time: Timestamp, link: String) -> [OutgoingRequest] {
        let url = channel.settings["url"] ?? ""
        switch channel.type {
        case .mail, .command: return []
        case .webhook: return [webhook(message, url, channel.settings["secret"], at: time, link)]
        case .slack: return [OutgoingRequest(url: url, headers: [json], body: slack(message, link))]
        case .pagerduty:
            let events = url.isEmpty ? "https://events.pagerduty.com/v2/enqueue" : url
            return pagerDuty(message, channel.settings["secret"] ?? "", link).map {
                OutgoingRequest(url: events, headers: [json], body: $0)
            }
        case .alertmanager:
            let base = url.hasSuffix("/") ? String(url.dropLast()) : url
            return [
                OutgoingRequest(
                    url: base + "/api/v2/alerts", headers: [json] + bearer(channel), body: alertmanager(message, link))
            ]
        case .ntfy:
            let priority = ["critical": "5", "warning": "4"][message.severity] ?? "3"
            let headers: [OutgoingRequest.Header] = [
                .init(name: "Title", value: ascii(message.subject)),
                .init(name: "Priority", value: message.isFiring ? priority : "2"),
                .init(name: "Tags", value: message.isFiring ? "rotating_light" : "white_check_mark"),
                .init(name: "Click", value: link),
                .init(name: "Content-Type", value: "text/plain; charset=utf-8"),
            ]
            return [OutgoingRequest(url: url, headers: headers + bearer(channel), body: short(message))]
        case .gotify:
            let base = url.hasSuffix("/") ? String(url.dropLast()) : url
            let priority: Int64 = message.isFiring ? ["critical": 8, "warning": 5][message.severity] ?? 3 : 2
            let key = channel.settings["secret"].map { [OutgoingRequest.Header(name: "X-Gotify-Key", value: $0)] } ?? []
            return [
                OutgoingRequest(
                    url: base + "/message", headers: [json] + key,
                    body: object { json in
                        json.member("title", message.subject)
                        json.member("message", String(decoding: short(message), as: UTF8.self))
                        json.member("priority", priority)
                    })
            ]
        case .http: return [template(message, channel, link)]
        }
    }

    private static let json = OutgoingRequest.Header(name: "Content-Type", value: "application/json")

    private static func bearer(_ channel: AlertChannel) -> [OutgoingRequest.Header] {
        channel.settings["secret"].map { [.init(name: "Authorization", value: "Bearer \($0)")] } ?? []
    }

    private static func object(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object(members)
        return json.bytes
    }

    /// A header's value: other characters are shown as `?`.
    private static func ascii(_ text: String) -> String {
        String(
            decoding: text.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? UInt8($0.value) : UInt8(ascii: "?") },
            as: UTF8.self)
    }

    /// What services for phones show without cutting it off.
    private static func short(_ message: AlertMessage) -> [UInt8] {
        let text = message.text
        guard text.utf8.count > 3500 else { return Array(text.utf8) }
        return Array((text.prefix(3000) + "\n…").utf8)
    }

    // MARK: Webhooks

    /// The body of a webhook and what commands read: everything there is.
    static func body(_ message: AlertMessage, _ link: String) -> [UInt8] {
        object { json in
            json.member("key", message.key)
            json.member("test", message.isTest)
            json.member("status", message.isFiring ? "firing" : "resolved")
            json.member("subject", message.subject)
            json.member("link", link)
            json.array("alerts") { json in
                for entry in message.entries { write(entry, &json) }
            }
        }
    }

    private static func write(_ entry: AlertMessage.Entry, _ json: inout JSONWriter) {
        json.object { json in
            json.member("rule", entry.rule)
            json.member("name", entry.name)
            json.member("severity", entry.severity)
            json.member("subject", entry.subject)
            json.member("event", entry.event)
            json.member("measure", entry.measure)
            json.member("condition", entry.condition)
            json.member("value", entry.value)
            json.member("text", entry.text)
            json.member("runbook", entry.runbook)
            json.member("since", entry.since)
            json.member("at", entry.at)
        }
    }

    /// Signed as `t=SECONDS,v1=HMAC` of `SECONDS.BODY`, so that a request that is recorded cannot be sent again later.
    private static func webhook(
        _ message: AlertMessage, _ url: String, _ secret: String?, at time: Timestamp, _ link: String
    ) -> OutgoingRequest {
        let body = body(message, link)
        var headers = [json, OutgoingRequest.Header(name: "Idempotency-Key", value: message.key)]
        if let secret {
            headers.append(.init(name: "X-DaTtSs-Signature", value: signature(of: body, secret, at: time)))
        }
        return OutgoingRequest(url: url, headers: headers, body: body)
    }

    static func signature(of body: [UInt8], _ secret: String, at time: Timestamp) -> String {
        let signed = Array("\(time.seconds).".utf8) + body
        return "t=\(time.seconds),v1=" + AuthKeys.hexadecimal(HMACKey(Array(secret.utf8)).code(of: signed))
    }

    // MARK: Others' formats

    /// https://api.slack.com/messaging/webhooks: `&`, `<` and `>` are escaped, and nothing else.
    private static func slack(_ message: AlertMessage, _ link: String) -> [UInt8] {
        func escaped(_ text: String) -> String {
            text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        }
        let colour = !message.isFiring ? "#2e9e5b" : message.severity == "critical" ? "#c8322b" : "#d98b00"
        return object { json in
            json.member("text", escaped(message.subject))
            json.array("attachments") { json in
                json.object { json in
                    json.member("color", colour)
                    json.member("text", escaped(String(decoding: short(message), as: UTF8.self)) + "\n<\(link)|DaTtSs>")
                }
            }
        }
    }

    /// https://developer.pagerduty.com/docs/events-api-v2: an event each, because an end names its beginning by `dedup_key`.
    private static func pagerDuty(_ message: AlertMessage, _ key: String, _ link: String) -> [[UInt8]] {
        message.told.map { entry in
            object { json in
                json.member("routing_key", key)
                json.member("event_action", entry.isFiring ? "trigger" : "resolve")
                json.member("dedup_key", String("dattss/\(entry.instance)/\(entry.since)".suffix(255)))
                json.object("payload") { json in
                    json.member("summary", String("\(entry.name): \(entry.line)".prefix(1000)))
                    json.member("source", entry.subject)
                    json.member("severity", entry.severity)
                    json.member("timestamp", stamp(entry.at))
                    json.object("custom_details") { json in
                        json.member("measure", entry.measure)
                        json.member("condition", entry.condition)
                        json.member("value", entry.value)
                        json.member("text", entry.text)
                    }
                }
                json.array("links") { json in
                    for (text, link) in [("DaTtSs", link), ("Runbook", entry.runbook ?? "")] where !link.isEmpty {
                        json.object { json in
                            json.member("href", link)
                            json.member("text", text)
                        }
                    }
                }
            }
        }
    }

    /// https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml: labels name an alert, and it ends when `endsAt` is
    /// over. What fires ends in a week for an Alertmanager that hears nothing more.
    private static func alertmanager(_ message: AlertMessage, _ link: String) -> [UInt8] {
        var json = JSONWriter()
        json.array { json in
            for entry in message.told {
                json.object { json in
                    json.object("labels") { json in
                        json.member("alertname", entry.name)
                        json.member("rule", entry.rule)
                        json.member("subject", entry.subject)
                        json.member("severity", entry.severity)
                    }
                    json.object("annotations") { json in
                        json.member("summary", entry.line)
                        if !entry.text.isEmpty { json.member("description", entry.text) }
                        if let runbook = entry.runbook { json.member("runbook_url", runbook) }
                    }
                    json.member("startsAt", stamp(entry.since))
                    json.member("endsAt", stamp(entry.isFiring ? entry.at + 7 * 86_400 : entry.at))
                    json.member("generatorURL", link)
                }
            }
        }
        return json.bytes
    }

    private static func stamp(_ seconds: Int64) -> String { Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601) }

    // MARK: Templates

    /// `{{subject}}`, `{{text}}`, `{{status}}`, `{{severity}}`, `{{key}}`, `{{link}}` and `{{secret}}` in the body, the URL and the
    /// headers: escaped as the place needs it. A body that begins with `{` or `[` is JSON, others are forms.
    private static func template(_ message: AlertMessage, _ channel: AlertChannel, _ link: String) -> OutgoingRequest {
        let values = [
            "subject": message.subject, "text": String(decoding: short(message), as: UTF8.self),
            "status": message.isFiring ? "firing" : "resolved", "severity": message.severity, "key": message.key, "link": link,
            "secret": channel.settings["secret"] ?? "",
        ]
        let body = channel.settings["body"] ?? ""
        let isJSON = body.drop(while: \.isWhitespace).first.map { "{[".contains($0) } ?? false
        var headers = channel.headers.sorted { $0.key < $1.key }.map { name, value in
            OutgoingRequest.Header(name: name, value: fill(value, values) { ascii($0) })
        }
        if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(isJSON ? json : .init(name: "Content-Type", value: "application/x-www-form-urlencoded"))
        }
        let method = channel.settings["method"] ?? "POST"
        return OutgoingRequest(
            method: method, url: fill(channel.settings["url"] ?? "", values, escaped: percent), headers: headers,
            body: method == "GET" ? [] : Array(fill(body, values, escaped: isJSON ? quoted : percent).utf8))
    }

    /// Fills in what stands in double braces; what has no value stays. A value is never looked through again.
    static func fill(_ template: String, _ values: [String: String], escaped: (String) -> String) -> String {
        var filled = ""
        var rest = template[...]
        while let start = rest.firstRange(of: "{{") {
            filled += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstRange(of: "}}"),
                let value = values[rest[start.upperBound..<end.lowerBound].filter { $0 != " " }]
            else {
                filled += "{{"
                rest = rest[start.upperBound...]
                continue
            }
            filled += escaped(value)
            rest = rest[end.upperBound...]
        }
        return filled + rest
    }

    private static func percent(_ text: String) -> String {
        let kept = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        return text.utf8.map { kept.contains($0) ? String(UnicodeScalar($0)) : "%" + AuthKeys.hexadecimal([$0]).uppercased() }
            .joined()
    }

    /// The inside of a string of JSON.
    private static func quoted(_ text: String) -> String {
        var json = JSONWriter()
        json.value(text)
        return String(decoding: json.bytes.dropFirst().dropLast(), as: UTF8.self)
    }
}

extension AlertMessage {
    /// What it is about, for channels that name each by itself: a test is about a made-up one.
    fileprivate var told: [Entry] { isTest ? [.test] : entries }
}

extension AlertMessage.Entry {
    /// What a test shows to channels that only know alerts.
    static let test = AlertMessage.Entry(
        rule: "test", name: "A test of DaTtSs", severity: "info", subject: "g:test", event: AlertEvent.Kind.resolved.rawValue,
        value: nil, measure: "value", condition: "", text: "If you read this, the channel works.", runbook: nil, since: 0, at: 0)
}
