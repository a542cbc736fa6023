import ArgumentParser
import DattssCore
import DattssImport
import DattssLog

/// `dattss import`: history out of files, straight into the log.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import past samples from CSV files or access logs.",
        discussion: """
            Samples become minute aggregates in the log of the data folder, as if they had arrived then. Of days whose minutes \
            are not kept any more (eight, or --retention-days) they become hours, as far back as hours are kept (400 days, \
            or --hour-retention-days); older ones, and those in the future, are left out. All of it is counted. \
            Aggregates may be of any age: of those that are older than minutes are kept the server keeps the hours.

              dattss import --user local cpu.csv                      # gauge cpu, of lines timestamp,value
              dattss import --user local --kind c --path hits h.csv   # counter hits
              dattss import --user local samples.csv.gz               # lines timestamp,kind,path,value
              dattss import --user local --format combined access.log  # requests.total, bytes.sent, requests.path.blog, …
              dattss import --user local --shift-to-now 2014/*.csv    # as if the past had just ended
              dattss import --user local --format aggregates e.csv.gz  # what 'dattss log export' printed, bit by bit

            Files are UTF-8, with a mark at the beginning or not; lines end in any way. What separates columns is a comma, a \
            semicolon or a tab, as the first line has it; a line of names at the beginning is passed over.
            Times are seconds, milliseconds, microseconds or nanoseconds since the epoch, by their size (100,000,000,000, \
            a thousand times that and so on are the first of the next unit), RFC 3339, or 2015-05-17 10:05:03, also with \
            +02, +0200, +02:00 or UTC behind it and without, which is taken as UTC. Values may be 007, .5, 5. and +5. \
            A name that is no path becomes one as statsd does it, and that is told.
            Of an access log a request counts under its status (requests.status.2xx); one without (000 or -) under 0xx.
            With --shift-to-now every file is moved on its own, for files may be of different years, and a line \
            "shifted FILE by N seconds" says how far; of such a file there are minutes only. A bad line is counted and the first few are shown; a file \
            that cannot be read to its end stops the import before anything is written.
            Importing a file twice counts it twice; an import that did not end counts nothing, wherever it was killed, and \
            can be made again. No server may run on the data folder meanwhile.
            """)

    @OptionGroup
    var options: ImportOptions

    func run() throws {
        let directory = try options.dataDirectory.resolved()
        let now = SystemClock().now()
        if options.format == .aggregates {
            try importAggregates(into: directory, now: now)
        } else {
            try importSamples(into: directory, now: now)
        }
    }

    private func importSamples(into directory: String, now: Timestamp) throws {
        let limits = try options.limits()
        var importer = Importer(now: now, limits: limits, shiftingToNow: options.shiftsToNow)
        for file in options.files { try read(file, by: &importer) }
        let builder = importer.builder
        let blocks = builder.blocks(for: options.user)
        let log = try ImportedLog(directory, for: options.user)
        try log.append(blocks)
        try log.commit()
        var summary = "imported \(builder.kept) samples into \(blocks.count - builder.hourCount) minutes of \(options.user)"
        if builder.keptInHours > 0 {
            summary += ", \(builder.keptInHours) of them, older than \(limits.minuteDays) days, into \(builder.hourCount) hours"
        }
        if importer.badLines > 0 { summary += ", \(importer.badLines) of \(importer.lines) lines are bad" }
        if builder.tooOld > 0 {
            summary +=
                ", \(builder.tooOld) samples are older than \(options.shiftsToNow ? limits.minuteDays : limits.hourDays) days"
        }
        if builder.inFuture > 0 { summary += ", \(builder.inFuture) samples are in the future" }
        try Output.line(summary)
    }

    private func importAggregates(into directory: String, now: Timestamp) throws {
        let importer = AggregateImporter(for: options.user, now: now)
        let surveys = try options.files.map { name in
            let survey = try withProgress(name) { file, progress in
                try importer.survey(file, shiftingToNow: options.shiftsToNow, progress: progress)
            }
            try tell(survey.report.complaints(about: name) + survey.rewritten.notes(about: name), of: name, shift: survey.shift)
            return survey
        }
        let log = try ImportedLog(directory, for: options.user)
        for (name, survey) in zip(options.files, surveys) {
            try withProgress(name) { file, progress in
                try importer.read(file, survey, progress: progress) { try log.append($0) }
            }
        }
        try log.commit()
        let badLines = surveys.reduce(0) { $0 + $1.report.badLines.values.reduce(0, +) }
        let inFuture = surveys.reduce(0) { $0 + $1.inFuture }
        var summary = "imported \(surveys.reduce(0) { $0 + $1.aggregates }) minute aggregates of \(options.user)"
        if badLines > 0 { summary += ", \(badLines) of \(surveys.reduce(0) { $0 + $1.report.lines }) lines are bad" }
        if inFuture > 0 { summary += ", \(inFuture) aggregates are in the future" }
        try Output.line(summary)
    }

    private func read(_ name: String, by importer: inout Importer) throws {
        let summary = try withProgress(name) { file, progress in
            switch options.format {
            case .combined:
                try importer.read(file, by: CombinedLog(), progress: progress)
            default:
                try importer.read(
                    file, by: SeparatedValues(key: StatisticKey(options.kind, options.path ?? ImportOptions.path(ofFile: name))),
                    progress: progress)
            }
        }
        try tell(
            summary.report.complaints(about: name) + summary.rewritten.notes(about: name), of: name,
            shift: summary.shiftSeconds / 60)
    }

    /// Opens a file and shows how much of it is read.
    private func withProgress<Value>(
        _ name: String, _ body: (LineFile, (Int64) -> Void) throws -> Value
    ) throws -> Value {
        let file = try LineFile(name)
        var bar = ProgressBar()
        defer { bar.clear() }
        return try body(file) { bar.show(name, $0, of: file.sizeBytes) }
    }

    private func tell(_ notes: [String], of name: String, shift minutes: Int64) throws {
        for line in notes { try Output.line(line) }
        if options.shiftsToNow { try Output.line("shifted \(name) by \(minutes * 60) seconds") }
    }
}
