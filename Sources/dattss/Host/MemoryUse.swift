/// `/proc/meminfo`, in bytes.
struct MemoryUse: Hashable {
    /// All that could not be handed to a program at once: total less ``available``.
    var used: UInt64
    var available: UInt64
    /// Page cache and buffers.
    var cached: UInt64
    var swapUsed: UInt64

    /// - Returns: nil when the kernel does not say how much there is in total and available (before Linux 3.14).
    init?(meminfo text: String) {
        var bytes: [Substring: UInt64] = [:]
        for line in ProcText.lines(text) {
            let words = ProcText.words(line)
            guard words.count >= 2, let number = UInt64(words[1]) else { continue }
            bytes[words[0].dropLast()] = words.last == "kB" ? number &* 1024 : number
        }
        guard let total = bytes["MemTotal"], let available = bytes["MemAvailable"], available <= total else { return nil }
        used = total - available
        self.available = available
        cached = (bytes["Cached"] ?? 0) &+ (bytes["Buffers"] ?? 0)
        let swap = (total: bytes["SwapTotal"] ?? 0, free: bytes["SwapFree"] ?? 0)
        swapUsed = swap.total >= swap.free ? swap.total - swap.free : 0
    }
}
