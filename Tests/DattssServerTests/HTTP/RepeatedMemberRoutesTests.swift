import DattssCore
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// Goal: a body that says a thing twice is refused by the thing's name, on every route that reads one; and what is refused here with a
/// sentence is refused where it is set, not where it is used.
@Suite("A member that is there twice, over HTTP")
struct RepeatedMemberRoutesTests {
    private let folder: TestFolder
    private let routes: Routes
    private let key: String
    private let cookie: String
    private let token: String

    init() throws {
        folder = try TestFolder()
        routes = try RoutesTests.routes(in: folder)
        let (ann, now) = (try #require(UserID("ann")), routes.clock.now())
        try routes.accounts.add(ann, at: now, email: EmailAddress("ann@example.com"))
        key = try #require(routes.accounts.key(of: ann))
        let session = try routes.accounts.signIn(ann, Accounts.Visitor(address: "127.0.0.1", agent: ""), at: now)
        cookie = "dattss_session=\(session.text)"
        token = routes.accounts.keys.changeToken(of: session)
    }

    private func refusal(_ method: HTTPRequest.Method, _ path: String, _ body: String, isSignedIn: Bool = false) async throws
        -> String
    {
        var headers = HTTPFields()
        if isSignedIn { (headers[.cookie], headers[.changeToken]) = (cookie, token) }
        let answer = try await routes.makeRouter().buildResponder()
            .answer(to: method, path, key: isSignedIn ? nil : key, body: Array(body.utf8), headers: headers)
        let json = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: [String: String]]
        return "\(answer.status) \(json?["error"]?["name"] ?? ""): \(json?["error"]?["message"] ?? answer.text)"
    }

    @Test(
        "is refused by its name",
        arguments: [
            (.put, "/agg", #"{"nam":"a","prt":{"c":[],"ms":[],"g":[]},"nam":"b"}"#, "nam"),
            (.put, "/api/v1/favourites", #"{"favourites":[],"favourites":[{"typ":"c","pth":"a"}]}"#, "favourites"),
            (.put, "/api/v1/favourites", #"{"favourites":[{"typ":"c","pth":"a","typ":"g"}]}"#, "favourites[0]: typ"),
            (.put, "/api/v1/units", #"{"typ":"c","pth":"a","unit":"%","unit":null}"#, "unit"),
            (.post, "/api/v1/alerts/rules", #"{"match":"a","measure":"sum","above":1,"above":2}"#, "above"),
            (.put, "/api/v1/alerts/rules", #"{"rules":[],"rules":[]}"#, "rules"),
            (.put, "/api/v1/alerts/rules", #"{"rules":[{"match":"a","match":"b"}]}"#, "rules[0].match"),
            (.post, "/api/v1/alerts/backtest", #"{"days":1,"days":2}"#, "days"),
            (.post, "/api/v1/alerts/backtest", #"{"rule":{"measure":"sum","measure":"rate"}}"#, "rule.measure"),
            (.post, "/api/v1/alerts/silences", #"{"for":60,"for":86400}"#, "for"),
            (.put, "/api/v1/alerts/channels/x", #"{"type":"slack","url":"http://a.example/","url":"http://b.example/"}"#, "url"),
            (
                .put, "/api/v1/alerts/channels/x",
                #"{"type":"http","url":"http://a.example/","body":"x","headers":{"A":"b","A":"c"}}"#, "headers: A"
            ),
        ] as [(HTTPRequest.Method, String, String, String)])
    func members(method: HTTPRequest.Method, path: String, body: String, name: String) async throws {
        #expect(try await refusal(method, path, body) == "400 malformed: \(name): is there twice")
    }

    @Test(
        "is refused by its name in what a program asks",
        arguments: [
            (#"{"process":"a","process":"b"}"#, "process"), (#"{"cid":"a","process":"b","cid":null}"#, "cid"),
            (#"{"auth":null,"process":"b","auth":"k"}"#, "auth"),
        ])
    func polls(body: String, name: String) {
        #expect(throws: WireError(.malformed, "\(name): is there twice")) {
            try Array(body.utf8).withUnsafeBytes { bytes throws(WireError) in try ProcessPoll(bytes) }
        }
    }

    @Test("is refused by its name in what somebody who is signed in sends")
    func people() async throws {
        let twice = #"{"name":"a","scope":"read","name":"b"}"#
        #expect(try await refusal(.post, "/api/v1/keys", twice, isSignedIn: true) == "400 malformed: name: is there twice")
    }

    @Test("is refused by its name where the key is in the body, too")
    func bodyKeys() async throws {
        func refusal(_ rest: String) async throws -> String {
            let body = Array(#"{"auth":"\#(key)",\#(rest),"prt":{"c":[],"ms":[],"g":[]}}"#.utf8)
            let answer = try await routes.makeRouter().buildResponder().answer(to: .put, "/agg", body: body)
            let json = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: [String: String]]
            return "\(answer.status) \(json?["error"]?["name"] ?? ""): \(json?["error"]?["message"] ?? answer.text)"
        }
        #expect(try await refusal(#""nam":"a","nam":"b""#) == "400 malformed: nam: is there twice")
        #expect(try await refusal(#""auth":"\#(key)""#) == "401 unauthorized: auth: is there twice")
        #expect(try await refusal(#""auth":null"#) == "401 unauthorized: auth: is there twice")
    }

    @Test("a password that is too short or too long is told the limit in what is counted")
    func passwords() async throws {
        func refused(_ password: String) async throws -> String {
            try await refusal(.post, "/api/v1/password", #"{"password":"\#(password)","current":"x"}"#, isSignedIn: true)
        }
        #expect(try await refused("kurz") == "400 weak_password: password: has 4 characters, expected at least 10")
        // Nine letters, each of several bytes, and more of UTF-16.
        let flags = String(repeating: "🇫🇷", count: 9)
        #expect(try await refused(flags) == "400 weak_password: password: has 9 characters, expected at least 10")
        #expect(
            try await refused(String(repeating: "é", count: 600))
                == "400 weak_password: password: has 1200 bytes in UTF-8, expected at most 1024")
    }

    @Test("an address that no letter can go to is refused where it is set")
    func addresses() async throws {
        for address in ["jörg@example.com", "ann@exämple.com", "\u{212A}@example.com", "ann@例え.jp"] {
            let expected = "400 bad_value: to: \(EmailAddress.expected)"
            #expect(try await refusal(.put, "/api/v1/alerts/channels/m", #"{"type":"mail","to":"\#(address)"}"#) == expected)
            for path in ["sign-up", "password-reset"] {
                let answer = try await refusal(.post, "/api/v1/\(path)", #"{"email":"\#(address)"}"#)
                #expect(answer == "400 bad_value: email: \(EmailAddress.expected)", "\(path)")
            }
        }
        let other = #"{"type":"mail","to":"bob@example.com"}"#
        #expect(try await refusal(.put, "/api/v1/alerts/channels/m", other) == "400 bad_value: to: \(Accounts.ownAddressOnly)")
        let own = try await routes.makeRouter().buildResponder().answer(
            to: .put, "/api/v1/alerts/channels/m", key: key, body: Array(#"{"type":"mail","to":"Ann@example.com"}"#.utf8))
        #expect(own.status == 200, "\(own.text)")
    }
}
