import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// A server with a user `shop`, and with somebody of every sort who may want to see the shop's statistics.
struct TeamWorld {
    /// Somebody who asks for what is the shop's.
    enum Caller: String, CaseIterable {
        case nobody, stranger, view, edit, administer, owner
        /// Was in the team.
        case removed
        /// Was in the team of a user who is deleted, and asks for what was that one's.
        case bereaved

        var user: UserID? { self == .nobody ? nil : UserID(self == .owner ? "shop" : rawValue) }
        var role: TeamRole? { TeamRole(rawValue: rawValue) }
        /// Whose statistics are asked for.
        var asksFor: String { self == .bereaved ? "closed" : "shop" }
    }

    let folder: TestFolder
    let routes: Routes
    let clock: ManualClock
    let shop: UserID

    var accounts: Accounts { routes.accounts }

    init() throws {
        try self.init(in: TestFolder())
        for caller in Caller.allCases {
            guard let user = caller.user else { continue }
            try accounts.add(user, at: clock.now(), email: EmailAddress("\(user)@example.com"))
        }
        let closed = try #require(UserID("closed"))
        try accounts.add(closed, at: clock.now())
        for caller in [Caller.view, .edit, .administer] { try join(caller, as: #require(caller.role)) }
        try join(.removed, as: .administer)
        try accounts.remove(#require(Caller.removed.user), fromTeamOf: shop, by: .commandLine, at: clock.now())
        try join(.bereaved, as: .administer, teamOf: closed)
        try accounts.delete(closed, at: clock.now())
    }

    private init(in folder: TestFolder) throws {
        self.folder = folder
        routes = try RoutesTests.routes(in: folder)
        clock = try #require(routes.clock as? ManualClock)
        shop = try #require(UserID("shop"))
    }

    /// Another server, on a copy of the folder.
    func copy() throws -> TeamWorld {
        let folder = try TestFolder()
        for name in ["accounts.sqlite", "secret"] {
            try FileManager.default.copyItem(atPath: self.folder.path + "/" + name, toPath: folder.path + "/" + name)
        }
        return try TeamWorld(in: folder)
    }

    private func join(_ caller: Caller, as role: TeamRole, teamOf owner: UserID? = nil) throws {
        let author = Accounts.TeamAuthor.commandLine
        let (_, token) = try accounts.invite(nil, as: role, toTeamOf: owner ?? shop, by: author, at: clock.now())
        _ = try accounts.join(by: #require(Secret(token)), #require(caller.user), by: author, at: clock.now())
    }

    func signIn(_ user: UserID?) throws -> Secret? {
        let visitor = Accounts.Visitor(address: "127.0.0.1", agent: "")
        return try user.map { try accounts.signIn($0, visitor, at: clock.now()) }
    }

    func headers(_ session: Secret?) -> HTTPFields {
        guard let session else { return [:] }
        return [.cookie: "dattss_session=\(session.text)", .changeToken: accounts.keys.changeToken(of: session)]
    }

    func answer(
        _ method: HTTPRequest.Method, _ path: String, _ session: Secret?, key: String? = nil, body: String = ""
    ) async throws -> RoutedAnswer {
        // Those who ask too fast are answered late, and nobody else moves the hands of the clock.
        clock.advance(byMilliseconds: 1000)
        return try await routes.makeRouter().buildResponder()
            .answer(to: method, path, key: key, body: Array(body.utf8), headers: headers(session))
    }
}

extension RoutedAnswer {
    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:] }
    /// The status, and what an error is called.
    var name: String {
        let error = (json["error"] as? [String: Any])?["name"] as? String
        return error.map { "\(status) \($0)" } ?? "\(status)"
    }
}
