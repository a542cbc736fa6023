import DattssClient
import DattssCore
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite("The command, as a user types it")
struct CommandLineTests {
    /// Goal: users are made, listed and revoked beside a running server, which notices.
    @Test("manages users beside a running server")
    func users() async throws {
        let server = RealServer()
        let report = try await server.start()
        let local = try await server.key()
        #expect(report.contains(local))
        let shop = try await server.command("user", "add", "shop").output.trimmingCharacters(in: .newlines)
        #expect(shop.hasPrefix("shop.") && shop != local)
        #expect(try await server.command("user", "add", "shop").errors.contains("already"))
        #expect(try await server.command("user", "add", "no/name").status != 0)
        #expect(try await server.command("user", "key", "nobody").errors.contains("no user"))
        #expect(try await server.command("user", "list").output.split(separator: "\n").count == 2)
        #expect(try await eventually { try await server.request(.GET, "/api/v1/status", key: shop).status == 200 })
        // Over connections that have sent with this key before, too.
        let batch = Batch(partials: [Partial(StatisticKey(.counter, "hits"), Aggregate(sample: 1))])
        for _ in 0..<3 { #expect(try await server.put(batch, key: shop).status == 200) }
        let renewed = try await server.command("user", "revoke", "shop").output.trimmingCharacters(in: .newlines)
        #expect(renewed != shop)
        #expect(try await server.key(of: "shop") == renewed)
        #expect(try await eventually { try await server.put(batch, key: shop).status == 401 })
        #expect(try await server.request(.GET, "/api/v1/status", key: shop).status == 401)
        #expect(try await server.put(batch, key: renewed).status == 200)
        #expect(try await server.request(.GET, "/api/v1/status", key: renewed).status == 200)
        #expect(try await server.request(.GET, "/api/v1/status", key: local).status == 200)
        try await server.discard()
    }

    /// Goal: no route shows or changes anything of another user.
    @Test("keeps users apart on every route")
    func apart() async throws {
        let server = RealServer()
        try await server.start()
        let ann = try await server.command("user", "add", "ann").output.trimmingCharacters(in: .newlines)
        let bob = try await server.command("user", "add", "bob").output.trimmingCharacters(in: .newlines)
        #expect(try await eventually { try await server.request(.GET, "/api/v1/status", key: bob).status == 200 })
        var batch = Sender.batch(sender: 1, sequence: 1)
        batch.process = "secret-process"
        #expect(try await server.put(batch, key: ann).status == 200)
        for path in [
            "/api/v1/status", "/api/v1/series/c/shared.hits", "/api/v1/day/c/shared.hits", "/api/v1/series/ms/shared.wait",
            "/api/v1/processes",
        ] {
            let mine = try await server.request(.GET, path, key: ann)
            let theirs = try await server.request(.GET, path, key: bob)
            #expect(mine.status == 200 && theirs.status == 200, "\(path)")
            #expect(
                mine.body.contains("\"sum\":3") || mine.body.contains("\"sum\":17") || mine.body.contains("secret"),
                "\(path): \(mine.body)")
            #expect(!theirs.body.contains("\"sum\"") && !theirs.body.contains("secret"), "\(path): \(theirs.body)")
            #expect(try await server.request(.GET, path).status == 401)
        }
        #expect(try await server.request(.POST, "/api/v1/processes/secret-process/stop", key: bob).status == 404)
        // The same client number of another user is another client.
        #expect(try await server.put(batch, key: bob).status == 200)
        #expect(try await server.status(.counter, key: bob)["shared.hits"]?.sum == 3)
        try await server.discard()
    }

    /// Goal: from the shell in, to the shell out.
    @Test("sends a batch, shows it, and explains the log")
    func sendAndStatus() async throws {
        let server = RealServer()
        try await server.start()
        let sent = try await server.command("send", "backup.size", "512g", "backup.runs", "1c")
        #expect(sent.status == 0 && sent.output.isEmpty, "\(sent)")
        #expect(try await server.command("send", "backup.size", "512x").status != 0)
        let table = try await server.command("status").output
        #expect(table.contains("backup.size") && table.contains("512") && table.contains("backup.runs"), "\(table)")
        #expect(try await server.command("status", "runs").output.contains("backup.size") == false)
        let dump = try await server.command("log", "dump", "--records").output
        #expect(dump.contains("backup.size"), "\(dump)")
        #expect(try await server.command("log", "verify").output.contains("sound"))
        let second = try await server.command("serve", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0")
        #expect(second.status != 0, "two servers on one folder")
        try await server.discard()
    }

    /// Goal: a process that polls is listed, told to stop once, and an expired poll is empty. Nobody sends a second request on a
    /// connection that ends with the answer.
    @Test("asks a process to stop")
    func stopProcess() async throws {
        let server = RealServer()
        try await server.start()
        let key = try await server.key()
        let body = Array("{\"auth\":\"\(key)\",\"process\":\"worker\"}".utf8)
        async let poll = server.request(.PUT, "/process", body: body, timeout: .seconds(40))
        #expect(try await eventually { try await server.request(.GET, "/api/v1/processes", key: key).body.contains("\"up\":true") })
        #expect(try await server.request(.POST, "/api/v1/processes/worker/stop", key: key).status == 200)
        let told = try await poll
        #expect(told.body == "\(key)-worker" && told.headers["Connection"] == ["close"])
        let bad = try await server.request(.PUT, "/process", key: key, body: Array("{\"process\":\"a b\"}".utf8))
        #expect(bad.status == 400 && bad.errorName == "bad_name" && bad.headers["Connection"] == ["close"])

        // A process that hung up is not told anything, and one that waits does not hold up the server's end.
        let gone = try RawConnection(await server.http)
        try gone.send(
            "PUT /process HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n" + String(decoding: body, as: UTF8.self))
        gone.hangUp()
        let isAnswered = Mutex(false)
        let waiting = Task {
            defer { isAnswered.withLock { $0 = true } }
            return try await server.request(.PUT, "/process", body: body, timeout: .seconds(40)).body
        }
        // Until it has begun, a stop is for the run that was told before.
        #expect(
            try await eventually {
                let stop = try await server.request(.POST, "/api/v1/processes/worker/stop", key: key)
                return stop.status == 200 && isAnswered.withLock { $0 }
            })
        #expect(try await waiting.value == "\(key)-worker")
        async let unasked = server.request(
            .PUT, "/process", body: Array("{\"auth\":\"\(key)\",\"process\":\"other\"}".utf8), timeout: .seconds(40))
        #expect(try await eventually { try await server.request(.GET, "/api/v1/processes", key: key).body.contains("other") })
        // The question would wait for 40 seconds; its end comes with that of the server.
        #expect(try await server.stop() == 0)
        #expect(try await unasked.body.isEmpty)
        try await server.discard()
    }

    /// Goal: imported minutes are answered like any others.
    @Test("imports a file and serves it")
    func importFile() async throws {
        let server = RealServer()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("temperature-\(UUID()).csv")
        let now = Int64(Date().timeIntervalSince1970)
        let lines = (0..<100).map { "\(now - 6000 + Int64($0) * 60),\(Double($0) / 4)" }
        try Data((["timestamp,value"] + lines).joined(separator: "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let imported = try await server.command("import", file.path, "--path", "temperature")
        #expect(imported.status == 0, "\(imported)")
        try await server.start()
        let key = try await server.key()
        let totals = try await server.seriesTotals(.gauge, "temperature", key: key)
        #expect(totals.count == 100 && totals.sum == Double((0..<100).reduce(0, +)) / 4)
        #expect(try await server.status(.gauge, key: key)["temperature"]?.lst == 24.75)
        #expect(try await server.command("import", file.path).errors.contains("server runs"))
        try await server.discard()
    }

    /// Goal: the SDK loses nothing over a kill, and counts nothing twice.
    @Test("serves the Swift SDK across a kill")
    func clientAcrossKill() async throws {
        let server = RealServer()
        try await server.start()
        let key = try await server.key()
        var configuration = Dattss.Configuration(auth: key, url: "http://\(await server.http)", process: "e2e")
        configuration.pushPeriodMilliseconds = 100
        let client = Dattss(configuration)
        client.start()
        for round in 0..<10 {
            for number in 0..<100 {
                client.count("sdk.hits")
                client.time("sdk.wait", milliseconds: Double(number))
                client.gauge("sdk.round", Double(round))
            }
            // With samples that the client still has, or is sending.
            if round == 5 {
                try await server.kill()
                try await server.start()
            }
            #expect(
                try await eventually { try await server.status(.gauge, key: key)["sdk.round"]?.lst == Double(round) })
        }
        await client.stop()
        #expect(try await server.status(.counter, key: key)["sdk.hits"]?.sum == 1000)
        let wait = try await server.seriesTotals(.timer, "sdk.wait", key: key)
        #expect(wait.count == 1000 && wait.sum == 49_500)
        #expect(try await server.status(.gauge, key: key)["sdk.round"]?.lst == 9)
        try await server.discard()
    }

    /// Goal: a live reader gets everything first, then what changes.
    @Test("streams live changes")
    func live() async throws {
        let server = RealServer()
        try await server.start()
        let key = try await server.key()
        let connection = try RawConnection(await server.http)
        try connection.send("GET /api/v1/live?auth=\(key) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try await server.put(Sender.batch(sender: 1, sequence: 1), key: key).status == 200)
        let first = try connection.read(until: ["shared.hits"])
        // Ends every stream.
        #expect(try await server.stop() == 0)
        let events = try first + connection.readToEnd()
        #expect(events.contains("text/event-stream") && events.contains("event: processes"))
        #expect(events.contains("event: status\ndata: {\"at\":"))
        #expect(events.contains("shared.hits"), "\(events)")
        try await server.discard()
    }

    /// Goal: whoever may look no more is not left with a connection on which nothing comes.
    @Test("closes the live stream of a key that is revoked and of a user who is deleted")
    func liveEnds() async throws {
        let server = RealServer()
        try await server.start()
        for (user, command) in [("ann", "revoke"), ("bob", "delete")] {
            _ = try await server.command("user", "add", user)
            let key = try await server.key(of: user)
            #expect(try await eventually { try await server.request(.GET, "/api/v1/status", key: key).status == 200 })
            let connection = try RawConnection(await server.http)
            try connection.send("GET /api/v1/live?auth=\(key) HTTP/1.1\r\nHost: x\r\n\r\n")
            let first = try connection.read(until: ["event: processes"])
            #expect(first.contains("HTTP/1.1 200"))
            _ = try await server.command("user", command, user)
            // It throws when nothing comes and nobody hangs up.
            #expect(try connection.readToEnd().hasSuffix("0\r\n\r\n"), "\(command)")
        }
        try await server.discard()
    }
}
