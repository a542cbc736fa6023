import DattssCore
import Foundation
import Testing

/// Months of a server's life in a minute: what only time brings.
@Suite("The life of a server")
struct LifeTests {
    /// Goal: through idleness, returns, nights, seals, retention, restarts, kills, clocks that are set, deleted users and changes to
    /// winter time, at every hour all totals, last values and minutes are those of an oracle that keeps everything, and the books
    /// balance.
    @Test("agrees with the oracle at every hour of its days")
    func days() async throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["DATTSS_SEED"].flatMap { UInt64($0) } ?? 20_261_129
        let days = environment["DATTSS_LIFE_DAYS"].flatMap { Int($0) } ?? 30
        print("the life of a server: \(days) days, DATTSS_SEED=\(seed)")
        var life = try Life(seed: seed, days: days)
        try await life.run()
    }
}
