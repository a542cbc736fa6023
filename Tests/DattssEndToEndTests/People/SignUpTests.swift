import DattssCore
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("People")
struct SignUpTests {
    private static let password = #""password":"correct horse battery""#

    /// Goal: from an invitation to a forgotten password, with a mail server in between; the password of the mail server is
    /// told nobody.
    @Test("sign up, sign in, sign out and set a new password")
    func lifeOfAnAccount() async throws {
        setenv("DATTSS_SMTP_PASSWORD", "secret", 1)
        let mail = try await MailServer.start()
        let server = RealServer([
            "--mail-from", "dattss@example.com", "--smtp-url", "smtp://127.0.0.1:\(mail.port)", "--smtp-user", "joe",
            "--public-url", "https://stats.example.com",
        ])
        let report = try await server.start()
        let link = try #require(Browser.link(report))
        var owner = Browser(server)
        // The link begins with what is set for links.
        #expect(link.hasPrefix("https://stats.example.com/sign-in/"))
        #expect(try await owner.request(.GET, String(link.dropFirst("https://stats.example.com".count))).status == 303)
        let invited = try await owner.request(.POST, "/api/v1/invitations", "{}")
        let invitation = try #require((invited.json["link"] as? String)?.split(separator: "=").last)

        var ann = Browser(server)
        #expect(try await ann.request(.GET, "/api/v1/setup").json["mail"] as? Bool == true)
        let form = #"{"email":"Ann@Example.com"}"#
        #expect(try await ann.request(.POST, "/api/v1/sign-up", form).errorName == "invitation_needed")
        let invitedForm = #"{"email":"Ann@Example.com","invitation":"\#(invitation)"}"#
        #expect(try await ann.request(.POST, "/api/v1/sign-up", invitedForm).status == 202)
        let letter = try await mail.next()
        #expect(letter.to == ["ann@example.com"] && letter.from == "dattss@example.com" && letter.user == "joe")
        #expect(letter.text.contains("https://stats.example.com/account#token="))
        let token = try #require(letter.token)
        #expect(
            try await ann.request(.POST, "/api/v1/password", #"{"token":"\#(token)","password":"short"}"#).errorName
                == "weak_password")
        let set = try await ann.request(.POST, "/api/v1/password", #"{"token":"\#(token)",\#(Self.password)}"#)
        #expect(set.status == 200 && set.json["email"] as? String == "ann@example.com", "\(set.body)")
        #expect(set.json["isAdmin"] as? Bool == false)
        let cookie = try #require(set.headers["Set-Cookie"].first)
        for part in ["HttpOnly", "SameSite=Lax", "Path=/"] { #expect(cookie.contains(part), "\(cookie)") }
        #expect(!cookie.contains("Secure"))
        let again = try await ann.request(.POST, "/api/v1/password", #"{"token":"\#(token)",\#(Self.password)}"#)
        #expect(again.status == 410 && again.errorName == "link_expired")

        // Signed in, out, and in again.
        let (before, key) = (ann.cookie, try #require(set.json["key"] as? String))
        #expect(try await server.request(.GET, "/api/v1/status", key: key).status == 200)
        #expect(try await ann.request(.DELETE, "/api/v1/session").status == 204)
        #expect(try await server.request(.GET, "/api/v1/status", headers: ["Cookie": before ?? ""]).status == 401)
        let wrong = #"{"email":"ann@example.com","password":"incorrect horse"}"#
        let unknown = #"{"email":"bob@example.com","password":"incorrect horse"}"#
        var stranger = Browser(server)
        let answers = [
            try await stranger.request(.POST, "/api/v1/session", wrong),
            try await stranger.request(.POST, "/api/v1/session", unknown),
        ]
        #expect(answers.allSatisfy { $0.status == 401 } && answers[0].body == answers[1].body)
        let right = #"{"email":"ANN@example.com",\#(Self.password)}"#
        #expect(try await ann.request(.POST, "/api/v1/session", right).status == 200)
        let signedIn = ann.cookie

        // Forgotten: nothing tells whether an address is known.
        let resets = [
            try await stranger.request(.POST, "/api/v1/password-reset", #"{"email":"bob@example.com"}"#),
            try await stranger.request(.POST, "/api/v1/password-reset", form),
        ]
        #expect(resets.allSatisfy { $0.status == 202 } && resets[0].body == resets[1].body)
        let reset = try #require(try await mail.next().token)
        let renewed = #"{"token":"\#(reset)","password":"another horse battery"}"#
        #expect(try await stranger.request(.POST, "/api/v1/password", renewed).status == 200)
        #expect(try await server.request(.GET, "/api/v1/session", headers: ["Cookie": signedIn ?? ""]).status == 401)
        #expect(try await ann.request(.POST, "/api/v1/session", right).status == 401)
        #expect(try await server.metric(#"dattss_mails_total{outcome="sent"}"#) == 2)
        try await server.discard()
        try await mail.end()
    }

    /// Goal: somebody who guesses is told to wait, and that is counted.
    @Test("who guess wait")
    func guessing() async throws {
        let server = RealServer()
        try await server.start()
        // All at once: passwords take their time.
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for number in 0..<12 {
                let form = Array(#"{"email":"ann@example.com","password":"\#(number)"}"#.utf8)
                group.addTask { try await server.request(.POST, "/api/v1/session", body: form, timeout: .seconds(120)) }
            }
            return try await group.reduce(into: [Answer]()) { $0.append($1) }
        }
        let limited = answers.filter { $0.status == 429 }
        #expect(limited.count == 2 && answers.filter { $0.status == 401 }.count == 10)
        for answer in limited {
            #expect(answer.errorName == "too_many_attempts")
            #expect(answer.headers["Retry-After"].first.flatMap { Int($0) } ?? 0 > 0)
        }
        #expect(try await server.metric(#"dattss_attempts_limited_total{by="account"}"#) == 2)
        try await server.discard()
    }

    /// Goal: the first link is one for the first time only; `user link` makes others.
    @Test("sign in by the link that the server prints")
    func firstLink() async throws {
        let server = RealServer()
        let first = try #require(Browser.link(try await server.start()))
        try await server.stop()
        let second = try #require(Browser.link(try await server.start()))
        var browser = Browser(server)
        #expect(try await browser.open(first).headers["Location"] == ["/account#link-expired"])
        let head = try await server.request(.HEAD, second.replacing("http://\(await server.http)", with: ""))
        #expect(head.status == 200)
        let answer = try await browser.open(second)
        #expect(answer.status == 303 && answer.headers["Location"] == ["/"])
        #expect(try await browser.request(.GET, "/api/v1/session").json["user"] as? String == "local")
        try await server.stop()
        #expect(Browser.link(try await server.start()) == nil)
        let printed = try await server.command("user", "link", "local").output.trimmingCharacters(in: .newlines)
        var other = Browser(server)
        #expect(try await eventually { try await other.open(printed).headers["Location"] == ["/"] })
        #expect(try await server.command("user", "sessions", "list", "local").output.split(separator: "\n").count == 2)
        // The shell signs a browser out.
        let id = try await server.command("user", "sessions", "list", "local").output.prefix { $0 != "\t" }
        #expect(try await server.command("user", "sessions", "revoke", "local", String(id)).status == 0)
        #expect(try await server.command("user", "sessions", "list", "local").output.split(separator: "\n").count == 1)
        try await server.discard()
    }

    /// Goal: the guards of a session, one by one, on the real server.
    @Test("change nothing without their token, nor from other sites, nor by a key that may not")
    func guards() async throws {
        let server = RealServer()
        let link = try #require(Browser.link(try await server.start()))
        var owner = Browser(server)
        #expect(try await owner.open(link).status == 303)
        let form = #"{"name":"checkout","scope":"ingest"}"#
        let bare = try await owner.request(.POST, "/api/v1/keys", form, withToken: false)
        #expect(bare.status == 403 && bare.errorName == "bad_token")
        let added = try await owner.request(.POST, "/api/v1/keys", form)
        let ingest = try #require(added.json["key"] as? String)
        let read = try #require(
            try await owner.request(.POST, "/api/v1/keys", #"{"name":"wall","scope":"read"}"#).json["key"] as? String)
        #expect(added.status == 201)
        let batch = Sender.batch(sender: 1, sequence: 1)
        #expect(try await server.put(batch, key: read).errorName == "wrong_scope")
        #expect(try await server.put(batch, key: ingest).status == 200)
        #expect(try await server.request(.GET, "/api/v1/status", key: ingest).errorName == "wrong_scope")
        #expect(try await server.request(.GET, "/api/v1/status", key: read).status == 200)
        #expect(try await server.request(.GET, "/api/v1/keys", key: read).errorName == "wrong_scope")
        let favourites = Array(#"{"favourites":[]}"#.utf8)
        #expect(try await server.request(.PUT, "/api/v1/favourites", key: read, body: favourites).errorName == "wrong_scope")
        // A cookie does not help a key.
        let both = try await server.request(
            .GET, "/api/v1/keys", key: read, headers: ["Cookie": owner.cookie ?? ""])
        #expect(both.errorName == "wrong_scope")

        for headers: HTTPHeaders in [["Origin": "https://evil.example"], ["Sec-Fetch-Site": "cross-site"], ["Origin": "null"]] {
            let answer = try await owner.request(
                .POST, "/api/v1/session", #"{"email":"a@example.com","password":"x"}"#, headers: headers)
            #expect(answer.status == 403 && answer.errorName == "bad_token", "\(headers)")
        }
        // A key is refused from the next request on, on the same connection too.
        let id = try #require(added.json["id"] as? String)
        #expect(try await owner.request(.DELETE, "/api/v1/keys/\(id)").status == 204)
        #expect(try await server.put(batch, key: ingest).status == 401)
        try await server.discard()
    }

    /// Goal: asking a process to stop leaves a line that says who it was.
    @Test("who stop a process leave a line in the audit")
    func audit() async throws {
        let server = RealServer()
        let link = try #require(Browser.link(try await server.start()))
        let key = try await server.key()
        var batch = Sender.batch(sender: 1, sequence: 1)
        batch.process = "api"
        #expect(try await server.put(batch, key: key).status == 200)
        var owner = Browser(server)
        _ = try await owner.open(link)
        #expect(try await server.request(.POST, "/api/v1/processes/api/stop", key: key).status == 200)
        #expect(try await owner.request(.POST, "/api/v1/processes/api/stop").status == 200)
        let lines = try #require(
            try JSONSerialization.jsonObject(with: Data(try await owner.request(.GET, "/api/v1/audit").body.utf8))
                as? [[String: Any]])
        #expect(lines.map { $0["by"] as? String } == ["local", "default"])
        #expect(lines.allSatisfy { $0["what"] as? String == "api" && $0["address"] as? String == "127.0.0.1" })
        try await server.discard()
    }
}
