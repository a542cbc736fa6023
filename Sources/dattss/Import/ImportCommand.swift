import ArgumentParser
import DattssCore

/// `dattss import`: history out of files, straight into the log.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import past samples from CSV files or access logs.",
        discussion: """
            Samples become minute aggregates in the log of the data folder, as if they had arrived then; those older \
            than eight days or in the future are left out and counted.

              dattss import --user local cpu.csv                      gauge cpu, of lines timestamp,value
              dattss import --user local --kind c --path hits h.csv   counter hits
              dattss import --user local samples.csv.gz               lines timestamp,kind,path,value
              dattss import --user local --format combined access.log requests.total, bytes.sent, requests.path.blog, …
              dattss import --user local --shift-to-now 2014/*.csv    as if the past had just ended

            Times are seconds or milliseconds since the epoch, RFC 3339, or 2015-05-17 10:05:03, which is taken as UTC.
            With --shift-to-now every file is moved on its own, for files may be of different years, and a line \
            "shifted FILE by N seconds" says how far. A bad line is counted and the first few are shown; a file \
            that cannot be read to its end stops the import before anything is written.
            Importing a file twice counts it twice. No server may run on the data folder meanwhile.
            """)

    @OptionGroup
    var options: ImportOptions

    func run() throws {
        let directory = try options.dataDirectory.resolved()
        var importer = Importer(now: SystemClock().now())
        for file in options.files { try read(file, by: &importer) }
        let builder = importer.builder
        let blocks = builder.blocks(for: options.user)
        try writeImported(blocks, dataDirectory: directory)
        var summary = "imported \(builder.kept) samples into \(blocks.count) minutes of \(options.user)"
        if importer.badLines > 0 { summary += ", \(importer.badLines) of \(importer.lines) lines are bad" }
        if builder.tooOld > 0 {
            summary += ", \(builder.tooOld) samples are older than \(MinuteBuilder.retentionDays) days"
        }
        if builder.inFuture > 0 { summary += ", \(builder.inFuture) samples are in the future" }
        print(summary)
    }

    private func read(_ name: String, by importer: inout Importer) throws {
        let file = try LineFile(name)
        var bar = ProgressBar()
        defer { bar.clear() }
        let progress = { (done: Int64) in bar.show(name, done, of: file.sizeBytes) }
        let summary =
            switch options.format {
            case .csv:
                try importer.read(
                    file, by: SeparatedValues(key: StatisticKey(options.kind, options.path ?? ImportOptions.path(ofFile: name))),
                    shiftingToNow: options.shiftsToNow, progress: progress)
            case .combined:
                try importer.read(file, by: CombinedLog(), shiftingToNow: options.shiftsToNow, progress: progress)
            }
        bar.clear()
        for line in summary.report.complaints(about: name) { print(line) }
        if options.shiftsToNow { print("shifted \(name) by \(summary.shiftSeconds) seconds") }
    }
}
