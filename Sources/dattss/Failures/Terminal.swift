import FoundationEssentials
import LibC

/// The terminal that a command prints to, if it is one.
enum Terminal {
    static let isOutput = isatty(STDOUT_FILENO) == 1

    /// Whether to print in colour: see no-color.org. A dumb terminal shows the codes as they are.
    static var isColoured: Bool {
        let environment = ProcessInfo.processInfo.environment
        return isOutput && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// How many letters fit into a line, 80 where nobody can tell.
    static var columns: Int {
        if let columns = size.map({ Int($0.ws_col) }), columns > 0 { return columns }
        return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    /// How many lines fit onto the screen; nil where there is none.
    static var rows: Int? { size.flatMap { $0.ws_row > 1 ? Int($0.ws_row) : nil } }

    private static var size: winsize? {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
    }
}
