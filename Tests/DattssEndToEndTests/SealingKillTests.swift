import DattssCore
import DattssTestSupport
import Foundation
import NIOHTTP1
import Testing

@Suite("A server killed while it seals", .serialized)
struct SealingKillTests {
    static let kills = max(30, KillTests.kills / 4)
    private static let statistics = 40
    private static let days: [Int] = [1, 2, 12]

    /// Goal: promise 1 for what is already history. Days that are over, one of them past the retention of minutes, get more
    /// data before every start, so that each start seals and lets go; each is killed at some instant. In the end every minute,
    /// and every hour of what is only kept as hours, counts every sample once.
    @Test("has every minute of every day exactly once")
    func exactlyOnce() async throws {
        let server = RealServer()
        let seed = UInt64(ProcessInfo.processInfo.environment["DATTSS_SEED"] ?? "") ?? 20_261_123
        var random = SeededGenerator(seed: seed)
        let today = Int(Date().timeIntervalSince1970) / 86_400 * 86_400
        var sums = [[Double]](repeating: [Double](repeating: 0, count: Self.days.count), count: Self.statistics)

        try await server.start()
        let key = try await server.key()
        for _ in 0..<Self.kills {
            try await server.kill()
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-\(UUID()).csv")
            defer { try? FileManager.default.removeItem(at: file) }
            var text = "minute_epoch,type,path,sum,cnt,max,min,top,bot,fst,lst\n"
            for (position, day) in Self.days.enumerated() {
                for statistic in 0..<Self.statistics {
                    let value = Int.random(in: 1...1000, using: &random)
                    let minute = today - day * 86_400 + Int.random(in: 0..<1440, using: &random) * 60
                    text += "\(minute),ms,s\(statistic),\(value),1" + String(repeating: ",\(value)", count: 6) + "\n"
                    sums[statistic][position] += Double(value)
                }
            }
            try Data(text.utf8).write(to: file)
            let imported = try await server.command("import", "--format", "aggregates", file.path)
            #expect(imported.status == 0, "\(imported.errors)")
            try await server.start()
            // Waits: a kill may come at any moment of a real process.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<120, using: &random)))
        }
        try await server.kill()
        try await server.start()
        // Sealing gets no processor time that anybody else wants: on a busy machine it takes long.
        #expect(try await eventually(within: 300) { try await server.metric("dattss_housekeeping_passes_total") > 0 })
        #expect(try await server.command("log", "verify").status == 0)
        for statistic in 0..<Self.statistics {
            for (position, day) in Self.days.enumerated() {
                let from = today - day * 86_400
                let answer = try await server.request(
                    .GET, "/api/v1/series/ms/s\(statistic)?from=\(from)&to=\(from + 86_400)", key: key)
                let points = answer.json["points"] as? [[String: Any]] ?? []
                let sum = points.reduce(0) { $0 + ($1["sum"] as? Double ?? .nan) }
                #expect(sum == sums[statistic][position], "s\(statistic), \(day) days ago, seed \(seed)")
                if day > 8 { #expect(points.allSatisfy { ($0["at"] as? Int ?? 1).isMultiple(of: 3600) }) }
            }
        }
        try await server.discard()
    }
}
