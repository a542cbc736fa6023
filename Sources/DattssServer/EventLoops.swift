import Foundation
import NIOCore

/// How many event loops there are: one for each processor that this process may run on.
///
/// NIO counts the processors of the control group, but not those that `taskset` or `CPUAffinity=` take away. More loops than
/// processors take turns, and then fewer batches share each hop to the log.
public enum EventLoops {
    /// Called once, before anything else uses NIO.
    public static func fitProcessors() {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let count = allowedProcessors(status: status), count < System.coreCount
        else { return }
        NIOSingletons.groupLoopCountSuggestion = count
    }

    /// Counts the bits of `Cpus_allowed`, a hexadecimal mask in groups of 32 bits. See proc_pid_status(5).
    /// - Returns: nil where nobody can tell.
    static func allowedProcessors(status text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") }),
            let mask = line.split(whereSeparator: \.isWhitespace).dropFirst().first
        else { return nil }
        let digits = mask.filter { $0 != "," }.map(\.hexDigitValue)
        guard !digits.contains(nil) else { return nil }
        let count = digits.reduce(0) { $0 + ($1 ?? 0).nonzeroBitCount }
        return count > 0 ? count : nil
    }
}
