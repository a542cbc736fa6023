import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DattssServer

/// Goal: whoever administers a team does it all over HTTP, whoever is invited knows to what, and what is done has a name in the audit.
@Suite("Teams over HTTP")
struct TeamRoutesTests {
    private let world: TeamWorld
    private let owner: Secret?
    private let administer: Secret?
    private let view: Secret?
    private let stranger: Secret?

    init() throws {
        let world = try TeamWorld()
        func session(_ caller: TeamWorld.Caller) throws -> Secret? { try world.signIn(caller.user) }
        owner = try session(.owner)
        administer = try session(.administer)
        view = try session(.view)
        stranger = try session(.stranger)
        self.world = world
    }

    private func members(_ session: Secret?) async throws -> [String] {
        let list = try await world.answer(.get, "/api/v1/team?user=shop", session).json["members"] as? [[String: Any]]
        return (list ?? []).map { "\($0["user"] ?? "") \($0["role"] ?? "")" }
    }

    private func invite(_ body: String, _ session: Secret? = nil) async throws -> RoutedAnswer {
        try await world.answer(.post, "/api/v1/team/invitations?user=shop", session ?? administer, body: body)
    }

    private func token(_ answer: RoutedAnswer) throws -> String {
        let link = try #require(answer.json["link"] as? String)
        #expect(link.hasPrefix("http://127.0.0.1:3002/account#join="))
        return try #require(link.split(separator: "=").last.map(String.init))
    }

    private func join(_ token: String, _ session: Secret?) async throws -> RoutedAnswer {
        try await world.answer(.post, "/api/v1/team/join", session, body: #"{"token":"\#(token)"}"#)
    }

    private func preview(_ token: String) async throws -> RoutedAnswer {
        try await world.answer(.post, "/api/v1/team/join/preview", nil, body: #"{"token":"\#(token)"}"#)
    }

    private func audit(_ session: Secret?) async throws -> [[String: Any]] {
        let body = try await world.answer(.get, "/api/v1/audit?user=shop", session).body
        return try JSONSerialization.jsonObject(with: Data(body)) as? [[String: Any]] ?? []
    }

    @Test("a link is told once where there is no mail, says what it is to, and lets one person in")
    func invitation() async throws {
        let answer = try await invite(#"{"email":"new@example.com","role":"edit"}"#)
        #expect(answer.status == 201)
        let token = try token(answer)
        let list = try await world.answer(.get, "/api/v1/team?user=shop", administer)
        #expect(list.text.contains("new@example.com") && !list.text.contains(token))
        // A viewer sees who is there, and not who is invited.
        let seen = try await world.answer(.get, "/api/v1/team?user=shop", view)
        #expect(seen.status == 200 && seen.json["members"] != nil && seen.json["invitations"] == nil)

        let found = try await preview(token).json
        #expect(found["user"] as? String == "shop" && found["role"] as? String == "edit")
        #expect(found["email"] as? String == "shop@example.com" && found["by"] as? String == "administer@example.com")
        #expect(try await join(token, nil).name == "401 unauthorized")
        // Whoever holds the link may join, with another address than the one that was invited, too.
        #expect(try await join(token, stranger).json["role"] as? String == "edit")
        #expect(try await members(owner).contains("stranger edit"))
        #expect(try await join(token, owner).name == "410 link_expired")
        #expect(try await preview(token).name == "410 link_expired")
        #expect(try await preview("x").name == "410 link_expired")
    }

    @Test("roles are changed and members removed by who administers, and the owner stays")
    func changes() async throws {
        let answer = try await world.answer(
            .put, "/api/v1/team/members/view?user=shop", administer, body: #"{"role":"administer"}"#)
        #expect(answer.status == 204)
        #expect(try await world.answer(.get, "/api/v1/keys?user=shop", view).status == 200)
        let gone = try await world.answer(.delete, "/api/v1/team/members/administer?user=shop", view)
        #expect(gone.status == 204)
        #expect(try await members(owner) == ["shop owner", "edit edit", "view administer"])
        for session in [owner, view] {
            #expect(try await world.answer(.delete, "/api/v1/team/members/shop?user=shop", session).name == "403 forbidden")
            let lowered = try await world.answer(.put, "/api/v1/team/members/shop?user=shop", session, body: #"{"role":"view"}"#)
            #expect(lowered.name == "403 forbidden")
        }
        #expect(try await world.answer(.post, "/api/v1/team/leave", owner).name == "403 forbidden")
        #expect(try await world.answer(.post, "/api/v1/team/leave?user=shop", view).status == 204)
        #expect(try await members(owner) == ["shop owner", "edit edit"])
    }

    @Test("what is wrong with a request is said precisely")
    func mistakes() async throws {
        for (body, name, message) in [
            ("{}", "400 missing_field", "role: is missing"),
            (#"{"role":"owner"}"#, "400 bad_value", "role: is 'owner', expected view, edit or administer"),
            (#"{"role":"View"}"#, "400 bad_value", "role: is 'View', expected view, edit or administer"),
            (#"{"role":"view","email":"nobody"}"#, "400 bad_value", "email: "),
        ] {
            let answer = try await invite(body)
            #expect(answer.name == name && answer.text.contains(message), "\(body): \(answer.text)")
        }
        for member in ["nobody", "No%20Name", "stranger"] {
            let path = "/api/v1/team/members/\(member)?user=shop"
            #expect(try await world.answer(.delete, path, owner).name == "404 not_found", "\(member)")
            #expect(try await world.answer(.put, path, owner, body: #"{"role":"edit"}"#).name == "404 not_found", "\(member)")
        }
        #expect(try await world.answer(.delete, "/api/v1/team/invitations/i0?user=shop", owner).name == "404 not_found")
        let refused = try await world.answer(.get, "/api/v1/keys?user=shop", view)
        #expect(refused.text.contains("in the team of 'shop' you may 'view'; it takes 'administer'"))
        // Whether there is such a user is told to nobody.
        let unknown = try await world.answer(.get, "/api/v1/status?user=nowhere", view).text
        let known = try await world.answer(.get, "/api/v1/status?user=stranger", view).text
        #expect(unknown == known.replacing("stranger", with: "nowhere"))
    }

    @Test("one team invites only so often, whoever of it does, and others go on")
    func limit() async throws {
        for number in 1...20 {
            let session = number.isMultiple(of: 2) ? owner : administer
            #expect(try await invite(#"{"role":"view"}"#, session).status == 201, "\(number)")
        }
        let refused = try await invite(#"{"role":"view"}"#)
        #expect(refused.name == "429 too_many_attempts" && refused.headers[.retryAfter] != nil)
        #expect(try await world.answer(.post, "/api/v1/team/invitations", view, body: #"{"role":"view"}"#).status == 201)
    }

    @Test("the session says whose statistics are shown, as what, and which teams there are; a key of the user only who may have it")
    func sessions() async throws {
        let own = try await world.answer(.get, "/api/v1/session", view).json
        #expect(own["user"] as? String == "view" && own["role"] as? String == "owner" && own["key"] is String)
        #expect((own["teams"] as? [[String: String]]) == [["user": "shop", "role": "view"]])
        let shown = try await world.answer(.get, "/api/v1/session?user=shop", view).json
        #expect(shown["user"] as? String == "shop" && shown["role"] as? String == "view" && shown["person"] as? String == "view")
        #expect(shown["email"] as? String == "view@example.com" && shown["readOnly"] as? Bool == true && shown["key"] is NSNull)
        let edits = try await world.answer(.get, "/api/v1/session?user=shop", world.signIn(TeamWorld.Caller.edit.user)).json
        #expect(edits["readOnly"] as? Bool == false && edits["key"] is NSNull)
        let key = try await world.answer(.get, "/api/v1/session?user=shop", administer).json["key"] as? String
        #expect(key == world.accounts.key(of: world.shop))
    }

    @Test("who acknowledges an alert, and who changes a team, is named by the address; where from, only to who administers")
    func names() async throws {
        let edit = try world.signIn(TeamWorld.Caller.edit.user)
        let rule = #"{"id":"r","name":"r","match":"a","measure":"value","above":1}"#
        #expect(try await world.answer(.put, "/api/v1/alerts/rules/r?user=shop", edit, body: rule).status == 200)
        let silence = #"{"for":3600,"reason":"works"}"#
        #expect(try await world.answer(.post, "/api/v1/alerts/silences?user=shop", edit, body: silence).status == 201)
        let events = try await world.answer(.get, "/api/v1/alerts/events?user=shop", view).text
        #expect(events.contains("edit@example.com") && !events.contains("\"by\":\"session\""))
        let lines = try await audit(administer)
        #expect(lines.count >= 8)
        _ = try await invite(#"{"role":"view"}"#)
        let (line, seen) = (try #require(try await audit(owner).first), try #require(try await audit(view).first))
        #expect(line["action"] as? String == "team_invite" && line["by"] as? String == "administer@example.com")
        #expect(line["address"] as? String == "127.0.0.1" && seen["address"] as? String == "")
    }

    @Test("what is done in a team is done to the shop, and not to whoever does it")
    func places() async throws {
        let edit = try world.signIn(TeamWorld.Caller.edit.user)
        let body = #"{"favourites":[{"typ":"c","pth":"a.b"}]}"#
        #expect(try await world.answer(.put, "/api/v1/favourites?user=shop", edit, body: body).status == 200)
        #expect(try await world.answer(.get, "/api/v1/favourites?user=shop", owner).text.contains("a.b"))
        #expect(try await !world.answer(.get, "/api/v1/favourites", edit).text.contains("a.b"))
        let key = try await world.answer(.post, "/api/v1/keys?user=shop", administer, body: #"{"name":"n","scope":"all"}"#).json
        #expect((key["key"] as? String)?.hasPrefix("shop.") == true)
    }
}
