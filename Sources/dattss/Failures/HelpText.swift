/// A help text, in lines as wide as the terminal, but for the commands in it: these are there to be copied, and stay whole.
struct HelpText {
    private let text: String

    /// So wide that nothing is wrapped yet.
    static let unwrapped = 100_000
    /// Where explanations of options begin.
    private static let explanationColumn = 26
    private static let commands = ["dattss ", "curl ", "echo ", "scripts/"]
    /// A narrower terminal has its lines broken by itself.
    private static let columnsMin = 40

    /// - Parameter text: as ``unwrapped`` lines.
    init(_ text: String) { self.text = text }

    func wrapped(to columns: Int) -> String {
        let columns = max(Self.columnsMin, columns)
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { Self.wrapped($0, to: columns) }.joined(separator: "\n")
    }

    private static func wrapped(_ line: Substring, to columns: Int) -> String {
        let blanks = line.prefix { $0 == " " }.count
        let content = line.dropFirst(blanks)
        if line.count <= columns || commands.contains(where: content.hasPrefix) { return String(line) }
        let isExplained = blanks == 2 && line.dropFirst(explanationColumn - 1).first == " "
        let indent = isExplained ? explanationColumn : blanks
        var lines: [String] = []
        var current = String(line.prefix(indent))
        var isEmpty = true
        for word in line.dropFirst(indent).split(separator: " ", omittingEmptySubsequences: false) {
            if !isEmpty, current.count + 1 + word.count > columns {
                lines.append(current)
                current = String(repeating: " ", count: indent)
                isEmpty = true
            }
            current += isEmpty ? String(word) : " " + word
            isEmpty = false
        }
        return (lines + [current]).joined(separator: "\n")
    }
}
