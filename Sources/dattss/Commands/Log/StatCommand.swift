import ArgumentParser
import DattssCore
import DattssLog

extension LogCommand {
    struct Stat: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what takes how much room, in bytes an aggregate, column by column.",
            discussion: """
                A column is what it adds to those above it: they help to predict each other, and what one saves is taken off \
                those above it. They are measured on some of \
                the blocks and of the sealed statistics. 'presence' is which statistics and minutes there are.
                """)
        @OptionGroup var dataDirectory: DataDirectoryOption

        func run() throws {
            let directory = try dataDirectory.existing()
            let sizes = try LogSizes.of(fileSystem: StandingFileSystem(POSIXFileSystem()), directory: directory)
            for line in SizeTable(sizes).lines { try Output.line(line) }
        }
    }
}

/// The table of `dattss log stat`:
///
///                                  files        bytes   aggregates   bytes each
///     days/                            8    5,421,006    1,152,000         4.71
///       time                                    1,204                      0.00
///       cnt                                 1,340,112                      1.16
struct SizeTable {
    let lines: [String]

    private static let widths = (name: 32, number: 14)

    init(_ sizes: LogSizes) {
        var lines: [String] = []
        if let minutes = sizes.minutes {
            lines.append(
                "users \(sizes.users)  statistics \(sizes.statistics)  minutes \(Self.text(minutes.lowerBound)) to \(Self.text(minutes.upperBound))"
            )
            lines.append("")
        }
        lines.append(Self.line("", "files", "bytes", "aggregates", "bytes each"))
        for section in sizes.sections where section.files > 0 {
            lines.append(
                Self.line(
                    section.name, Self.grouped(section.files), Self.grouped(section.bytes),
                    section.aggregates.map(Self.grouped) ?? "–", Self.each(section.bytes, section.aggregates)))
            for part in section.parts {
                lines.append(
                    Self.line("  " + part.name, "", Self.grouped(part.bytes), "", Self.each(part.bytes, section.aggregates)))
            }
        }
        lines.append(
            Self.line(
                "all", Self.grouped(sizes.sections.reduce(0) { $0 + $1.files }), Self.grouped(sizes.bytes), "", ""))
        self.lines = lines
    }

    private static func line(_ name: String, _ numbers: String...) -> String {
        var line = name + String(repeating: " ", count: max(0, widths.name - name.count))
        for number in numbers { line += String(repeating: " ", count: max(1, widths.number - number.count)) + number }
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    private static func each(_ bytes: Int, _ aggregates: Int?) -> String {
        guard let aggregates, aggregates > 0 else { return "" }
        return (Double(bytes) / Double(aggregates)).text()
    }

    /// `1,152,000`
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        let grouped = digits.enumerated().map { index, digit in
            index > 0 && (digits.count - index) % 3 == 0 ? ",\(digit)" : "\(digit)"
        }
        return (number < 0 ? "-" : "") + grouped.joined()
    }

    /// `2026-11-22 00:00`
    private static func text(_ minute: Minute) -> String {
        let ofDay = minute.index - minute.day * Minute.perDay
        return "\(CalendarDate(dayNumber: minute.day)) \(padded(ofDay / 60)):\(padded(ofDay % 60))"
    }

    private static func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
