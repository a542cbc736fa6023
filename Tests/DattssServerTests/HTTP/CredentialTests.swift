import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// Goal: on every route of the document, the same credential is refused in the same way: one that nobody has is 401, and only one
/// that is somebody's, and not enough, is 403.
@Suite("Credentials, on every route")
struct CredentialTests {
    /// What a route needs.
    private enum Need {
        case nothing, ingest, read, change, account
        /// A key that sends, or a session.
        case send
    }

    private let folder: TestFolder
    private let routes: Routes
    private let clock: ManualClock
    private let ann: UserID

    init() throws {
        folder = try TestFolder()
        routes = try RoutesTests.routes(in: folder)
        clock = try #require(routes.clock as? ManualClock)
        ann = try #require(UserID("ann"))
        try routes.accounts.add(ann, at: clock.now())
    }

    private struct Operation {
        var method: HTTPRequest.Method
        var path: String
        var need: Need
    }

    private static let open: Set<String> = [
        "/sign-in/{token}", "/api/v1/setup", "/api/v1/server-proof", "/api/v1/sign-up", "/api/v1/password-reset",
        "/api/v1/team/join/preview", "/api/v1/openapi.json", "/api/v1/shared", "/api/v1/shared/panels/{number}/lines",
        "/api/v1/shared/panels/{number}/heatmap", "/shared",
        "/", "/account", "/demo", "/server", "/assets/{name}", "/healthz", "/metrics",
    ]
    private static let accountPaths: Set<String> = [
        "/api/v1/password", "/api/v1/sessions", "/api/v1/sessions/{id}", "/api/v1/keys", "/api/v1/keys/{id}", "/api/v1/invitations",
        "/api/v1/audit", "/api/v1/rewritten-names", "/api/v1/boards/{name}/shares", "/api/v1/boards/{name}/shares/{id}",
    ]

    private static func need(_ method: String, _ path: String) -> Need {
        if open.contains(path) || (method == "post" && path == "/api/v1/session") { return .nothing }
        if accountPaths.contains(path) || path.hasPrefix("/api/v1/team") || (method == "delete" && path == "/api/v1/session") {
            return .account
        }
        if ["/agg", "/v1/metrics"].contains(path) { return .ingest }
        if method == "post" && path == "/api/v1/marks" { return .send }
        if ["/api/v1/alerts/channels", "/api/v1/alerts/messages"].contains(path) { return .change }
        let onlyAsks = method == "get" || path == "/api/v1/alerts/backtest" || !path.hasPrefix("/api/v1/")
        return onlyAsks ? .read : .change
    }

    private static func operations() throws -> [Operation] {
        let document = try #require(try JSONSerialization.jsonObject(with: Data(Resources.openAPI)) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        // (What `/process` reads needs a connection.)
        return try paths.filter { $0.key != "/process" }.sorted { $0.key < $1.key }.flatMap { path, operations in
            try ["get", "put", "post", "delete"].filter { operations[$0] != nil }.flatMap { name in
                let method = try #require(HTTPRequest.Method(name.uppercased()))
                let own = Operation(method: method, path: path, need: need(name, path))
                let hasSpaces = operations["servers"] != nil && name == "get"
                return [own] + (hasSpaces ? [Operation(method: method, path: "/server" + path, need: .account)] : [])
            }
        }
    }

    private func answer(_ operation: Operation, key: String? = nil, cookie: Secret? = nil) async throws -> RoutedAnswer {
        // Those who ask too fast are answered late, and nobody moves the hands of the clock.
        clock.advance(byMilliseconds: 1000)
        var headers = HTTPFields()
        if let cookie { headers[.cookie] = "dattss_session=\(cookie.text)" }
        let path = operation.path.replacing("{kind}", with: "c").replacing(/\{[a-z]+\}/, with: "a")
        let body = operation.method == .get ? "" : "{}"
        return try await routes.makeRouter().buildResponder()
            .answer(to: operation.method, path, key: key, body: Array(body.utf8), headers: headers)
    }

    private func name(_ answer: RoutedAnswer) -> String {
        let json = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: [String: String]]
        return "\(answer.status) \(json?["error"]?["name"] ?? "")"
    }

    @Test("what is nobody's is 401, and what is not enough is 403")
    func refusals() async throws {
        let accounts = routes.accounts
        let visitor = Accounts.Visitor(address: "127.0.0.1", agent: "")
        func key(_ scope: KeyScope) throws -> String {
            try accounts.addKey(named: scope.rawValue, scope: scope, of: ann, at: clock.now()).key
        }
        let (ingest, read) = (try key(.ingest), try key(.read))
        let all = try #require(accounts.key(of: ann))
        let revoked = try accounts.addKey(named: "old", scope: .all, of: ann, at: clock.now())
        try accounts.revokeKey(revoked.id, of: ann, at: clock.now())
        let session = try accounts.signIn(ann, visitor, at: clock.now())
        let ended = try accounts.signIn(ann, visitor, at: clock.now())
        let id = try #require(accounts.session(of: ended, at: clock.now())).id
        try accounts.revokeSession(id, of: ann)

        let operations = try Self.operations()
        #expect(operations.count { $0.need != .nothing } >= 60)
        for operation in operations where operation.need != .nothing {
            let what = "\(operation.method) \(operation.path)"
            for wrong in ["x", "ann.0000", "nobody.00000000000000000000000000000000", revoked.key, all + "0"] {
                #expect(name(try await answer(operation, key: wrong)) == "401 unauthorized", "\(what) with the key '\(wrong)'")
            }
            #expect(name(try await answer(operation)) == "401 unauthorized", "\(what) without a key")
            #expect(name(try await answer(operation, cookie: ended)) == "401 unauthorized", "\(what) after the session")
            if ![.ingest, .send].contains(operation.need) {
                #expect(name(try await answer(operation, key: ingest)) == "403 wrong_scope", "\(what) with a key that sends")
            }
            if operation.need != .read {
                #expect(name(try await answer(operation, key: read)) == "403 wrong_scope", "\(what) with a key that reads")
            }
            guard operation.need == .account else { continue }
            #expect(name(try await answer(operation, key: all)) == "403 wrong_scope", "\(what) with a key that may do all")
            if operation.method != .get {
                #expect(name(try await answer(operation, cookie: session)) == "403 bad_token", "\(what) from another site")
            }
        }
    }

    @Test("a key that is wrong is not made good by a session beside it")
    func both() async throws {
        let session = try routes.accounts.signIn(ann, Accounts.Visitor(address: "127.0.0.1", agent: ""), at: clock.now())
        for operation in try Self.operations() where operation.need != .nothing && operation.need != .ingest {
            let found = name(try await answer(operation, key: "ann.0000", cookie: session))
            #expect(found == "401 unauthorized", "\(operation.method) \(operation.path)")
        }
    }
}
