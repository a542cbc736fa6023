import FoundationEssentials

/// The memory of this process as the kernel counts it (`/proc/self/status`); 0 on other systems.
enum ProcessMemory {
    static var residentBytes: Int { field("VmRSS:") }

    /// The most since the last ``resetPeak()``.
    static var peakBytes: Int { field("VmHWM:") }

    static func resetPeak() {
        // A kernel without it goes on counting from the start: then the peak is too high, never too low.
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    }

    private static func field(_ name: String) -> Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
        for line in status.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count >= 2, words[0] == name { return (Int(words[1]) ?? 0) * 1024 }
        }
        return 0
    }
}
