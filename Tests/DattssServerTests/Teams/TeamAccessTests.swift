import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// Goal: for every route of the document it is decided who in a team may use it, and everybody else is refused, whoever it is.
@Suite("Teams, on every route")
struct TeamAccessTests {
    /// Who may use a route for the statistics of another user.
    private enum Need {
        /// Nobody has to be known.
        case nothing
        /// An auth key, and no session.
        case key
        case role(TeamRole)
        /// Any member, and not the owner, who stays.
        case member
        /// The same, and an administrator of the server besides, whom this server has none of.
        case server
        /// Is about whoever is signed in, so that no other user may be named.
        case own
    }

    /// What is decided. A route that is not here fails the test.
    private static let decisions: [String: Need] = [
        "PUT /agg": .key, "POST /agg": .key, "POST /v1/metrics": .key,

        "GET /api/v1/status": .role(.view), "GET /api/v1/live": .role(.view), "GET /api/v1/series/{kind}/{path}": .role(.view),
        "GET /api/v1/day/{kind}/{path}": .role(.view), "GET /api/v1/unusual": .role(.view), "GET /api/v1/query": .role(.view),
        "GET /api/v1/heatmap": .role(.view), "GET /api/v1/moved": .role(.view), "GET /api/v1/silent": .role(.view),
        "GET /api/v1/session": .role(.view),
        "GET /api/v1/processes": .role(.view), "GET /api/v1/favourites": .role(.view), "GET /api/v1/units": .role(.view),
        "GET /api/v1/marks": .role(.view), "GET /api/v1/alerts": .role(.view), "GET /api/v1/alerts/events": .role(.view),
        "POST /api/v1/alerts/backtest": .role(.view), "GET /api/v1/audit": .role(.view),
        "GET /api/v1/export/prometheus": .role(.view),

        "PUT /api/v1/favourites": .role(.edit), "PUT /api/v1/units": .role(.edit), "POST /api/v1/marks": .role(.edit),
        "DELETE /api/v1/marks/{id}": .role(.edit), "DELETE /api/v1/processes/{name}": .role(.edit),
        "POST /api/v1/processes/{name}/stop": .role(.edit), "PUT /api/v1/alerts/rules": .role(.edit),
        "POST /api/v1/alerts/rules": .role(.edit), "PUT /api/v1/alerts/rules/{id}": .role(.edit),
        "DELETE /api/v1/alerts/rules/{id}": .role(.edit), "POST /api/v1/alerts/rules/{id}/acknowledge": .role(.edit),
        "GET /api/v1/alerts/channels": .role(.edit), "PUT /api/v1/alerts/channels/{name}": .role(.edit),
        "DELETE /api/v1/alerts/channels/{name}": .role(.edit), "POST /api/v1/alerts/channels/{name}/test": .role(.edit),
        "GET /api/v1/alerts/messages": .role(.edit), "POST /api/v1/alerts/silences": .role(.edit),
        "DELETE /api/v1/alerts/silences/{id}": .role(.edit),

        "GET /api/v1/boards": .role(.view), "GET /api/v1/boards/{name}": .role(.view), "POST /api/v1/boards": .role(.edit),
        "PUT /api/v1/boards/{name}": .role(.edit), "DELETE /api/v1/boards/{name}": .role(.edit),
        "GET /api/v1/boards/{name}/shares": .role(.administer), "POST /api/v1/boards/{name}/shares": .role(.administer),
        "DELETE /api/v1/boards/{name}/shares/{id}": .role(.administer),

        "GET /api/v1/keys": .role(.administer), "POST /api/v1/keys": .role(.administer),
        "DELETE /api/v1/keys/{id}": .role(.administer),
        "GET /api/v1/team": .role(.view), "POST /api/v1/team/leave": .member,
        "POST /api/v1/team/invitations": .role(.administer), "DELETE /api/v1/team/invitations/{id}": .role(.administer),
        "PUT /api/v1/team/members/{member}": .role(.administer), "DELETE /api/v1/team/members/{member}": .role(.administer),

        "DELETE /api/v1/session": .own, "POST /api/v1/password": .own, "GET /api/v1/sessions": .own,
        "DELETE /api/v1/sessions/{id}": .own, "POST /api/v1/team/join": .own,
        "POST /api/v1/invitations": .server, "GET /api/v1/rewritten-names": .server,

        "GET /graphite/render": .role(.view), "POST /graphite/render": .role(.view),
        "GET /graphite/events/get_data": .role(.view), "GET /graphite/version": .role(.view),
        "GET /graphite/metrics/find": .role(.view), "POST /graphite/metrics/find": .role(.view),
        "GET /render": .role(.view), "POST /render": .role(.view), "GET /events/get_data": .role(.view),
        "GET /version": .role(.view), "GET /metrics/find": .role(.view), "POST /metrics/find": .role(.view),
        "GET /prometheus/api/v1/query": .role(.view), "POST /prometheus/api/v1/query": .role(.view),
        "GET /prometheus/api/v1/query_range": .role(.view), "POST /prometheus/api/v1/query_range": .role(.view),
        "GET /prometheus/api/v1/series": .role(.view), "POST /prometheus/api/v1/series": .role(.view),
        "GET /prometheus/api/v1/labels": .role(.view), "POST /prometheus/api/v1/labels": .role(.view),
        "GET /prometheus/api/v1/label/{name}/values": .role(.view), "GET /prometheus/api/v1/metadata": .role(.view),
        "GET /prometheus/api/v1/status/buildinfo": .role(.view), "GET /prometheus/federate": .role(.view),

        "POST /api/v1/session": .nothing, "GET /sign-in/{token}": .nothing, "GET /api/v1/setup": .nothing,
        "GET /api/v1/server-proof": .nothing, "POST /api/v1/sign-up": .nothing, "POST /api/v1/password-reset": .nothing,
        "GET /shared": .nothing, "GET /api/v1/shared": .nothing, "GET /api/v1/shared/panels/{number}/lines": .nothing,
        "GET /api/v1/shared/panels/{number}/heatmap": .nothing,
        "POST /api/v1/team/join/preview": .nothing, "GET /api/v1/openapi.json": .nothing, "GET /": .nothing,
        "GET /account": .nothing, "GET /demo": .nothing, "GET /server": .nothing, "GET /assets/{name}": .nothing,
        "GET /healthz": .nothing, "GET /metrics": .nothing,
    ]

    /// What answers those who may; 200 where nothing else is said. Most bodies are `{}`, of which something is missing: that is found
    /// by whoever was let in.
    private static let statuses: [String: Int] = [
        "GET /api/v1/query": 400, "GET /api/v1/heatmap": 400, "GET /api/v1/moved": 400, "POST /api/v1/alerts/backtest": 400,
        "PUT /api/v1/units": 400, "DELETE /api/v1/marks/{id}": 404, "POST /api/v1/marks": 201,
        "DELETE /api/v1/processes/{name}": 404, "POST /api/v1/processes/{name}/stop": 404,
        "PUT /api/v1/alerts/rules": 400, "POST /api/v1/alerts/rules": 400, "PUT /api/v1/alerts/rules/{id}": 400,
        "DELETE /api/v1/alerts/rules/{id}": 404, "POST /api/v1/alerts/rules/{id}/acknowledge": 404,
        "PUT /api/v1/alerts/channels/{name}": 400, "DELETE /api/v1/alerts/channels/{name}": 404,
        "POST /api/v1/alerts/channels/{name}/test": 404, "POST /api/v1/alerts/silences": 400,
        "DELETE /api/v1/alerts/silences/{id}": 404,
        "POST /api/v1/boards": 400, "GET /api/v1/boards/{name}": 404, "PUT /api/v1/boards/{name}": 400,
        "DELETE /api/v1/boards/{name}": 404, "GET /api/v1/boards/{name}/shares": 404, "POST /api/v1/boards/{name}/shares": 400,
        "DELETE /api/v1/boards/{name}/shares/{id}": 404,
        "GET /api/v1/shared": 404, "GET /api/v1/shared/panels/{number}/lines": 404,
        "GET /api/v1/shared/panels/{number}/heatmap": 404,
        "POST /api/v1/keys": 201, "DELETE /api/v1/keys/{id}": 404,
        "POST /api/v1/team/leave": 204, "POST /api/v1/team/invitations": 201, "DELETE /api/v1/team/invitations/{id}": 404,
        "PUT /api/v1/team/members/{member}": 204, "DELETE /api/v1/team/members/{member}": 204,
        "DELETE /api/v1/session": 204, "POST /api/v1/password": 400, "DELETE /api/v1/sessions/{id}": 404,
        "POST /api/v1/team/join": 400,
        "GET /graphite/render": 400, "POST /graphite/render": 400, "GET /render": 400, "POST /render": 400,
        "GET /graphite/metrics/find": 400, "POST /graphite/metrics/find": 400, "GET /metrics/find": 400, "POST /metrics/find": 400,
        "GET /prometheus/api/v1/query": 400, "POST /prometheus/api/v1/query": 400,
        "GET /prometheus/api/v1/query_range": 400, "POST /prometheus/api/v1/query_range": 400,
        "GET /prometheus/api/v1/series": 400, "POST /prometheus/api/v1/series": 400, "GET /prometheus/federate": 400,
        "POST /api/v1/session": 400, "GET /sign-in/{token}": 303, "GET /api/v1/server-proof": 400, "POST /api/v1/sign-up": 400,
        "POST /api/v1/password-reset": 400, "POST /api/v1/team/join/preview": 400, "GET /assets/{name}": 404,
    ]

    private static let bodies: [String: String] = [
        "POST /api/v1/keys": #"{"name":"n","scope":"read"}"#, "POST /api/v1/marks": #"{"text":"deployed"}"#,
        "PUT /api/v1/favourites": #"{"favourites":[]}"#, "POST /api/v1/team/invitations": #"{"role":"view"}"#,
        "PUT /api/v1/team/members/{member}": #"{"role":"edit"}"#,
    ]

    private struct Operation {
        /// As the document names it.
        var name: String
        var method: HTTPRequest.Method
        var path: String
        var need: Need
    }

    /// Those of the same document that ``RoutesTests`` compares with the routes.
    private static func operations() throws -> [Operation] {
        let document = try #require(try JSONSerialization.jsonObject(with: Data(Resources.openAPI)) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        var operations: [Operation] = []
        // (What `/process` reads needs a connection; it knows keys alone.)
        for (path, methods) in paths.sorted(by: { $0.key < $1.key }) where path != "/process" {
            for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] where methods[method.lowercased()] != nil {
                let name = "\(method) \(path)"
                guard let need = decisions[name] else {
                    Issue.record("\(name): nobody has decided who in a team may do this")
                    continue
                }
                let known = try #require(HTTPRequest.Method(method))
                operations.append(Operation(name: name, method: known, path: path, need: need))
                guard methods["servers"] != nil, method == "GET" else { continue }
                operations.append(Operation(name: "\(method) /server\(path)", method: known, path: "/server" + path, need: .server))
            }
        }
        let names = Set(operations.map(\.name))
        for name in decisions.keys where !names.contains(name) { Issue.record("\(name): there is no such route") }
        return operations
    }

    private static func expected(_ operation: Operation, _ caller: TeamWorld.Caller) -> String {
        let status = "\(statuses[operation.name] ?? 200)"
        switch operation.need {
        case .nothing: return status
        case .key: return "401 unauthorized"
        case _ where caller == .nobody: return "401 unauthorized"
        case .role(let needed):
            guard let role = caller.role else { return "403 forbidden" }
            return role >= needed ? status : "403 role_needed"
        case .member: return caller.role.map { $0 < .owner ? status : "403 forbidden" } ?? "403 forbidden"
        case .own, .server:
            guard let role = caller.role else { return "403 forbidden" }
            if role < .owner { return "403 role_needed" }
            if case .server = operation.need { return "403 forbidden" }
            return status
        }
    }

    /// Asks without waiting for the end of a stream.
    private func found(_ operation: Operation, _ caller: TeamWorld.Caller, _ world: TeamWorld, _ session: Secret?) async throws
        -> String
    {
        let path = operation.path.replacing("{kind}", with: "c").replacing("{member}", with: "view")
            .replacing(/\{[a-z]+\}/, with: "a")
        let body = operation.method == .get ? "" : Self.bodies[operation.name] ?? "{}"
        if operation.path.hasSuffix("/live") {
            // That a stream begins is seen by its status.
            world.clock.advance(byMilliseconds: 1000)
            let status = try await world.routes.makeRouter().buildResponder().status(
                of: operation.method, path + "?user=\(caller.asksFor)", headers: world.headers(session))
            if status == 200 { return "200" }
        }
        let answer = try await world.answer(operation.method, path + "?user=\(caller.asksFor)", session, body: body)
        // What is found wrong with a request is not what this is about, only that it was looked at.
        return answer.status == 401 || answer.status == 403 ? answer.name : "\(answer.status)"
    }

    @Test("each is answered as was decided, for everybody who may come", arguments: TeamWorld.Caller.allCases)
    func all(_ caller: TeamWorld.Caller) async throws {
        let world = try TeamWorld()
        let operations = try Self.operations()
        #expect(operations.count >= 100)
        let session = try world.signIn(caller.user)
        let before = try world.contents()
        for operation in operations {
            let expected = Self.expected(operation, caller)
            let isRefused = expected.hasPrefix("401") || expected.hasPrefix("403")
            // Who is let in may change something, and then asks another server each time.
            let asked = isRefused || operation.method == .get ? world : try world.copy()
            let found = try await found(operation, caller, asked, session)
            #expect(found == expected, "\(operation.name) for \(caller)")
        }
        #expect(try world.contents() == before, "what is refused changes nothing")
    }

    @Test("an auth key opens the statistics of its own user, whoever is named")
    func keys() async throws {
        let world = try TeamWorld()
        let administer = try #require(TeamWorld.Caller.administer.user)
        let (own, other) = (try #require(world.accounts.key(of: administer)), try #require(world.accounts.key(of: world.shop)))
        for operation in try Self.operations() where operation.method == .get && !operation.path.hasSuffix("/live") {
            guard case .role = operation.need else { continue }
            let path = operation.path.replacing("{kind}", with: "c").replacing(/\{[a-z]+\}/, with: "a")
            let refused = try await world.answer(.get, path + "?user=shop", nil, key: own)
            #expect(refused.status == 403, "\(operation.name) with the key of a member")
            let both = try await world.answer(.get, path + "?user=shop", try world.signIn(administer), key: own)
            #expect(both.status == 403, "\(operation.name) with a key and a session")
            let allowed = try await world.answer(.get, path + "?user=shop", nil, key: other)
            let isSessionOnly = allowed.name == "403 wrong_scope"
            #expect(allowed.status != 401 && (allowed.status != 403 || isSessionOnly), "\(operation.name) with the shop's key")
        }
        var basic = HTTPFields()
        basic[.authorization] = "Basic " + Data("x:\(own)".utf8).base64EncodedString()
        let answer = try await world.routes.makeRouter().buildResponder().answer(to: .get, "/version?user=shop", headers: basic)
        #expect(answer.name == "403 forbidden")
    }

    @Test("a name that is none, or two of them, is refused to whoever is signed in")
    func names() async throws {
        let world = try TeamWorld()
        let session = try world.signIn(TeamWorld.Caller.view.user)
        for query in ["user=", "user=A%20B", "user=shop&user=view", "user=" + String(repeating: "a", count: 100)] {
            #expect(try await world.answer(.get, "/api/v1/status?\(query)", session).name == "400 bad_value", "\(query)")
            #expect(try await world.answer(.get, "/api/v1/status?\(query)", nil).name == "401 unauthorized", "\(query)")
        }
        // Oneself may be named.
        #expect(try await world.answer(.get, "/api/v1/sessions?user=view", session).status == 200)
    }
}

extension TeamWorld {
    /// Everything in the file that routes could change, but for who was seen when.
    fileprivate func contents() throws -> [String] {
        try accounts.database.read { database in
            let tables = try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            return try tables.filter { !$0.hasPrefix("sqlite_") }.flatMap { table in
                try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { "\(table) \($0)" }
            }
        }
    }
}

extension HTTPResponder<ServerContext> {
    /// What a request is answered with at once, without what follows.
    fileprivate func status(of method: HTTPRequest.Method, _ path: String, headers: HTTPFields) async throws -> Int {
        try await begin(method, path, headers: headers).status.code
    }
}
