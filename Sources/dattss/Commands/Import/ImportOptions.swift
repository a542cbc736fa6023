import ArgumentParser
import DattssCore
import DattssLog
import DattssServer

/// What `dattss import` is asked to read, and how.
struct ImportOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv
        case combined
        case aggregates
    }

    @Option(help: "The user whose statistics these are; 'local' is made when the data folder is empty.")
    var user = UserID.local

    @Option(
        help: "The kind of a timestamp,value file: c, ms or g.",
        transform: { text in
            guard let kind = Kind(symbol: text) else { throw ValidationError("'\(text)' is no kind, expected c, ms or g") }
            return kind
        })
    var kind = Kind.gauge

    @Option(help: "The path of a timestamp,value file. (default: the file's name without extension)")
    var path: String?

    @Option(
        help: """
            csv: timestamp,value or timestamp,kind,path,value; combined: an access log of Apache or nginx; aggregates: what \
            'dattss log export' prints.
            """)
    var format = Format.csv

    @Flag(
        name: .customLong("shift-to-now"),
        help: "Move each file in time, by whole minutes, so that its last sample is the newest.")
    var shiftsToNow = false

    @Option(help: "For how many days before today the server keeps minutes (default: 8): of days before there are hours.")
    var retentionDays: String?

    @Option(help: "For how many days before today the server keeps hours (default: 400).")
    var hourRetentionDays: String?

    @OptionGroup var dataDirectory: DataDirectoryOption

    @Argument(help: ArgumentHelp("Files, plain or gzip; - is standard input.", valueName: "file"))
    var files: [String]

    /// What the server keeps, as the same settings tell it.
    func limits() throws -> Retention.Limits {
        let (settings, standard) = (try Settings(), Retention.Limits())
        return Retention.Limits(
            minuteDays: try settings.integer("retention-days", retentionDays, standard: standard.minuteDays, atLeast: 1),
            hourDays: try settings.integer("hour-retention-days", hourRetentionDays, standard: standard.hourDays, atLeast: 1))
    }

    func validate() throws {
        if let path, !Name.isValidPath(path.utf8) {
            throw ValidationError("--path is '\(path)', expected 1 to 255 of A-Z a-z 0-9 _ . : ! -")
        }
        guard !files.isEmpty else { throw ValidationError("expected a file") }
        if format == .aggregates, files.contains("-") {
            throw ValidationError("aggregates are read twice, so they cannot come from standard input")
        }
    }

    /// The path of a file of two columns: its name without folders and extensions, `a/cpu load.csv.gz` is `cpu_load`.
    static func path(ofFile file: String) -> String {
        var name = file.split(separator: "/").last ?? "file"
        for suffix in [".gz", ".csv", ".txt", ".tsv", ".log"] where name.count > suffix.count && name.hasSuffix(suffix) {
            name = name.dropLast(suffix.count)
        }
        return StatisticName.path(name)
    }
}
