import DattssCore
import DattssLog

/// Reads files into a ``MinuteBuilder``, one after the other.
struct Importer {
    private(set) var builder: MinuteBuilder
    private(set) var lines = 0
    private(set) var badLines = 0

    /// What became of one file.
    struct FileSummary {
        var report: LineReport<LineProblem>
        var rewritten: RewrittenNames
        /// How far it was moved in time.
        var shiftSeconds: Int64
    }

    init(now: Timestamp) {
        builder = MinuteBuilder(now: now)
    }

    /// - Parameter progress: called now and then with how much of the file on disk is read.
    mutating func read(
        _ file: LineFile, by format: some LineFormat, shiftingToNow: Bool, progress: (Int64) -> Void
    ) throws(LineFileError) -> FileSummary {
        var format = format
        var report = LineReport<LineProblem>()
        var samples: [ImportSample] = []
        try file.forEachLine { line in
            samples.removeAll(keepingCapacity: true)
            report.read(line, by: &format, into: &samples)
            for sample in samples { builder.add(sample) }
            if report.lines % 4096 == 0 { progress(file.positionBytes) }
        }
        lines += report.lines
        badLines += report.badLines.values.reduce(0, +)
        return FileSummary(
            report: report, rewritten: format.rewritten, shiftSeconds: builder.endFile(shiftingToNow: shiftingToNow) * 60)
    }
}
