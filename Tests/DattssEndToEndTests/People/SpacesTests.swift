import Foundation
import NIOHTTP1
import Testing

@Suite("Spaces")
struct SpacesTests {
    /// Goal: anybody sees the demo, with a week of history, and nobody changes it; it goes on after a restart, and its past is
    /// written once.
    @Test("show a demo to anybody, for looking only")
    func demo() async throws {
        let server = RealServer(["--demo", "--no-self"])
        try await server.start()
        let session = try await server.request(.GET, "/demo/api/v1/session").json
        #expect(session["user"] as? String == "demo" && session["readOnly"] as? Bool == true && session["key"] is NSNull)
        let favourites = try await server.request(.GET, "/demo/api/v1/favourites").json["favourites"] as? [[String: Any]]
        #expect(favourites?.isEmpty == false)
        let week = "/demo/api/v1/series/c/shop.orders?step=1440&from=\(Int(Date().timeIntervalSince1970) - 7 * 86_400)"
        let points = try #require(try await server.request(.GET, week).json["points"] as? [[String: Any]])
        #expect(points.count >= 7 && points.allSatisfy { $0["sum"] as? Double ?? 0 > 0 })
        // Live traffic arrives.
        #expect(
            try await eventually {
                let status = try await server.request(.GET, "/demo/api/v1/status").json["g"] as? [[String: Any]]
                let seen = status?.compactMap { $0["seen"] as? Double }.max() ?? 0
                return seen > Date().timeIntervalSince1970 - 10
            })
        let list = Array(#"{"favourites":[]}"#.utf8)
        #expect(try await server.request(.PUT, "/demo/api/v1/favourites", body: list).errorName == "read_only")
        #expect(try await server.request(.POST, "/demo/api/v1/processes/web1/stop").errorName == "read_only")
        #expect(try await server.request(.GET, "/demo/api/v1/keys").status == 404)
        // Its traffic is nobody's.
        #expect(try await server.metric("dattss_batches_accepted_total") == 0)
        #expect(try await server.command("user", "key", "demo").status != 0)

        let past = try await total(server)
        try await server.stop()
        try await server.start()
        #expect(try await total(server) == past)
        try await server.discard()
    }

    /// What was sold on the days before today.
    private func total(_ server: RealServer) async throws -> Double {
        let today = Int(Date().timeIntervalSince1970) / 86_400 * 86_400
        let path = "/demo/api/v1/series/c/shop.orders?step=1440&from=\(today - 5 * 86_400)&to=\(today)"
        let points = try await server.request(.GET, path).json["points"] as? [[String: Any]]
        return points?.reduce(0) { $0 + ($1["sum"] as? Double ?? .nan) } ?? .nan
    }

    /// Goal: the server keeps statistics of itself, and its administrators see them: nobody else, and by no key.
    @Test("show an administrator the server's own statistics")
    func own() async throws {
        let server = RealServer()
        let link = try #require(Browser.link(try await server.start()))
        let key = try await server.key()
        _ = try await server.command("user", "add", "ann")
        #expect(try await server.put(Sender.batch(sender: 1, sequence: 1), key: key).status == 200)
        #expect(try await server.request(.GET, "/api/v1/status", key: "nobody.0").status == 401)
        var (owner, ann) = (Browser(server), Browser(server))
        #expect(try await owner.open(link).status == 303)
        let annsLink = try await server.command("user", "link", "ann").output.trimmingCharacters(in: .newlines)
        #expect(try await eventually { try await ann.open(annsLink).headers["Location"] == ["/"] })
        #expect(
            try await eventually {
                let status = try await owner.request(.GET, "/server/api/v1/status").json["c"] as? [[String: Any]]
                return status?.contains { $0["pth"] as? String == "ingest.batches" && $0["sum"] as? Double == 1 } ?? false
            })
        #expect(try await owner.request(.GET, "/server/api/v1/session").json["user"] as? String == "dattss")
        #expect(try await ann.request(.GET, "/server/api/v1/status").errorName == "forbidden")
        #expect(try await server.request(.GET, "/server/api/v1/status").status == 401)
        #expect(try await server.request(.GET, "/server/api/v1/status", key: key).errorName == "wrong_scope")
        #expect(try await owner.request(.PUT, "/server/api/v1/favourites", #"{"favourites":[]}"#).errorName == "read_only")
        #expect(try await server.request(.GET, "/demo/api/v1/status").status == 404)
        // Names that statsd rewrites are shown to administrators only, whatever they are made of.
        try await server.send([Array("\(key).<b>\"GET /\"</b>\u{7}:1|c".utf8)])
        #expect(
            try await eventually {
                let told = try await owner.request(.GET, "/api/v1/rewritten-names").json
                let names = told["names"] as? [[String: String]]
                return told["count"] as? Int == 1 && names == [["name": "<b>\"GET /\"</b>\u{7}", "path": "bGET_--b"]]
            })
        #expect(try await ann.request(.GET, "/api/v1/rewritten-names").errorName == "forbidden")
        #expect(try await server.request(.GET, "/api/v1/rewritten-names", key: key).errorName == "wrong_scope")
        #expect(try await server.request(.GET, "/api/v1/rewritten-names").status == 401)
        // The books count what others sent.
        #expect(try await server.metric("dattss_batches_accepted_total") == 1)
        #expect(try await server.metric("dattss_own_batches_accepted_total") >= 1)
        try await server.discard()
    }
}
