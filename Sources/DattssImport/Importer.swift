public import DattssCore
public import DattssLog

/// Reads files into a ``MinuteBuilder``, one after the other.
public struct Importer {
    /// What all files so far amount to.
    public private(set) var builder: MinuteBuilder
    /// Lines of all files so far, headers and empty ones too.
    public private(set) var lines = 0
    /// How many of them were not imported.
    public private(set) var badLines = 0

    /// What became of one file.
    public struct FileSummary {
        /// How many lines it had, and which were bad.
        public var report: LineReport<LineProblem>
        /// The names of which paths were made.
        public var rewritten: RewrittenNames
        /// How far it was moved in time.
        public var shiftSeconds: Int64
    }

    /// - Parameters:
    ///   - now: samples of later minutes, and those before the retention, are left out.
    ///   - limits: for how many days before today minutes and hours are kept.
    public init(now: Timestamp, limits: Retention.Limits = Retention.Limits(), shiftingToNow: Bool = false) {
        builder = MinuteBuilder(now: now, limits: limits, shiftsToNow: shiftingToNow)
    }

    /// - Parameter progress: called now and then with how much of the file on disk is read.
    public mutating func read(
        _ file: LineFile, by format: some LineFormat, progress: (Int64) -> Void
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
            report: report, rewritten: format.rewritten, shiftSeconds: builder.endFile() * 60)
    }
}
