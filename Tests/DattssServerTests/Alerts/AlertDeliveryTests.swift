import DattssCore
import DattssTestSupport
import Foundation
import Logging
import Testing

@testable import DattssServer

@Suite("A message of an alert")
struct AlertDeliveryTests {
    private let clock: ManualClock
    private let folder: TestFolder
    private let accounts: Accounts
    private let user: UserID
    private let delivery: AlertDelivery

    init() throws {
        try self.init(in: try TestFolder())
        try accounts.add(user, at: clock.now())
    }

    /// The same once more, on the clock and the folder of another one.
    private init(like other: AlertDeliveryTests) throws {
        try self.init(in: other.folder, other.clock)
    }

    private init(in folder: TestFolder, _ clock: ManualClock = ManualClock(Timestamp(seconds: 1_795_330_000))) throws {
        (self.folder, self.clock) = (folder, clock)
        accounts = try Accounts(directory: folder.path)
        user = try #require(UserID("ann"))
        var settings = WebSettings()
        settings.outgoing.exceptions = try #require(TrustedProxies("127.0.0.1"))
        settings.outgoing.commandDirectory = folder.path
        let web = WebServices(settings, clock: clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        delivery = AlertDelivery(accounts, web, clock: clock)
    }

    private func channel(_ name: String, _ json: String) throws -> AlertChannel {
        try Array(json.utf8).withUnsafeBytes { bytes throws(WireError) in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in try AlertChannel(&cursor, named: name, known: nil) }
        }
    }

    private func post(_ channels: [String], key: String? = nil, subject: String = entry.subject) throws {
        var (commit, entry) = (AlertCommit(), Self.entry)
        entry.subject = subject
        commit.messages = channels.map { ($0, AlertMessage([entry], key: key)) }
        try accounts.keep(commit, of: user, at: clock.now())
    }

    private static let entry = AlertMessage.Entry(
        rule: "slow", name: "Slow <checkout>", severity: "critical", subject: "ms:checkout.time", event: "fired", value: 912.5,
        measure: "p95", condition: "above 800", text: "Look & see \"now\"", runbook: "https://example.org/r", since: 1_795_329_990,
        at: 1_795_330_000)

    private func states() throws -> [String] {
        try accounts.outbox(of: user).reversed().map { "\($0.channel) \($0.state.rawValue) \($0.attempts)" }
    }

    @Test("is sent once, signed, with a key that a second try repeats")
    func webhook() async throws {
        let receiver = Receiver(.status(500))
        try await receiver.start()
        try accounts.setChannel(try channel("hook", #"{"type":"webhook","url":"\#(receiver.url)/in","secret":"s3cret"}"#), of: user)
        try post(["hook"])
        await delivery.deliverDue()
        #expect(try states() == ["hook waiting 1"])
        #expect(try accounts.outbox(of: user).first?.problem?.hasPrefix("answered 500") == true)
        // Not before its time.
        await delivery.deliverDue()
        #expect(receiver.requests.count == 1)
        receiver.set(.status(200))
        clock.advance(byMilliseconds: AlertDelivery.pausesSeconds[0] * 1000)
        await delivery.deliverDue()
        await delivery.deliverDue()
        #expect(try states() == ["hook sent 2"])
        let requests = receiver.requests
        #expect(requests.count == 2 && requests[0].body == requests[1].body)
        let keys = requests.map { $0.head.split(separator: "\r\n").first { $0.hasPrefix("Idempotency-Key: ") } }
        #expect(keys[0] != nil && keys[0] == keys[1])
        let signature = ChannelRequests.signature(of: Array(requests[1].body.utf8), "s3cret", at: clock.now())
        #expect(requests[1].head.contains("X-DaTtSs-Signature: \(signature)\r\n") || requests[1].head.hasSuffix(signature))
        #expect(requests[1].head.hasPrefix("POST /in HTTP/1.1\r\n"))
        try await receiver.stop()
    }

    /// Goal: a mail server that is away for a day, with many messages before it, holds up nobody else.
    @Test("is among those that are due, however many wait for another channel")
    func manyWaiting() throws {
        for number in 0..<5 { try post(["hook"], key: "k\(number)") }
        try post(["mail"])
        let due = try accounts.dueMessages(at: clock.now(), limit: 2)
        #expect(due.map(\.channel) == ["hook", "mail"] && due.map(\.message.key).first == "k0")
    }

    @Test("is tried again by the next server, when its time has come")
    func restart() async throws {
        let receiver = Receiver(.status(500))
        try await receiver.start()
        try accounts.setChannel(try channel("hook", #"{"type":"webhook","url":"\#(receiver.url)"}"#), of: user)
        try post(["hook"])
        await delivery.deliverDue()
        receiver.set(.status(200))
        let next = try AlertDeliveryTests(like: self)
        await next.delivery.deliverDue()
        #expect(try states() == ["hook waiting 1"])
        clock.advance(byMilliseconds: AlertDelivery.pausesSeconds[0] * 1000)
        await next.delivery.deliverDue()
        #expect(try states() == ["hook sent 2"])
        try await receiver.stop()
    }

    /// Known beforehand, by `printf '1795330000.{}' | openssl dgst -sha256 -hmac s3cret`.
    @Test("is signed as its page says")
    func signature() {
        #expect(
            ChannelRequests.signature(of: Array("{}".utf8), "s3cret", at: Timestamp(seconds: 1_795_330_000))
                == "t=1795330000,v1=455dc1516a8d3b041d81b0a0c52e4e4d7e66d822918de67f6a64974c1ace8036")
    }

    @Test("that is refused, or has nobody to go to, becomes a dead letter with its reason")
    func dead() async throws {
        let receiver = Receiver(.status(404, body: "no such hook"))
        try await receiver.start()
        try accounts.setChannel(try channel("hook", #"{"type":"webhook","url":"\#(receiver.url)"}"#), of: user)
        try accounts.setChannel(try channel("mail", #"{"type":"mail"}"#), of: user)
        try accounts.setChannel(try channel("private", #"{"type":"slack","url":"http://10.0.0.1/"}"#), of: user)
        try post(["hook", "mail", "private", "nowhere"])
        await delivery.deliverDue()
        #expect(try states() == ["hook failed 1", "mail failed 1", "private failed 1", "nowhere failed 1"])
        let problems = try accounts.outbox(of: user).reversed().map { $0.problem ?? "" }
        #expect(problems[0] == "answered 404: no such hook" && problems[1] == "this server sends no mail")
        #expect(problems[2].contains("public network") && problems[3] == "there is no channel 'nowhere'")
        try await receiver.stop()
    }

    @Test("about the same as one that is still tried waits for it; one about something else does not")
    func order() async throws {
        let receiver = Receiver(.status(500))
        try await receiver.start()
        try accounts.setChannel(try channel("hook", #"{"type":"webhook","url":"\#(receiver.url)"}"#), of: user)
        try post(["hook"], key: "fired")
        await delivery.deliverDue()
        receiver.set(.status(200))
        try post(["hook"], key: "resolved")
        try post(["hook"], key: "other", subject: "ms:other")
        await delivery.deliverDue()
        await delivery.deliverDue()
        #expect(try states() == ["hook waiting 1", "hook waiting 0", "hook sent 1"])
        clock.advance(byMilliseconds: AlertDelivery.pausesSeconds[0] * 1000)
        await delivery.deliverDue()
        #expect(try states() == ["hook sent 2", "hook waiting 0", "hook sent 1"])
        await delivery.deliverDue()
        #expect(try states() == ["hook sent 2", "hook sent 1", "hook sent 1"])
        try await receiver.stop()
    }

    /// Goal: a clock that was ahead, and has been set back since, holds up nothing for longer than a pause lasts.
    @Test("does not wait for a clock that was ahead", arguments: [0, 3])
    func clockAhead(tries: Int) async throws {
        let receiver = Receiver(.status(500))
        try await receiver.start()
        try accounts.setChannel(try channel("hook", #"{"type":"webhook","url":"\#(receiver.url)"}"#), of: user)
        let right = clock.now()
        clock.set(right.advanced(byMilliseconds: 30 * 86_400_000))
        try post(["hook"])
        for pause in AlertDelivery.pausesSeconds.prefix(tries) {
            await delivery.deliverDue()
            clock.advance(byMilliseconds: pause * 1000)
        }
        clock.set(right)
        receiver.set(.status(200))
        await delivery.deliverDue()
        #expect(try states() == ["hook sent \(tries + 1)"])
        try await receiver.stop()
    }

    @Test("that a clock was ahead for uses up nobody's hour")
    func hourAhead() throws {
        let right = clock.now()
        clock.set(right.advanced(byMilliseconds: 86_400_000))
        for number in 0..<Accounts.alertMessagesPerHourMax { try post(["hook"], key: "k\(number)") }
        try post(["hook"], key: "too many")
        #expect(try accounts.outbox(of: user, limit: 1).map(\.state) == [.refused])
        clock.set(right)
        try post(["hook"], key: "right")
        #expect(try accounts.outbox(of: user, limit: 1).map(\.state) == [.waiting])
        #expect(try accounts.alertMessagesInHour(of: user, before: right) == 1)
    }

    @Test("that reminds says when nothing is known any more")
    func silent() {
        var entry = Self.entry
        entry.event = "reminder"
        #expect(entry.line == "checkout.time: p95 is 912.5, above 800")
        entry.value = nil
        #expect(entry.line == "checkout.time: p95 was above 800, and nothing is known now")
    }

    @Test("is tried for more than a day, and then given up")
    func givenUp() async throws {
        let receiver = Receiver(.status(503))
        try await receiver.start()
        try accounts.setChannel(try channel("hook", #"{"type":"webhook","url":"\#(receiver.url)"}"#), of: user)
        try post(["hook"])
        for pause in AlertDelivery.pausesSeconds {
            await delivery.deliverDue()
            clock.advance(byMilliseconds: pause * 1000)
        }
        #expect(try states() == ["hook waiting \(AlertDelivery.pausesSeconds.count)"])
        await delivery.deliverDue()
        #expect(try states() == ["hook failed \(AlertDelivery.pausesSeconds.count + 1)"])
        #expect(AlertDelivery.pausesSeconds.reduce(0, +) > 86_400)
        try await receiver.stop()
    }

    @Test("to a channel that hangs holds up no other channel, and its own only in turn")
    func hanging() async throws {
        let (slow, fast) = (Receiver(.hangs), Receiver())
        try await slow.start()
        try await fast.start()
        try accounts.setChannel(try channel("slow", #"{"type":"webhook","url":"\#(slow.url)"}"#), of: user)
        try accounts.setChannel(try channel("fast", #"{"type":"webhook","url":"\#(fast.url)"}"#), of: user)
        try post(["slow", "fast"], key: "1")
        try post(["slow", "fast"], key: "2")
        async let first: Void = delivery.deliverDue()
        while slow.requests.isEmpty || fast.requests.isEmpty { await Task.yield() }
        while fast.requests.count < 2 {
            await delivery.deliverDue()
            await Task.yield()
        }
        #expect(slow.requests.count == 1)
        await first
        try await slow.stop()
        try await fast.stop()
    }

    @Test("is given to a command on its input")
    func command() async throws {
        let script = "#!/bin/sh\ncat > \(folder.path)/got\nexit ${1:-0}\n"
        try Data(script.utf8).write(to: URL(fileURLWithPath: folder.path + "/page-me"))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path + "/page-me")
        try accounts.setChannel(try channel("run", #"{"type":"command","command":"page-me"}"#), of: user)
        try accounts.setChannel(try channel("none", #"{"type":"command","command":"other"}"#), of: user)
        try post(["run", "none"])
        await delivery.deliverDue()
        #expect(try states() == ["run sent 1", "none failed 1"])
        let got = try String(contentsOfFile: folder.path + "/got", encoding: .utf8)
        #expect(got.contains(#""event":"fired""#) && got.contains(#""status":"firing""#))
    }

    @Test("is written as each receiver wants it")
    func bodies() throws {
        let message = AlertMessage([Self.entry], key: "k")
        func body(_ json: String) throws -> (head: [String], body: String) {
            let request = try #require(
                ChannelRequests.requests(message, try channel("x", json), at: clock.now(), link: "https://d/#alerts").first)
            return (
                [request.url] + request.headers.map { "\($0.name): \($0.value)" }, String(decoding: request.body, as: UTF8.self)
            )
        }
        let slack = try body(#"{"type":"slack","url":"https://hooks.slack.com/x"}"#)
        #expect(slack.body.contains("CRITICAL Slow &lt;checkout&gt;: checkout.time: p95 is 912.5, above 800"))
        #expect(slack.body.contains("Look &amp; see") && slack.body.contains("<https://d/#alerts|DaTtSs>"))
        let duty = try body(#"{"type":"pagerduty","secret":"k3y"}"#)
        #expect(duty.head[0] == "https://events.pagerduty.com/v2/enqueue")
        for part in [
            #""routing_key":"k3y""#, #""event_action":"trigger""#, #""dedup_key":"dattss/slow/ms:checkout.time/1795329990""#,
            #""severity":"critical""#, #""timestamp":"2026-11-22T06:46:40Z""#,
        ] { #expect(duty.body.contains(part), "\(part)") }
        let manager = try body(#"{"type":"alertmanager","url":"http://am:9093/"}"#)
        #expect(manager.head[0] == "http://am:9093/api/v2/alerts")
        #expect(manager.body.contains(#""labels":{"alertname":"Slow <checkout>","rule":"slow","subject":"ms:checkout.time""#))
        let ntfy = try body(#"{"type":"ntfy","url":"https://ntfy.sh/ann","secret":"tk"}"#)
        #expect(ntfy.head.contains("Authorization: Bearer tk") && ntfy.head.contains("Priority: 5"))
        let gotify = try body(#"{"type":"gotify","url":"https://g","secret":"tk"}"#)
        #expect(gotify.head[0] == "https://g/message" && gotify.head.contains("X-Gotify-Key: tk"))
        let form = try body(
            #"{"type":"http","url":"https://sms/?to={{key}}","body":"text={{subject}}&key={{secret}}","secret":"a&b"}"#)
        #expect(form.head[0] == "https://sms/?to=k" && form.body.hasPrefix("text=CRITICAL%20Slow%20%3Ccheckout%3E"))
        #expect(form.body.hasSuffix("&key=a%26b"))
        let json = try body(##"{"type":"http","url":"https://sms/","body":"{\"t\":\"{{text}}\",\"n\":\"{{other}}\"}"}"##)
        #expect(json.body.contains(#"Look & see \"now\""#) && json.body.contains(#""n":"{{other}}""#))
        #expect((try? JSONSerialization.jsonObject(with: Data(json.body.utf8))) != nil)
    }

    /// Goal: no value is looked through for braces again, so that a name cannot read the secret.
    @Test("fills in no secret that a name asks for")
    func templates() {
        let filled = ChannelRequests.fill("a {{ text }} {{x}} {{", ["text": "{{secret}}", "secret": "s"]) { $0 }
        #expect(filled == "a {{secret}} {{x}} {{")
    }

    @Test("is a letter of two parts that says the same")
    func letter() throws {
        var message = AlertMessage([Self.entry], key: "k")
        message.entries[0].name = "Größe\u{2028}"
        let to = try #require(EmailAddress("ann@example.com"))
        let from = try #require(EmailAddress("d@example.org"))
        let text = String(
            decoding: AlertMail(message, to: to, link: "https://d/#alerts").message(from: from, at: Date(timeIntervalSince1970: 0)),
            as: UTF8.self)
        #expect(text.contains("Subject: =?utf-8?B?") && text.contains("Message-ID: <alert-k@example.org>"))
        #expect(!text.replacing("\r\n", with: "").contains("\n"))
        let parts = text.components(separatedBy: "--dattss-k")
        #expect(parts.count == 4)
        let bodies = parts[1...2].map { part in
            String(
                decoding: Data(base64Encoded: part.components(separatedBy: "\r\n\r\n")[1], options: .ignoreUnknownCharacters)
                    ?? Data(),
                as: UTF8.self)
        }
        #expect(bodies[0].contains("p95 is 912.5, above 800") && bodies[0].contains("https://example.org/r"))
        #expect(bodies[1].contains("Look &amp; see &quot;now&quot;") && !bodies[1].contains("\"now\""))
    }

    @Test("goes by a channel whose secret no answer shows, and which keeps it only at the same address")
    func secrets() throws {
        let hook = try channel("hook", #"{"type":"webhook","url":"https://a/","secret":"s3cret"}"#)
        var json = JSONWriter()
        hook.write(&json, showsSecrets: false)
        let shown = String(decoding: json.bytes, as: UTF8.self)
        #expect(!shown.contains("s3cret"))
        func again(_ text: String) throws -> AlertChannel {
            try Array(text.utf8).withUnsafeBytes { bytes throws(WireError) in
                try JSONCursor.read(bytes) { (cursor) throws(WireError) in try AlertChannel(&cursor, named: "hook", known: hook) }
            }
        }
        #expect(try again(shown) == hook)
        #expect(throws: WireError.self) { try again(shown.replacing("https://a/", with: "https://b/")) }
    }

    @Test(
        "goes by no channel that is wrong",
        arguments: [
            (#"{}"#, "type: is missing"), (#"{"type":"fax"}"#, "type: is 'fax'"), (#"{"type":"webhook"}"#, "url: is missing"),
            (#"{"type":"webhook","url":"file:///etc/passwd"}"#, "url: expected"),
            (#"{"type":"webhook","url":"http://me:pass@a/"}"#, "url: expected"),
            (#"{"type":"webhook","url":"http://a/","to":"x"}"#, "to: a channel of the type webhook"),
            (#"{"type":"mail","to":"a@b\r\nBcc: c@d"}"#, "to: expected"),
            (#"{"type":"command","command":"../sh"}"#, "command: expected"),
            (#"{"type":"command","command":".x"}"#, "command: expected"),
            (#"{"type":"http","url":"http://a/","body":"x","method":"DELETE"}"#, "method: expected"),
            (#"{"type":"http","url":"http://a/","body":"x","headers":{"A":"b\r\nC: d"}}"#, "headers.A"),
            (#"{"type":"http","url":"http://a/","body":"x","headers":{"Host":"b"}}"#, "headers.Host"),
            (#"{"type":"webhook","url":"http://a/","secret":"a\nb"}"#, "secret: expected"),
        ])
    func wrong(_ json: String, _ message: String) {
        let error = #expect(throws: WireError.self) { try channel("x", json) }
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }
}
