import DattssCore
import DattssTestSupport
import Foundation
import NIOHTTP1
import Testing

@Suite("An imported year", .serialized)
struct ImportYearTests {
    private static let seed = UInt64(ProcessInfo.processInfo.environment["DATTSS_SEED"] ?? "") ?? 20_261_130

    private struct Sample {
        var at: Int
        var kind: String
        var path: String
        var value: Double
    }

    /// What arithmetic says of an hour.
    private struct Hour: Hashable {
        var (sum, count, min, max) = (0.0, 0.0, Double.infinity, -Double.infinity)

        mutating func add(_ value: Double) {
            (sum, count, min, max) = (sum + value, count + 1, Swift.min(min, value), Swift.max(max, value))
        }
    }

    private static let kinds = [("c", "shop.orders"), ("ms", "shop.wait"), ("g", "shop.load")]

    private func samples(count: Int, from: Int, to: Int) -> [Sample] {
        var random = SeededGenerator(seed: Self.seed)
        // Some days of the year, and all of the last ones: to seal each of them takes the server a while.
        let last = (to - from) / 86_400 - 9
        let days = (0..<20).map { _ in Int.random(in: 0..<last, using: &random) } + [0, last - 1] + Array(last...(last + 9))
        return (0..<count).map { _ in
            let (kind, path) = Self.kinds.randomElement(using: &random) ?? ("c", "x")
            let value = Double(Int.random(in: 0...4000, using: &random)) / 4
            let at = from + (days.randomElement(using: &random) ?? 0) * 86_400 + Int.random(in: 0..<86_400, using: &random)
            return Sample(at: min(at, to - 1), kind: kind, path: path, value: value)
        }
    }

    private func write(_ samples: [Sample]) throws -> URL {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-year-\(UUID()).csv")
        var text = "timestamp,kind,path,value\n"
        for sample in samples { text += "\(sample.at),\(sample.kind),\(sample.path),\(sample.value)\n" }
        try Data(text.utf8).write(to: file)
        return file
    }

    private func hours(_ server: RealServer, _ kind: String, _ path: String, _ range: Range<Int>, key: String) async throws -> [Int:
        Hour]
    {
        let target = "/api/v1/series/\(kind)/\(path)?from=\(range.lowerBound)&to=\(range.upperBound)&step=60"
        let answer = try await server.request(.GET, target, key: key)
        let points = try #require(answer.json["points"] as? [[String: Any]], "\(answer.status) \(answer.body.prefix(200))")
        return points.reduce(into: [:]) { hours, point in
            func number(_ name: String) -> Double { point[name] as? Double ?? .nan }
            let hour = Hour(sum: number("sum"), count: number("cnt"), min: number("min"), max: number("max"))
            hours[point["at"] as? Int ?? -1] = hour
        }
    }

    private func expectImport(of file: URL, _ server: RealServer, _ count: Int, old: Int) async throws {
        let imported = try await server.command("import", file.path)
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.contains("imported \(count) samples"), "\(imported.output)")
        #expect(imported.output.contains("\(old) of them, older than 8 days, into "), "\(imported.output)")
        #expect(imported.output.contains("1 samples are older than 400 days"), "\(imported.output)")
    }

    /// Goal: a year that comes from elsewhere, in any order, is there hour by hour, and its last days minute by minute; what is too old is
    /// counted. A kill at any moment of the import leaves nothing, and the import that is made again counts each sample once.
    @Test("has each hour that arithmetic has, also when the import was killed before")
    func year() async throws {
        let server = RealServer()
        let now = Int(Date().timeIntervalSince1970)
        let today = now / 86_400 * 86_400
        let (first, firstMinute) = (today - 365 * 86_400, today - 8 * 86_400)
        let all = samples(count: 30_000, from: first, to: now - 120)
        let old = all.count { $0.at < firstMinute }
        let tooOld = Sample(at: today - 401 * 86_400, kind: "c", path: "shop.orders", value: 1)
        let file = try write(all + [tooOld])
        defer { try? FileManager.default.removeItem(at: file) }

        var random = SeededGenerator(seed: Self.seed)
        var isDone = false
        for _ in 0..<4 where !isDone {
            let importing = try await ChildProcess.start(
                RealServer.binary, ["import", file.path, "--data-dir", server.folder])
            let note = server.folder + "/importing"
            // Killed while it writes: as soon as the note is there, or some moments after.
            _ = try await eventually { FileManager.default.fileExists(atPath: note) || kill(importing.identifier, 0) != 0 }
            // Waits: a kill may come at any moment of a real process.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<40, using: &random)))
            let status = try await importing.end(SIGKILL)
            // One that was faster than the kill has imported it all: not again, then.
            isDone = status == 0
        }
        if !isDone { try await expectImport(of: file, server, all.count, old: old) }

        try await server.start()
        let key = try await server.key()
        // Sealing gets no processor time that anybody else wants: on a busy machine it takes long.
        #expect(try await eventually(within: 300) { try await server.metric("dattss_housekeeping_passes_total") > 0 })
        #expect(try await server.command("log", "verify").status == 0)
        for (kind, path) in Self.kinds {
            var expected: [Int: Hour] = [:]
            for sample in all where sample.kind == kind { expected[sample.at / 3600 * 3600, default: Hour()].add(sample.value) }
            let found = try await hours(server, kind, path, first..<now, key: key)
            #expect(found == expected, "\(path), seed \(Self.seed): \(found.count) hours and not \(expected.count)")
        }
        // The last days have minutes.
        let recent = try await server.request(.GET, "/api/v1/series/c/shop.orders?from=\(firstMinute)&to=\(now)", key: key)
        let points = try #require(recent.json["points"] as? [[String: Any]])
        let minutes = Set(all.filter { $0.kind == "c" && $0.at >= firstMinute }.map { $0.at / 60 * 60 })
        #expect(Set(points.compactMap { $0["at"] as? Int }) == minutes)
        try await server.discard()
    }
}
