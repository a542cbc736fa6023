internal import DattssCore

/// The sealed files as text: the part of ``LogDump`` that is about them.
///
///     days/2026-11-22.day  4,711 bytes, minutes of 2026-11-22, covers LSN 1440, 2 users, 30 statistics, 43,200 points
///       user local  64 chunks at @24
///         ms query.time  1,440 points in 3,456 bytes @24
///           2026-11-22T00:00Z  sum 376 …
enum SealedDump {
    /// - Parameter isDetailed: whether a line is printed for each statistic and point, too.
    static func lines(
        _ fileSystem: any FileSystem, _ directory: String, isDetailed: Bool, _ line: (String) -> Void
    ) throws(LogError) {
        for step in SealedStep.allCases {
            for day in try LogLayout.sealedDays(step, in: directory, fileSystem) {
                let path = LogLayout.path(of: step, day: day, in: directory)
                do throws(LogError) {
                    let file = try SealedFile(opening: path, fileSystem)
                    line(heading(file))
                    if isDetailed { for user in file.directory.users { try lines(of: user, file, line) } }
                } catch {
                    try told(error, line)
                }
            }
        }
    }

    private static func heading(_ file: SealedFile) -> String {
        let footer = file.footer
        let losses = footer.hasLosses ? ", has losses" : ""
        return "\(file.path)  \(footer.byteCount) bytes, \(footer.step) of \(UTC.date(ofDay: footer.day)), covers LSN "
            + "\(footer.covered.value), \(footer.users) users, \(footer.statistics) statistics, \(footer.points) points\(losses)"
    }

    private static func lines(
        of user: SealedDirectory.User, _ file: SealedFile, _ line: (String) -> Void
    ) throws(LogError) {
        for index in user.indexes {
            do throws(LogError) {
                let entries = try file.entries(of: index)
                line("  user \(user.user)  \(entries.count) chunks at @\(entries.first?.offset ?? index.region.offset)")
                for entry in entries {
                    line(
                        "    \(entry.key.kind.symbol) \(entry.key.path)  \(entry.points) points in \(entry.length) bytes @\(entry.offset)"
                    )
                    try points(of: entry, file, line)
                }
            } catch {
                try told(error, line)
            }
        }
    }

    private static func points(
        of entry: SealedEntry, _ file: SealedFile, _ line: (String) -> Void
    ) throws(LogError) {
        do throws(LogError) {
            for point in try file.points(of: entry) {
                line("      \(UTC.minute(point.minute))  \(LogDump.text(point.aggregate))")
            }
        } catch {
            try told(error, line)
        }
    }

    /// What cannot be read is a line of its own; errors of the file system end the dump.
    private static func told(_ error: LogError, _ line: (String) -> Void) throws(LogError) {
        if error.code == .fileSystem { throw error }
        line("! \(error)")
    }
}
