import LibC

/// A bar on standard error, drawn over itself; nothing where that is no terminal.
///
///     web_access.log.gz  [##########              ]  42 %
struct ProgressBar {
    private let isVisible: Bool
    private var drawn = ""

    private static let cells = 24

    init(isVisible: Bool = isatty(STDERR_FILENO) == 1) { self.isVisible = isVisible }

    mutating func show(_ name: String, _ done: Int64, of total: Int64) {
        guard isVisible else { return }
        let line = Self.line(name, done, of: total)
        guard line != drawn else { return }
        drawn = line
        Self.print("\r\u{1B}[K\(line)")
    }

    mutating func clear() {
        guard isVisible, !drawn.isEmpty else { return }
        drawn = ""
        Self.print("\r\u{1B}[K")
    }

    /// Without a size, only how much was read.
    static func line(_ name: String, _ done: Int64, of total: Int64) -> String {
        guard total > 0 else { return "\(name)  \(done >> 20) MiB" }
        let share = min(1, Double(done) / Double(total))
        let filled = Int(share * Double(cells))
        let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: cells - filled)
        return "\(name)  [\(bar)]  \(Int(share * 100)) %"
    }

    /// Writes to standard error as it is, without a line end.
    private static func print(_ text: String) {
        let bytes = Array(text.utf8)
        // A bar that cannot be drawn is not missed.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
