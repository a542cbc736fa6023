import DattssCore

/// How long to wait before trying again: twice as long after every failure, up to a cap, and of that a random part
/// between a half and the whole, so that the clients of a server that comes back do not all come at once.
struct Backoff: Sendable {
    private(set) var failures = 0
    private var random: SplitMix64

    static let firstMilliseconds: Int64 = 1000
    static let capMilliseconds: Int64 = 30_000
    /// A server may ask for a longer pause, up to this.
    static let retryAfterSecondsMax: Int64 = 300

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func succeeded() { failures = 0 }

    /// Another attempt failed.
    /// - Returns: how many milliseconds to wait.
    mutating func failed(retryAfterSeconds: Int64? = nil) -> Int64 {
        failures += 1
        let doublings = min(failures - 1, 20)
        let asked = (retryAfterSeconds ?? 0).clamped(0, Self.retryAfterSecondsMax) * 1000
        return max(jittered(min(Self.capMilliseconds, Self.firstMilliseconds << Int64(doublings))), asked)
    }

    /// A failure that only a person can mend was met: the wait is the longest at once.
    /// - Returns: how many milliseconds to wait.
    mutating func failedForLong() -> Int64 {
        failures += 1
        return jittered(Self.capMilliseconds)
    }

    private mutating func jittered(_ milliseconds: Int64) -> Int64 {
        Int64.random(in: milliseconds / 2...milliseconds, using: &random)
    }
}
