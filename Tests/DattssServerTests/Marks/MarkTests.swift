import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Testing

@testable import DattssServer

/// Goal: what happened is kept for its user, told to nobody else, within limits, and goes with the user.
@Suite("Marks")
struct MarkTests {
    private let folder: TestFolder
    private let routes: Routes
    private let ann = UserID("ann")!
    private let now: Timestamp

    init() throws {
        folder = try TestFolder()
        routes = try RoutesTests.routes(in: folder)
        now = routes.clock.now()
        for user in ["ann", "bob"].compactMap({ UserID($0) }) { try routes.accounts.add(user, at: now) }
    }

    private func ask(
        _ method: HTTPRequest.Method, _ path: String = "/api/v1/marks", _ body: String = "", key: String? = nil,
        of user: String = "ann"
    ) async throws -> RoutedAnswer {
        let standard = try UserID(user).flatMap { routes.accounts.key(of: $0) }
        return try await routes.makeRouter().buildResponder().answer(to: method, path, key: key ?? standard, body: Array(body.utf8))
    }

    private func texts(_ query: String = "", of user: String = "ann") async throws -> [String] {
        let answer = try await ask(.get, "/api/v1/marks" + query, of: user)
        let json = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        return (json["marks"] as? [[String: Any]] ?? []).map { $0["text"] as? String ?? "" }
    }

    @Test("are set, listed in the order of time, found by time, and removed, each by its user alone")
    func life() async throws {
        let set = try await ask(.post, "/api/v1/marks", #"{"text":" deployed 1.4.2\u0007 ","tags":["api","api","west"]}"#)
        #expect(set.status == 201)
        let mark = try #require(try JSONSerialization.jsonObject(with: Data(set.body)) as? [String: Any])
        let id = try #require(mark["id"] as? String)
        #expect(mark["text"] as? String == "deployed 1.4.2" && mark["tags"] as? [String] == ["api", "west"])
        #expect(mark["at"] as? Double == Double(now.seconds) && mark["source"] as? String == "api")
        #expect(try await ask(.post, "/api/v1/marks", #"{"text":"before","time":\#(now.seconds - 60)}"#).status == 201)
        #expect(try await ask(.post, "/api/v1/marks", #"{"text":"long ago","time":"2026-10-01T00:00:00Z"}"#).status == 201)
        #expect(try await texts() == ["before", "deployed 1.4.2"])
        #expect(try await texts("?from=0") == ["long ago", "before", "deployed 1.4.2"])
        #expect(try await texts("?from=\(now.seconds - 60)&to=\(now.seconds)") == ["before"])
        #expect(try await texts("?from=0", of: "bob").isEmpty)
        #expect(try await ask(.delete, "/api/v1/marks/\(id)", of: "bob").status == 404)
        #expect(try await ask(.delete, "/api/v1/marks/\(id)").status == 204)
        #expect(try await ask(.delete, "/api/v1/marks/\(id)").status == 404)
        #expect(try await texts() == ["before"])
    }

    /// Goal: what a key is good for is the same here as everywhere.
    @Test("are read by keys that read, set by keys that send, and removed by those that do both")
    func scopes() async throws {
        let keys = try KeyScope.allCases.reduce(into: [:]) { keys, scope in
            keys[scope] = try routes.accounts.addKey(named: "\(scope)", scope: scope, of: ann, at: now).key
        }
        for scope in KeyScope.allCases {
            let key = try #require(keys[scope])
            #expect(try await ask(.get, key: key).status == (scope == .ingest ? 403 : 200), "\(scope)")
            #expect(
                try await ask(.post, "/api/v1/marks", #"{"text":"x"}"#, key: key).status == (scope == .read ? 403 : 201), "\(scope)"
            )
            #expect(try await ask(.delete, "/api/v1/marks/x", key: key).status == (scope == .all ? 404 : 403), "\(scope)")
        }
        #expect(try await ask(.post, "/api/v1/marks", #"{"text":"x"}"#, key: "ann.wrong").status == 401)
    }

    /// Goal: whoever reads what happened sees who said so, as in the history of alerts.
    @Test("name who set them: a person, or the key; and nobody where a listener received them")
    func authors() async throws {
        let accounts = routes.accounts
        let pam = try #require(UserID("pam"))
        try accounts.add(pam, at: now, email: EmailAddress("pam@example.com"))
        let session = try accounts.signIn(pam, Accounts.Visitor(address: "127.0.0.1", agent: ""), at: now)
        let headers: HTTPFields = [
            .cookie: "dattss_session=\(session.text)", .changeToken: accounts.keys.changeToken(of: session),
        ]
        let responder = routes.makeRouter().buildResponder()
        let body = Array(#"{"text":"x"}"#.utf8)
        let byPerson = try await responder.answer(to: .post, "/api/v1/marks", body: body, headers: headers)
        #expect(byPerson.status == 201 && byPerson.text.contains(#""by":"pam@example.com""#), "\(byPerson.text)")
        let deploy = try accounts.addKey(named: "deploy", scope: .ingest, of: ann, at: now).key
        #expect(try await ask(.post, "/api/v1/marks", #"{"text":"y","by":"somebody else"}"#, key: deploy).status == 201)
        let event = ReceivedMark(user: ann, mark: try mark("z", at: now, .event))
        #expect(try accounts.addMarks([event]) == 1)
        let listed = try accounts.marks(of: ann, from: Timestamp(seconds: 0), to: Timestamp(milliseconds: .max)).marks
        #expect(listed.map(\.by) == ["deploy", ""])
        #expect(try await ask(.get).text.contains(#""source":"api","by":"deploy""#))
    }

    @Test(
        "that are none are refused by name",
        arguments: [
            (#"{}"#, "text: is missing"), (#"{"text":"  "}"#, "text: expected"), (#"{"text":5}"#, "text:"),
            (#"{"text":"x","time":"soon"}"#, "time: is 'soon'"), (#"{"text":"x","time":1}"#, "time: expected one"),
            (#"{"text":"x","time":9e10}"#, "time: expected one"), (#"{"text":"x","tags":[""]}"#, "tags[0]: expected"),
            ("[]", "expected"),
            (#"{"text":"x","tags":["\#(String(repeating: "t", count: 65))"]}"#, "tags[0]: expected"),
            (#"{"text":"\#(String(repeating: "x", count: 501))"}"#, "text: expected"),
        ])
    func refusals(body: String, message: String) async throws {
        let answer = try await ask(.post, "/api/v1/marks", body)
        #expect(answer.status == 400 && answer.text.contains(message), "\(answer.text)")
        #expect(try await texts("?from=0").isEmpty)
    }

    private func mark(_ text: String, at time: Timestamp, _ source: Mark.Source = .api) throws -> Mark {
        try #require(Mark(at: time, text: text, tags: [], source: source))
    }

    /// Goal: a program that floods its user with events takes nothing away of what people said.
    @Test("have room of their own for each source, and then the oldest go")
    func room() throws {
        let accounts = routes.accounts
        #expect(try accounts.addMark(mark("first", at: now), of: ann) != nil)
        let events = try (0..<Accounts.marksMax + 3).map { number in
            ReceivedMark(user: ann, mark: try mark("event \(number)", at: now.advanced(byMilliseconds: Int64(number)), .event))
        }
        #expect(try accounts.addMarks(events) == events.count)
        let all = try accounts.marks(of: ann, from: Timestamp(seconds: 0), to: now.advanced(byMilliseconds: 5))
        #expect(all.marks.map(\.mark.text) == ["first", "event 3", "event 4"] && !all.isCut)
        let last = try accounts.marks(of: ann, from: now, to: Timestamp(milliseconds: .max))
        #expect(
            last.isCut && last.marks.count == Accounts.marksShownMax && last.marks.last?.mark.text == "event \(events.count - 1)")
    }

    @Test("are kept as long as hours are, and erased with their user")
    func retention() throws {
        let accounts = routes.accounts
        let bob = try #require(UserID("bob"))
        let day: Int64 = 86_400_000
        for (user, days) in [(ann, 399), (ann, 401), (bob, 9), (bob, 11)] as [(UserID, Int64)] {
            #expect(try accounts.addMark(mark("\(days)", at: now.advanced(byMilliseconds: -days * day)), of: user) != nil)
        }
        try accounts.setRetention(.init(hourDays: 10), of: bob)
        try accounts.removeOldMarks(at: now, hourDays: 400)
        func texts(_ user: UserID) throws -> [String] {
            try accounts.marks(of: user, from: Timestamp(seconds: 0), to: Timestamp(milliseconds: .max)).marks.map(\.mark.text)
        }
        #expect(try texts(ann) == ["399"] && texts(bob) == ["9"])
        let check = ReceivedMark(user: bob, mark: try mark("x", at: now, .check), check: .init(name: "x", status: 2))
        #expect(try accounts.addMarks([check]) == 1)
        try accounts.delete(bob, at: now)
        #expect(try texts(bob).isEmpty)
        // What was on its way is nobody's.
        #expect(try accounts.addMark(mark("late", at: now), of: bob) == nil && accounts.addMarks([check]) == 0)
        #expect(try texts(bob).isEmpty && texts(ann) == ["399"])
        // The next one of this name has not inherited what the checks said.
        try accounts.noteErased(bob, at: now)
        try accounts.add(bob, at: now)
        #expect(try accounts.addMarks([check]) == 1)
    }

    // MARK: DogStatsD

    /// Goal: an event becomes a mark with what it says; a service check only when its status becomes another one, also after a restart.
    @Test("come of events, and of service checks whose status is another one")
    func messages() async throws {
        var collector = DatagramCollector(authenticator: routes.accounts, statsdUser: ann, limits: Limits())
        collector.now = now
        func take(_ lines: [String], _ intake: MarkIntake) async {
            Array(lines.joined(separator: "\n").utf8).withUnsafeBytes { collector.receive($0) }
            intake.take(collector.flush().marks)
            await intake.drain()
        }
        func intake() -> MarkIntake { MarkIntake(routes.accounts, clock: routes.clock, logger: Logger(label: "test")) }
        var current = intake()
        await take(
            [
                "_e{8,10}:deployed|1.4.2\\nnow|d:\(now.seconds - 5)|h:web1|p:low|t:warning|#api, west",
                "_e{1,0}:x||d:12", "_sc|redis|0|m:fine", "_sc|disk full|2|#host:a|m:99 %", "_sc|disk full|2", "_e{9,9}:x|y",
            ], current)
        await take(["_sc|redis|0", "_sc|redis|1", "_sc|disk full|2|m:again"], current)
        current = intake()
        await take(["_sc|disk full|2", "_sc|redis|0|m:well"], current)
        let all = try routes.accounts.marks(of: ann, from: Timestamp(seconds: 0), to: Timestamp(milliseconds: .max)).marks.map(
            \.mark)
        #expect(
            all.map(\.text) == [
                "deployed: 1.4.2\nnow", "x", "disk full is critical: 99 %", "redis is a warning", "redis is ok: well",
            ])
        #expect(all[0].tags == ["api", "west", "host:web1", "type:warning"] && all[0].source == .event)
        #expect(all[0].at == Timestamp(seconds: now.seconds - 5) && all[1].at == now, "a time that can't be is that of the receipt")
        #expect(all[2].tags == ["host:a"] && all[2].source == .check)
        #expect(current.counts == .init(kept: 1, dropped: 0) && collector.counts.droppedMessages == 0)
    }

    /// Goal: whoever's key is in front of the title has it, no key is ever in a text, and a flood is bounded and counted.
    @Test("of lines with keys are those of the key's user, so many a second")
    func keys() throws {
        let key = try #require(routes.accounts.key(of: ann))
        let reader = try routes.accounts.addKey(named: "r", scope: .read, of: ann, at: now).key
        var collector = DatagramCollector(authenticator: routes.accounts, statsdUser: nil, limits: Limits())
        collector.now = now
        func receive(_ line: String) { Array(line.utf8).withUnsafeBytes { collector.receive($0) } }
        let title = "\(key).released"
        receive("_e{\(title.utf8.count),0}:\(title)|")
        receive("_sc|\(key).db|2")
        receive("_sc|\(reader).db|2")
        receive("_e{5,0}:title|")
        receive("_e{\(key.utf8.count + 1),0}:\(key).|")
        var marks = collector.flush().marks
        #expect(marks.map(\.mark.text) == ["released", "db is critical"] && marks.allSatisfy { $0.user == ann })
        #expect(marks.last?.check == .init(name: "db", status: 2) && collector.counts.droppedMessages == 3)
        for _ in 0..<DatagramCollector.userMarksMax + 7 { receive("_e{\(title.utf8.count),0}:\(title)|") }
        marks = collector.flush().marks
        #expect(marks.count == DatagramCollector.userMarksMax && collector.counts.droppedMessages == 10)
        receive("_e{\(title.utf8.count),0}:\(title)|")
        #expect(collector.flush().marks.count == 1, "the next second has room again")
    }
}
