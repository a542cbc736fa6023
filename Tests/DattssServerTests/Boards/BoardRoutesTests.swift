import DattssCore
import DattssPipeline
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// Goal: a board is kept as it was sent, for its user alone; what it cannot be is said by name, and nobody's change is lost.
@Suite("Boards over HTTP")
struct BoardRoutesTests {
    private let folder: TestFolder
    private let routes: Routes
    private let ann = UserID("ann")!

    init() throws {
        folder = try TestFolder()
        routes = try RoutesTests.routes(in: folder)
        for user in ["ann", "bob"].compactMap({ UserID($0) }) { try routes.accounts.add(user, at: routes.clock.now()) }
    }

    private func ask(
        _ method: HTTPRequest.Method, _ path: String = "", _ body: String = "", of user: String = "ann", key: String? = nil
    ) async throws -> RoutedAnswer {
        let standard = UserID(user).flatMap { routes.accounts.key(of: $0) }
        return try await routes.makeRouter().buildResponder()
            .answer(to: method, "/api/v1/boards\(path)", key: key ?? standard, body: Array(body.utf8))
    }

    private func json(_ answer: RoutedAnswer) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any], "\(answer.text)")
    }

    private func names(of user: String = "ann") async throws -> [String] {
        let list = try json(try await ask(.get, of: user))["boards"] as? [[String: Any]]
        return try #require(list).map { $0["name"] as? String ?? "" }
    }

    private static let plot = #"{"type":"plot","address":"v=1&q=c:shop.orders&range=3h&tz=UTC","title":"Orders","width":"full"}"#
    private static func board(_ name: String, _ panels: String = plot, version: String? = nil) -> String {
        #"{"name":"\#(name)","panels":[\#(panels)]\#(version.map { #","version":"\#($0)""# } ?? "")}"#
    }

    @Test("are made, listed, read, replaced, renamed and removed, each by its user alone")
    func life() async throws {
        #expect(try await names().isEmpty)
        let made = try await ask(.post, "", Self.board("shop & co/ü", Self.plot + ##",{"type":"text","text":"# Hi\nthere"}"##))
        #expect(made.status == 201)
        let path = "/shop%20%26%20co%2F%C3%BC"
        let read = try await ask(.get, path)
        #expect(read.status == 200 && read.text == made.text)
        let board = try json(read)
        let panels = try #require(board["panels"] as? [[String: Any]])
        #expect(
            panels.map { $0["type"] as? String } == ["plot", "text"] && panels.map { $0["width"] as? String } == ["full", "half"])
        #expect(
            panels[0]["address"] as? String == "v=1&q=c:shop.orders&range=3h&tz=UTC" && panels[0]["title"] as? String == "Orders")
        #expect(panels[1]["text"] as? String == "# Hi\nthere" && board["format"] as? Int == 1)
        #expect(try await ask(.post, "", Self.board("A", "")).status == 201)
        #expect(try await names() == ["A", "shop & co/ü"])
        #expect(try await names(of: "bob").isEmpty)
        for (method, body) in [(.get, ""), (.put, Self.board("x")), (.delete, "")] as [(HTTPRequest.Method, String)] {
            #expect(try await ask(method, path, body, of: "bob").status == 404, "\(method)")
        }
        // What was exported is imported as it is, under another name where that one is taken.
        let again = try await ask(.post, "", read.text)
        #expect(again.status == 409 && again.text.contains("\"exists\""))
        #expect(try await ask(.post, "", read.text, of: "bob").text == read.text)
        #expect(try await ask(.put, path, Self.board("A")).status == 409)
        #expect(try await ask(.put, path, Self.board("Shop")).status == 200)
        #expect(try await names() == ["A", "Shop"])
        #expect(try await names(of: "bob") == ["shop & co/ü"])
        #expect(try await ask(.get, path).status == 404)
        #expect(try await ask(.delete, "/Shop").status == 204)
        #expect(try await ask(.delete, "/Shop").status == 404)
        #expect(try await names() == ["A"])
    }

    /// Goal: of two who change a board at the same time the second one is told.
    @Test("are replaced and removed only when they are those that the sender knows, or when the sender does not say")
    func versions() async throws {
        let first = try #require(try json(try await ask(.post, "", Self.board("A")))["version"] as? String)
        let second = try await ask(.put, "/A", Self.board("A", "", version: first))
        #expect(second.status == 200)
        let late = try await ask(.put, "/A", Self.board("A", Self.plot + "," + Self.plot, version: first))
        #expect(late.status == 409 && late.text.contains("\"outdated\""))
        #expect(try await ask(.delete, "/A?version=\(first)").status == 409)
        #expect(try await ask(.get, "/A").text == second.text, "the late one has changed nothing")
        let version = try #require(try json(second)["version"] as? String)
        #expect(version != first)
        #expect(try await ask(.put, "/A", Self.board("A")).status == 200)
        // The same content has the same version again.
        #expect(try await ask(.delete, "/A?version=\(first)").status == 204)
    }

    @Test(
        "that are none are refused by name, and nothing is kept",
        arguments: [
            ("", "empty"), ("[]", "expected"), (#"{"panels":[]}"#, "name: is missing"), (#"{"name":"A"}"#, "panels: is missing"),
            (board(""), "name: expected"), (board(" A"), "name: expected"), (board("."), "name: expected"),
            (board(".."), "name: expected"),
            (board("A\\u0007"), "name: expected"), (board(String(repeating: "n", count: 65)), "name: expected 1 to 64"),
            (#"{"name":5,"panels":[]}"#, "name:"), (#"{"name":"A","panels":{}}"#, "panels:"),
            (#"{"name":"A","panels":[],"colour":"red"}"#, "colour: is not known"),
            (#"{"name":"A","panels":[],"format":2}"#, "format: is 2.0, expected 1"),
            (#"{"name":"A","name":"B","panels":[]}"#, "name: is there twice"), (board("A", "5"), "panels[0]: expected an object"),
            (board("A", #"{"address":"q=c:a"}"#), "panels[0].type: is missing"),
            (board("A", #"{"type":"pie","address":"q=c:a"}"#), "panels[0].type: is 'pie', expected plot or text"),
            (board("A", plot + #",{"type":"plot"}"#), "panels[1].address: is missing"),
            (board("A", #"{"type":"plot","address":"q=c:a","text":"x"}"#), "panels[0].text: a plot has"),
            (board("A", #"{"type":"text","address":"q=c:a"}"#), "panels[0].address: a text has none"),
            (board("A", #"{"type":"text"}"#), "panels[0].text: is missing"),
            (board("A", #"{"type":"plot","address":""}"#), "panels[0].address: q: is missing"),
            (board("A", #"{"type":"plot","address":"q=c:a&range=2h"}"#), "panels[0].address: range: is '2h', expected one of 15m"),
            (board("A", #"{"type":"plot","address":"q=c:**.**.x**"}"#), "panels[0].address:"),
            (
                board("A", #"{"type":"plot","address":"q=c:a","width":"third"}"#),
                "panels[0].width: is 'third', expected half or full"
            ),
            (board("A", #"{"type":"plot","address":"q=c:a","title":5}"#), "panels[0].title:"),
            (
                board("A", #"{"type":"plot","address":"q=c:a","title":"\#(String(repeating: "t", count: 121))"}"#),
                "title: expected at most 120"
            ),
            (board("A", #"{"type":"plot","address":"q=c:a","title":"a\nb"}"#), "title: expected at most 120"),
            (board("A", #"{"type":"plot","address":"q=c:a","size":"1"}"#), "panels[0].size: is not known"),
            (board("A", #"{"type":"text","text":"\#(String(repeating: "x", count: 10_001))"}"#), "panels[0].text: has 10001 bytes"),
            (board("A", Array(repeating: plot, count: 51).joined(separator: ",")), "panels: expected at most 50"),
        ])
    func refusals(body: String, message: String) async throws {
        let answer = try await ask(.post, "", body)
        #expect(answer.status == 400 && answer.text.contains(message), "\(answer.text)")
        #expect(try await names().isEmpty)
        #expect(try await ask(.post, "", Self.board("B")).status == 201)
        let before = try await ask(.get, "/B").text
        #expect(try await ask(.put, "/B", body).status == 400)
        #expect(try await ask(.get, "/B").text == before)
    }

    @Test("are so many of a user and so large at most, and all that there may be are taken")
    func limits() async throws {
        let large = #"{"type":"text","text":"\#(String(repeating: "x", count: 10_000))"}"#
        let full = Self.board(
            "full", (Array(repeating: Self.plot, count: 30) + Array(repeating: large, count: 20)).joined(separator: ","))
        #expect(try await ask(.post, "", full).status == 201)
        let tooLarge = try await ask(.post, "", Self.board("x", Array(repeating: large, count: 30).joined(separator: ",")))
        #expect(tooLarge.status == 413 && tooLarge.text.contains("262144"))
        for number in 1..<Board.perUserMax { #expect(try await ask(.post, "", Self.board("n\(number)", "")).status == 201) }
        let more = try await ask(.post, "", Self.board("more", ""))
        #expect(more.status == 409 && more.text.contains("\"too_many\"") && more.text.contains("100 boards"))
        #expect(try await ask(.post, "", Self.board("more", ""), of: "bob").status == 201)
        #expect(try await names().count == Board.perUserMax)
    }

    @Test("of the demo is one that could be sent, and can be looked at only")
    func demo() async throws {
        let json = BoardJSON.write(DemoShop.board, version: nil).bytes
        #expect(try json.withUnsafeBytes { bytes throws(WireError) in try BoardDocument(bytes).board } == DemoShop.board)
        #expect(try routes.accounts.prepareInternal(.demo, at: routes.clock.now()))
        try routes.accounts.addBoard(DemoShop.board, of: .demo, at: routes.clock.now())
        var web = WebSettings()
        web.hasDemo = true
        let demo = try RoutesTests.routes(in: folder, web: web).makeRouter().buildResponder()
        #expect(try await demo.answer(to: .get, "/demo/api/v1/boards/Shop").status == 200)
        for (method, path) in [(.post, ""), (.put, "/Shop"), (.delete, "/Shop")] as [(HTTPRequest.Method, String)] {
            let answer = try await demo.answer(to: method, "/demo/api/v1/boards\(path)", body: json)
            #expect(answer.status == 403 && answer.text.contains("\"read_only\""), "\(method)")
        }
        #expect(try await demo.answer(to: .post, "/demo/api/v1/boards/Shop/shares", body: Array(#"{"days":1}"#.utf8)).status == 404)
    }

    /// Goal: what a key is good for is the same here as everywhere, and the demo can be looked at only.
    @Test("are read by keys that read, and changed by those that may do all")
    func scopes() async throws {
        for scope in KeyScope.allCases {
            let key = try routes.accounts.addKey(named: "\(scope)", scope: scope, of: ann, at: routes.clock.now()).key
            #expect(try await ask(.get, key: key).status == (scope == .ingest ? 403 : 200), "\(scope)")
            #expect(try await ask(.post, "", Self.board("\(scope)"), key: key).status == (scope == .all ? 201 : 403), "\(scope)")
            #expect(try await ask(.get, "/\(scope)", key: key).status == (scope == .ingest ? 403 : scope == .all ? 200 : 404))
        }
    }

    @Test("go with their user, and the next of the name has none")
    func erasure() async throws {
        #expect(try await ask(.post, "", Self.board("A")).status == 201)
        try routes.accounts.delete(ann, at: routes.clock.now())
        #expect(throws: AccountError.self) {
            try routes.accounts.addBoard(Board(name: "late", panels: []), of: ann, at: routes.clock.now())
        }
        try routes.accounts.noteErased(ann, at: routes.clock.now())
        try routes.accounts.add(ann, at: routes.clock.now())
        #expect(try await names().isEmpty)
    }
}
