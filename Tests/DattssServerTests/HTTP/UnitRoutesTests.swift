import DattssCore
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// Goal: what a statistic is measured in is a user's, on every machine; one setting never undoes another.
@Suite("Units over HTTP")
struct UnitRoutesTests {
    private let folder: TestFolder
    private let routes: Routes

    init() throws {
        folder = try TestFolder()
        routes = try RoutesTests.routes(in: folder)
        for user in ["ann", "bob"].compactMap({ UserID($0) }) { try routes.accounts.add(user, at: routes.clock.now()) }
    }

    private func request(_ method: HTTPRequest.Method, _ body: String = "", of user: String = "ann") async throws -> (
        status: Int, body: String
    ) {
        let user = try #require(UserID(user))
        let key = try #require(routes.accounts.key(of: user))
        let answer = try await routes.makeRouter().buildResponder()
            .answer(to: method, "/api/v1/units", key: key, body: Array(body.utf8))
        return (answer.status, answer.text)
    }

    @Test("are set one by one, are sorted, are the user's own, and go with null")
    func settings() async throws {
        #expect(try await request(.get).body == #"{"units":[]}"#)
        #expect(try await request(.put, #"{"typ":"g","pth":"disk.free","unit":"bytes"}"#).status == 200)
        #expect(try await request(.put, #"{"typ":"c","pth":"a","unit":"%"}"#).status == 200)
        // Another tab, which knows of neither.
        #expect(try await request(.put, #"{"typ":"g","pth":"disk.free","unit":"s"}"#).status == 200)
        let all = #"{"units":[{"typ":"c","pth":"a","unit":"%"},{"typ":"g","pth":"disk.free","unit":"s"}]}"#
        #expect(try await request(.get).body == all)
        #expect(try await request(.get, of: "bob").body == #"{"units":[]}"#)
        let rest = try await request(.put, #"{"typ":"g","pth":"disk.free","unit":null}"#)
        #expect(rest.status == 200 && rest.body == #"{"units":[{"typ":"c","pth":"a","unit":"%"}]}"#)
    }

    @Test(
        "what is none is refused by name",
        arguments: [
            (#"{"typ":"g","pth":"a","unit":"furlongs"}"#, "unit: is 'furlongs'"), (#"{"typ":"x","pth":"a"}"#, "typ: is 'x'"),
            (#"{"typ":"g","pth":"a b"}"#, "pth: expected"), (#"{"typ":"g"}"#, "pth: is missing"), ("[]", "expected"),
        ])
    func refusals(body: String, message: String) async throws {
        let answer = try await request(.put, body)
        #expect(answer.status == 400 && answer.body.contains(message), "\(answer)")
        #expect(try await request(.get).body == #"{"units":[]}"#)
    }

    @Test("there is room for so many, one can be changed even then, and they go with their user")
    func room() throws {
        let ann = try #require(UserID("ann"))
        for number in 0..<Accounts.unitsMax {
            #expect(try routes.accounts.setUnit(.bytes, of: StatisticKey(.gauge, "g\(number)"), user: ann) != nil)
        }
        #expect(try routes.accounts.setUnit(.bytes, of: StatisticKey(.gauge, "more"), user: ann) == nil)
        #expect(try routes.accounts.setUnit(.percent, of: StatisticKey(.gauge, "g7"), user: ann)?.count == Accounts.unitsMax)
        try routes.accounts.delete(ann, at: routes.clock.now())
        #expect(try routes.accounts.units(of: ann).isEmpty)
    }
}
