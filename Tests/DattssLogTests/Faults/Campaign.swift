import Foundation

/// How long the campaigns against the log are: short ones by default, and as long as somebody has time for with the
/// variables that `scripts/soak` sets. A seed is in the message of each failure; `DATTSS_SEED` repeats it.
enum Campaign {
    static let seed = number("DATTSS_SEED") ?? 20_261_122

    /// Seeds from the campaign's own one on: as many as `variable` says.
    static func seeds(_ variable: String, default count: Int) -> Range<UInt64> {
        let first = UInt64(seed)
        return first..<first + UInt64(size(variable, default: count))
    }

    static func size(_ variable: String, default count: Int) -> Int { number(variable) ?? count }

    private static func number(_ variable: String) -> Int? {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
