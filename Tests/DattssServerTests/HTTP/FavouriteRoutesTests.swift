import DattssCore
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// Goal: whoever changes favourites that somebody else has changed since is told so, and nothing is lost; and people get pages.
@Suite("Favourites over HTTP")
struct FavouriteRoutesTests {
    private let folder: TestFolder
    private let routes: Routes
    private let key: String

    init() throws {
        folder = try TestFolder()
        routes = try RoutesTests.routes(in: folder)
        let ann = try #require(UserID("ann"))
        try routes.accounts.add(ann, at: routes.clock.now())
        key = try #require(routes.accounts.key(of: ann))
    }

    private func request(
        _ method: HTTPRequest.Method, _ path: String, _ body: String = "", accept: String? = nil
    ) async throws -> (status: Int, type: String?, body: String) {
        let headers: HTTPFields = accept.map { [.accept: $0] } ?? [:]
        let answer = try await routes.makeRouter().buildResponder()
            .answer(to: method, path, key: key, body: Array(body.utf8), headers: headers)
        return (answer.status, answer.headers[.contentType], answer.text)
    }

    private func put(_ paths: [String], version: String? = nil) async throws -> (status: Int, type: String?, body: String) {
        let list = paths.map { #"{"typ":"c","pth":"\#($0)"}"# }.joined(separator: ",")
        let version = version.map { #","version":"\#($0)""# } ?? ""
        return try await request(.put, "/api/v1/favourites", #"{"favourites":[\#(list)]\#(version)}"#)
    }

    private func version(_ body: String) throws -> String {
        let json = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        return try #require(json?["version"] as? String)
    }

    @Test("are replaced only when they are those that the sender knows, or when the sender does not say")
    func versions() async throws {
        let none = try version(try await request(.get, "/api/v1/favourites").body)
        let first = try await put(["a"], version: none)
        #expect(first.status == 200)
        // Another tab knows of none.
        let late = try await put(["b"], version: none)
        #expect(late.status == 409 && late.body.contains("\"outdated\""))
        let kept = try await request(.get, "/api/v1/favourites").body
        #expect(kept.contains("\"a\"") && !kept.contains("\"b\""))
        #expect(try version(kept) == version(first.body))
        #expect(try await put(["a", "b"], version: version(kept)).status == 200)
        #expect(try await put(["c"]).status == 200)
        // The order is part of it.
        let ab = try version(try await put(["a", "b"]).body)
        #expect(try await version(put(["b", "a"]).body) != ab)
    }

    @Test("a path that is not there is a page to a browser, and JSON to everybody else")
    func missing() async throws {
        let page = try await request(.get, "/nothing/here", accept: "text/html,application/xhtml+xml")
        #expect(page.status == 404 && page.type?.hasPrefix("text/html") == true && page.body.contains("href=\"/\""))
        for (method, accept) in [(.get, nil), (.get, "*/*"), (.post, "text/html")] as [(HTTPRequest.Method, String?)] {
            let answer = try await request(method, "/nothing/here", accept: accept)
            #expect(answer.status == 404 && answer.body.contains("\"not_found\""), "\(method) \(accept ?? "")")
        }
    }
}
