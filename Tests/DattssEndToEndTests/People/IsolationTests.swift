import DattssCore
import Foundation
import NIOHTTP1
import Testing

@Suite("Isolation")
struct IsolationTests {
    /// What is only Ann's, and must be in no answer that Bob gets.
    private struct Secrets {
        var words: [String]
        /// What Bob puts into paths and bodies: Ann's names and IDs.
        var names: [String]
        var session: String
    }

    private struct Operation {
        var method: HTTPMethod
        var path: String
    }

    private static let operationsAtOnce = 4

    /// Goal: whatever Bob asks on whichever route, by key or session, with Ann's names, IDs and keys in it: he sees nothing of
    /// Ann's, and changes nothing of hers.
    @Test("shows and changes nothing of another user, on any route of the document")
    func everyRoute() async throws {
        let server = RealServer(["--demo", "--demo-days", "1"])
        try await server.start()
        let users = ["ann", "bob"]
        for user in users { _ = try await server.command("user", "add", user, "--email", "\(user)s-mail@example.org") }
        let keys = [try await server.key(of: "ann"), try await server.key(of: "bob")]
        #expect(try await eventually { try await server.request(.GET, "/api/v1/status", key: keys[1]).status == 200 })
        var (ann, bob) = (Browser(server), Browser(server))
        _ = try await ann.open(try await link(server, "ann"))
        _ = try await bob.open(try await link(server, "bob"))
        let secrets = try await fill(&ann, keys[0], server)
        let before = try await picture(&ann)

        let operations = try await self.operations(server)
        #expect(operations.count >= 25)
        let me = bob
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, operation) in operations.enumerated() {
                if index >= Self.operationsAtOnce { try await group.next() }
                group.addTask { try await ask(operation, of: server, me, keys[1], for: secrets) }
            }
            try await group.waitForAll()
        }
        #expect(try await picture(&ann) == before)
        try await server.discard()
    }

    /// Asks for Ann's things with one method on one path, by all that Bob has.
    private func ask(
        _ operation: Operation, of server: RealServer, _ bob: Browser, _ key: String, for secrets: Secrets
    ) async throws {
        let (method, path) = (operation.method, operation.path)
        var bob = bob
        // His own rules and channels have her names, because he asked for that.
        let names = Set(secrets.names.compactMap(\.removingPercentEncoding))
        let words = path.hasPrefix("/api/v1/alerts") ? secrets.words.filter { !names.contains($0) } : secrets.words
        // A password takes seconds to try, and by none of the names another one is tried.
        for name in path == "/api/v1/session" && method == .POST ? [secrets.session] : secrets.names {
            let everything = "%7B__name__%3D~%22.%2B%22%7D"
            let now = Int64(Date.now.timeIntervalSince1970)
            let question = "?query=\(everything)&match%5B%5D=\(everything)&start=\(now - 3600)&end=\(now)&step=60"
            let target =
                path.replacing("{kind}", with: "c").replacing(try Regex(#"\{[a-z]+\}"#), with: name)
                + (path.hasPrefix("/prometheus") ? question : "")
            for space in path.hasPrefix("/api/v1") ? ["", "/demo", "/server"] : [""] {
                let body = method == .GET ? nil : Self.body(path, name)
                let bodyBytes = body.map { Array($0.utf8) }
                // What he says himself, he may be told.
                let asked = (target.removingPercentEncoding ?? target) + (body ?? "")
                var answers: [Answer] = []
                if path.hasSuffix("/live") {
                    answers.append(try await liveStart(server, space + target, key))
                } else {
                    answers.append(try await server.request(method, space + target, key: key, body: bodyBytes))
                    // A key of his, and her session's ID in place of a session.
                    let forged: HTTPHeaders = ["Cookie": "dattss_session=\(name)", "X-CSRF-Token": bob.token ?? ""]
                    answers.append(try await server.request(method, space + target, body: bodyBytes, headers: forged))
                    if path != "/api/v1/password" { answers.append(try await bob.request(method, space + target, body)) }
                    // As if he were in her team.
                    if space.isEmpty, name == secrets.names.first, !path.hasPrefix("/api/v1/password") {
                        let hers = target + (target.contains("?") ? "&" : "?") + "user=ann"
                        answers.append(try await bob.request(method, hers, body))
                        answers.append(try await server.request(method, hers, key: key, body: bodyBytes))
                    }
                }
                for answer in answers {
                    for word in words where !asked.contains(word) {
                        #expect(!answer.body.contains(word), "\(method) \(space + target): \(answer.body.prefix(300))")
                    }
                    #expect(answer.status != 500, "\(method) \(space + target): \(answer.body)")
                }
            }
        }
    }

    private func link(_ server: RealServer, _ user: String) async throws -> String {
        try await server.command("user", "link", user).output.trimmingCharacters(in: .newlines)
    }

    /// Gives Ann something of everything.
    private func fill(_ ann: inout Browser, _ key: String, _ server: RealServer) async throws -> Secrets {
        var batch = Batch(partials: [
            Partial(StatisticKey(.counter, "anns.hits"), Aggregate(sample: 731_731)),
            Partial(StatisticKey(.gauge, "anns.hits"), Aggregate(sample: 731_732)),
        ])
        batch.process = "anns-process"
        #expect(try await server.put(batch, key: key).status == 200)
        let favourites = #"{"favourites":[{"typ":"c","pth":"anns.favourite"}]}"#
        #expect(try await ann.request(.PUT, "/api/v1/favourites", favourites).status == 200)
        let hook = #"{"type":"webhook","url":"https://anns-hook.example.org/","secret":"anns-secret"}"#
        #expect(try await ann.request(.PUT, "/api/v1/alerts/channels/anns-channel", hook).status == 200)
        let rule = #"{"name":"anns alert","match":"anns.hits","measure":"value","above":1,"channels":["anns-channel"]}"#
        #expect(try await ann.request(.PUT, "/api/v1/alerts/rules/anns-rule", rule).status == 200)
        let silence = #"{"for":86400,"reason":"anns reason"}"#
        #expect(try await ann.request(.POST, "/api/v1/alerts/silences", silence).status == 201)
        let mark = try await ann.request(.POST, "/api/v1/marks", #"{"text":"anns mark","tags":["anns-tag"]}"#)
        #expect(mark.status == 201)
        let markID = try #require(mark.json["id"] as? String)
        let named = try await ann.request(.POST, "/api/v1/keys", #"{"name":"anns key","scope":"all"}"#).json
        let sessions = try await ann.request(.GET, "/api/v1/sessions").body
        let list = try JSONSerialization.jsonObject(with: Data(sessions.utf8)) as? [[String: Any]]
        let session = try #require(list?.first?["id"] as? String)
        let id = try #require(named["id"] as? String)
        let keyText = try #require(named["key"] as? String)
        let codes = [key, keyText].compactMap { $0.split(separator: ".").last.map(String.init) }
        return Secrets(
            words: [
                "anns.hits", "anns:hits", "731731", "731732", "anns-process", "anns.favourite", "anns key", session,
                "anns-mail@example.org", "anns-hook", "anns-secret", "anns alert", "anns reason",
                "anns mark", "anns-tag", markID,
            ]
                + codes,
            names: [
                "anns.hits", "anns-process", "anns-channel", "anns-rule", "anns.favourite", "anns%20key", id, session, markID,
                "ann",
                "default",
                "..%2Fann",
            ],
            session: session)
    }

    /// All that Ann sees of hers.
    private func picture(_ ann: inout Browser) async throws -> [String] {
        var bodies: [String] = []
        for path in ["session", "keys", "favourites", "marks", "audit", "series/c/anns.hits"] {
            // When her keys were used is noted later, and no change.
            bodies.append(
                try await ann.request(.GET, "/api/v1/\(path)").body.replacing(/"lastUsedAt":(null|[0-9]+)/, with: ""))
        }
        bodies.append(try await ann.request(.GET, "/api/v1/alerts/channels").body)
        let alerts = try await ann.request(.GET, "/api/v1/alerts").json
        let rules = alerts["rules"] as? [[String: Any]]
        bodies.append("\(rules?.map { "\($0["id"] ?? "") \($0["above"] ?? "")" } ?? [])")
        bodies.append("\((alerts["silences"] as? [[String: Any]])?.map { "\($0["id"] ?? "") \($0["until"] ?? "")" } ?? [])")
        // Nor is when she was seen.
        let processes = try await ann.request(.GET, "/api/v1/processes").json["processes"] as? [[String: Any]]
        bodies.append("\(processes?.map { "\($0["name"] ?? "") \($0["stopping"] ?? "")" } ?? [])")
        let status = try await ann.request(.GET, "/api/v1/status").json["c"] as? [[String: Any]]
        bodies.append("\(status?.map { "\($0["pth"] ?? "") \($0["sum"] ?? "")" } ?? [])")
        return bodies
    }

    private func operations(_ server: RealServer) async throws -> [Operation] {
        let document = try await server.request(.GET, "/api/v1/openapi.json").json
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        return paths.sorted { $0.key < $1.key }.flatMap { path, operations in
            ["get", "put", "post", "delete"].filter { operations[$0] != nil }
                .map { Operation(method: HTTPMethod(rawValue: $0.uppercased()), path: path) }
        }
        // `/process` would wait for long, and is a test of its own; Bob stays signed in.
        .filter { $0.path != "/process" && ($0.path != "/api/v1/session" || $0.method != .DELETE) }
    }

    private static func body(_ path: String, _ name: String) -> String {
        switch path {
        case "/agg":
            #"{"prt":{"c":[{"typ":"c","pth":"bobs.hits","sum":1,"cnt":1,"max":1,"min":1,"top":1,"bot":1,"fst":1,"lst":1}]}}"#
        case "/api/v1/favourites": #"{"favourites":[{"typ":"c","pth":"bobs.favourite"}]}"#
        case "/api/v1/marks": #"{"text":"bobs mark"}"#
        case "/api/v1/keys": #"{"name":"\#(UUID())","scope":"read","uid":"ann","user":"ann"}"#
        case "/api/v1/alerts/rules": #"{"rules":[]}"#
        case "/api/v1/alerts/rules/{id}": #"{"match":"bobs.hits","measure":"sum","above":1}"#
        case "/api/v1/alerts/channels/{name}": #"{"type":"slack","url":"https://bobs.example.org/"}"#
        case "/api/v1/alerts/backtest": #"{"rule":{"match":"**","measure":"rate","above":0}}"#
        default: #"{"email":"bob@example.com","token":"\#(name)","password":"long enough, bob","user":"ann"}"#
        }
    }

    /// The first event of a live stream.
    private func liveStart(_ server: RealServer, _ path: String, _ key: String) async throws -> Answer {
        let connection = try RawConnection(await server.http)
        try connection.send("GET \(path)?auth=\(key) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        // A refusal is over at once.
        let text = try connection.read(until: ["event: processes", "\"error\""])
        connection.hangUp()
        return Answer(status: 200, body: text, headers: [:])
    }
}
