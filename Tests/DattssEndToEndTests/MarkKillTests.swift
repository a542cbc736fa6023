import DattssTestSupport
import Foundation
import NIOHTTP1
import Testing

@Suite("Marks of a killed server")
struct MarkKillTests {
    /// Goal: a mark that was answered is there after any kill, by whichever way it came; the command's words are the user's own.
    @Test("are all there that were answered")
    func kills() async throws {
        let server = RealServer(["--statsd-user", "local"])
        try await server.start()
        let key = try await server.key()
        func texts() async throws -> [String] {
            let answer = try await server.request(.GET, "/api/v1/marks", key: key)
            return (answer.json["marks"] as? [[String: Any]] ?? []).compactMap { $0["text"] as? String }
        }
        var expected: [String] = []
        for round in 0..<3 {
            let made = try await server.command("mark", "deployed 1.\(round)", "--tag", "api")
            #expect(made.status == 0, "\(made.errors)")
            let sent = try await server.request(
                .POST, "/api/v1/marks", key: key, body: Array(#"{"text":"posted \#(round)"}"#.utf8))
            #expect(sent.status == 201)
            try await server.kill()
            expected += ["deployed 1.\(round)", "posted \(round)"]
            try await server.start()
            #expect(try await texts() == expected)
        }
        // A datagram is answered by nobody: once it is to be seen, it stays.
        try await server.send([Array("_e{7,3}:restart|now|#web".utf8)])
        #expect(try await eventually { try await texts().contains("restart: now") })
        try await server.kill()
        try await server.start()
        #expect(try await texts() == expected + ["restart: now"])
        let list = try await server.command("mark", "list")
        #expect(list.status == 0 && list.output.contains("deployed 1.2") && list.output.contains("event"), "\(list)")
        let id = try #require(list.output.split(separator: "\n").first { $0.contains("posted 1") }?.split(separator: " ").first)
        #expect(try await server.command("mark", "remove", String(id)).status == 0)
        #expect(try await !texts().contains("posted 1"))
        let again = try await server.command("mark", "remove", String(id))
        #expect(again.status == 65 && again.errors.contains("there is no mark"), "\(again)")
        try await server.discard()
    }
}
