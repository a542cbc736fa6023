import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Foundation
import HTTPTypes
import Testing

@testable import DattssServer

/// Goal: whoever asks what was gets that, and whoever asks what cannot be told is told why.
@Suite("The past over HTTP")
struct PastRoutesTests {
    private static let start = Timestamp(seconds: 1_790_040_720)
    private let server: LivingServer
    private let key: String

    init() async throws {
        var settings = LivingServer.Settings()
        settings.retention.hourDays = 20
        server = try LivingServer(at: Self.start, settings)
        _ = try server.parts.server.prepareLocalUser()
        key = try #require(server.parts.accounts.key(of: .local))
        let partials = [
            Partial(StatisticKey(.counter, "orders"), Aggregate(sample: 120)),
            Partial(StatisticKey(.gauge, "load"), Aggregate(sample: 4)),
        ]
        #expect(await server.parts.pipeline.ingest.submit(Batch(partials: partials), of: .local) == .accepted)
        server.clock.set(Self.start.minute.end.advanced(byMilliseconds: 130_000))
    }

    private func ask(_ path: String, key: String? = nil) async throws -> (status: Int, text: String) {
        let answer = try await server.request(.get, path, key: key ?? self.key)
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    private func statistics(_ at: String) async throws -> [String: Any] {
        let answer = try await ask("/api/v1/status?at=\(at)")
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    @Test("is the last minute that was over at the moment, without totals")
    func minute() async throws {
        let end = Self.start.minute.end.seconds
        for at in ["\(end)", "\(end + 59)", "2026-09-22T01:33:59Z"] {
            let status = try await statistics(at)
            #expect(status["at"] as? Int == Int(end) && status["step"] as? Int == 1, "\(at)")
            let counter = try #require((status["c"] as? [[String: Any]])?.first)
            #expect(counter["avg"] as? Double == 2 && counter["sum"] is NSNull && counter["pth"] as? String == "orders")
            let gauge = try #require((status["g"] as? [[String: Any]])?.first)
            #expect(gauge["lst"] as? Double == 4 && gauge["seen"] as? Int == Int(end) - 1)
        }
        // A minute later it is silent, and a minute before it was not there.
        let later = try await statistics("\(end + 60)")
        #expect((later["c"] as? [[String: Any]])?.first?["avg"] as? Double == 0)
        #expect((later["g"] as? [[String: Any]])?.first?["avg"] is NSNull)
        let before = try await statistics("\(end - 1)")
        #expect((before["c"] as? [Any])?.isEmpty == true && (before["g"] as? [Any])?.isEmpty == true)
    }

    @Test("tells what was unusual then, and of how many nothing is known")
    func unusual() async throws {
        let answer = try await ask("/api/v1/unusual?at=\(Self.start.minute.end.seconds)")
        #expect(answer.status == 200 && answer.text.contains(#""known":0,"unknown":2,"unusual":[]"#), "\(answer.text)")
    }

    @Test(
        "is refused where there is none",
        arguments: [
            ("1790040911", "at: is 1 seconds from now, expected a moment that is over"),
            ("1788307199", "at: is 21 days ago, statistics are kept for 20 days"),
            ("0", "days ago, statistics are kept for 20 days"), ("yesterday", "at: is 'yesterday', expected epoch seconds"),
            ("", "at: is ''"), ("2026-02-30T00:00:00Z", "at: there is no day '2026-02-30'"),
        ])
    func refusals(at: String, message: String) async throws {
        for path in ["status", "unusual"] {
            let answer = try await ask("/api/v1/\(path)?at=\(at)")
            #expect(answer.status == 400 && answer.text.contains(message) && answer.text.contains("bad_value"), "\(answer.text)")
        }
    }

    @Test("is told up to the day that is kept, and to this very moment")
    func bounds() async throws {
        for at in ["1788307200", "1790040910"] { #expect(try await ask("/api/v1/status?at=\(at)").status == 200, "\(at)") }
    }

    @Test("is told to nobody who may not see the present, and not to who is deleted")
    func access() async throws {
        let accounts = server.parts.accounts
        let ann = try #require(UserID("ann"))
        try accounts.add(ann, at: server.clock.now())
        let other = try #require(accounts.key(of: ann))
        let at = Self.start.minute.end.seconds
        let seen = try await ask("/api/v1/status?at=\(at)", key: other)
        #expect(seen.status == 200 && !seen.text.contains("orders"))
        try accounts.delete(ann, at: server.clock.now())
        #expect(try await eventually { try await ask("/api/v1/status?at=\(at)", key: other).status == 401 })
        let sender = try accounts.addKey(named: "s", scope: .ingest, of: .local, at: server.clock.now()).key
        #expect(try await ask("/api/v1/status?at=\(at)", key: sender).status == 403)
    }
}
