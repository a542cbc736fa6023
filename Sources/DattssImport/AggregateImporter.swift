public import DattssCore
public import DattssLog

/// Reads tables of minute aggregates into the log: see ``AggregateColumns``.
///
/// Each file is read twice: first to its end, so that a damaged one stops the import before anything is written and its
/// last minute is known; then into the log, piece by piece, so that memory does not grow with the file.
public struct AggregateImporter {
    /// What the first reading of a file found.
    public struct Survey {
        /// How many lines were read, and which were bad.
        public var report = LineReport<AggregateLineProblem>()
        /// The names that were changed into valid paths.
        public var rewritten = RewrittenNames()
        /// Which are not in the future, after the shift.
        public var aggregates = 0
        /// How many aggregates lie in the future, after the shift: they are left out.
        public var inFuture = 0
        /// The last minute of the file, before the shift.
        public var latest: Minute?
        /// By how many minutes the file is moved.
        public var shift: Int64 = 0
    }

    private let user: UserID
    private let now: Timestamp

    /// Aggregates that are in memory at once.
    public static let piece = 200_000

    /// - Parameter now: aggregates of later minutes are left out.
    public init(for user: UserID, now: Timestamp) {
        self.user = user
        self.now = now
    }

    /// - Parameter shiftsToNow: moves the file so that its last minute is the last that is over.
    public func survey(
        _ file: LineFile, shiftingToNow shiftsToNow: Bool, progress: (Int64) -> Void
    ) throws(LineFileError) -> Survey {
        var survey = Survey()
        var minutes: [Minute: Int] = [:]
        var reader = AggregateLineReader()
        try file.forEachLine { line in
            survey.report.countLine()
            do throws(AggregateLineProblem) {
                if let row = try Self.row(line, &reader) { minutes[row.minute, default: 0] += 1 }
            } catch {
                survey.report.note(error)
            }
            if survey.report.lines % 4096 == 0 { progress(file.positionBytes) }
        }
        survey.rewritten = reader.rewritten
        survey.latest = minutes.keys.max()
        if shiftsToNow, let latest = survey.latest { survey.shift = now.minute.index - 1 - latest.index }
        for (minute, count) in minutes {
            if isKept(minute, survey) { survey.aggregates += count } else { survey.inFuture += count }
        }
        return survey
    }

    /// Reads the file again, and hands out its minutes: those of the whole piece, sorted, one piece after the other.
    public func read(
        _ file: LineFile, _ survey: Survey, progress: (Int64) -> Void, _ write: ([MinuteBlock]) throws -> Void
    ) throws {
        var blocks = AggregateBlocks(of: user)
        var reader = AggregateLineReader()
        var failure: (any Error)?
        var lines = 0
        try file.forEachLine { line in
            lines += 1
            // Bad lines are known from the survey.
            guard failure == nil, var row = try? Self.row(line, &reader), isKept(row.minute, survey) else { return }
            row.minute = row.minute.advanced(by: survey.shift)
            blocks.add(row)
            if lines % 4096 == 0 { progress(file.positionBytes) }
            guard blocks.count >= Self.piece else { return }
            do { try write(blocks.take()) } catch { failure = error }
        }
        if let failure { throw failure }
        try write(blocks.take())
    }

    private func isKept(_ minute: Minute, _ survey: Survey) -> Bool {
        minute.index + survey.shift <= now.minute.index
    }

    /// nil for a line that holds no aggregate.
    private static func row(
        _ line: UnsafeBufferPointer<UInt8>, _ reader: inout AggregateLineReader
    ) throws(AggregateLineProblem) -> AggregateLine? {
        guard var row = try reader.read(line) else { return nil }
        do throws(AggregateError) {
            row.aggregate = try row.aggregate.checked()
        } catch {
            throw .contradiction
        }
        return row
    }
}
