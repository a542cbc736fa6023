public import DattssCore

/// Rewrites the blocks of a day, grouped by user and statistic, into the sealed files of the day.
///
///     days/2026-11-22.day       (before) ─┐                                        ┌─► days/2026-11-22.day
///     minutes/….log  frames beyond it    ─┼─► rows ─► spill, if need be ─► merge ─┤
///     hours/2026-11-22.hours    (before) ─┘                                        └─► hours/2026-11-22.hours
///
/// - Any day can be sealed at any time, and again when blocks were added: the files of before are one of the sources.
/// - Killed at any instant nothing is lost: under its name there is the file before or the one after, the blocks are in the
///   minute lane until ``MinuteLane`` deletes what is sealed, and a file says which blocks it contains. The next attempt begins
///   anew, and gives the same bytes.
/// - Bounded in memory whatever the day's size, but for the names of its statistics: about 300 bytes each.
/// - What is unreadable is reported and kept as a copy in `quarantine/`; the rest is sealed.
///
/// Owned by one thread or actor, which alone calls it and may be blocked.
public final class Sealer {
    let fileSystem: any FileSystem
    let directory: String
    let history: History
    let policy: SyncPolicy
    let pace: SealingPace
    private let bufferBytes: Int

    /// How much the windows onto spilled rows take, all together.
    private static let windowBytes = 8 << 20

    /// - Parameters:
    ///   - directory: the data folder.
    ///   - history: the index of that folder; is told of new files.
    ///   - bufferBytes: how much of a day is held in memory; what is beyond is spilled. Tests make it small.
    ///   - shouldContinue: is asked every few milliseconds, and may take its time; false stops a sealing, which leaves all as it
    ///     was.
    public init(
        fileSystem: any FileSystem, directory: String, history: History, policy: SyncPolicy = .whenAsked,
        bufferBytes: Int = 24 << 20, shouldContinue: @escaping () -> Bool = { true }
    ) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.history = history
        self.policy = policy
        self.bufferBytes = bufferBytes
        pace = SealingPace(shouldContinue)
    }

    /// Seals what there is of a day.
    ///
    /// - Parameter isExcluded: users whose data is left out, that of the files before as well.
    /// - Returns: nil when it was told to stop.
    /// - Throws: an error of the file system. All is as it was, but the new file may be in its place already; with
    ///   ``LogError/Code/syncFailed`` nobody knows what is on disk.
    public func seal(
        day: Int64, excluding isExcluded: @escaping (UserID) -> Bool = { _ in false }
    ) throws(LogError) -> SealReport? {
        var report = SealReport(day: day)
        let minutesBefore = try before(.minute, day, &report)
        let hoursBefore = try before(.hour, day, &report)
        let coveredInMinutes = (minutesBefore ?? hoursBefore)?.footer.covered ?? .zero
        let coveredInHours = hoursBefore?.footer.covered ?? coveredInMinutes
        let known = history.day(day)?.frames ?? []
        let frames = known.filter { $0.header.lsn > min(coveredInMinutes, coveredInHours) }

        let holdsExcluded = [minutesBefore, hoursBefore].contains { $0?.users.contains(where: isExcluded) ?? false }
        let isCurrent = hoursBefore != nil && coveredInHours >= coveredInMinutes && frames.isEmpty
        if isCurrent, !holdsExcluded, report.findings.isEmpty {
            try publish(minutesBefore?.footer, hoursBefore?.footer, &report)
            return report
        }
        if frames.isEmpty, minutesBefore == nil, hoursBefore == nil { return report }

        var collection = DayCollection(
            coveredInMinutes: coveredInMinutes, coveredInHours: coveredInHours, bufferBytes: bufferBytes,
            spill: RowSpill(
                fileSystem: fileSystem, path: LogLayout.path(of: .minute, day: day, in: directory) + LogLayout.spillSuffix))
        defer { collection.spill.remove() }
        try collect(frames, into: &collection, excluding: isExcluded)
        if pace.isStopped { return nil }
        report.frames = collection.frameCount
        report.rows = collection.rowCount
        report.findings += collection.findings

        var footer = SealedFooter(step: .minute, day: day, covered: coveredInMinutes, through: nil)
        for frame in known {
            footer.covered = max(footer.covered, frame.header.lsn)
            footer.include(frame.header.through)
        }
        for file in [minutesBefore, hoursBefore].compactMap(\.self) {
            footer.covered = max(footer.covered, file.footer.covered)
            footer.include(file.footer.through)
        }
        return try write(footer, &collection, minutesBefore, hoursBefore, excluding: isExcluded, report)
    }

    /// The sealed file of before, straight from disk. One that is unusable is told, copied, and passed over.
    private func before(_ step: SealedStep, _ day: Int64, _ report: inout SealReport) throws(LogError) -> SealedFile? {
        let path = LogLayout.path(of: step, day: day, in: directory)
        guard try logged({ () throws(FileSystemError) in try fileSystem.exists(path) }) else { return nil }
        do throws(LogError) {
            return try SealedFile(opening: path, step: step, day: day, fileSystem)
        } catch {
            report.findings.append(try Finding(sealedFile: path, error))
            report.quarantined.append(try quarantine.keep(path))
            return nil
        }
    }

    private func collect(
        _ frames: [FrameLocation], into collection: inout DayCollection, excluding isExcluded: (UserID) -> Bool
    ) throws(LogError) {
        let lastLSNs = Dictionary(frames.map { ($0.segment, $0.header.lsn) }, uniquingKeysWith: max)
        for (sequence, lastLSN) in lastLSNs.sorted(by: { $0.key < $1.key }) {
            try sync(segment: sequence)
            let scan = try SegmentScan(.minutes, sequence: sequence, directory: directory, fileSystem)
            collection.note(scan, lastLSN: lastLSN)
        }
        let blocks = history.blocks()
        for frame in frames {
            pace.breathe()
            if pace.isStopped { return }
            try collection.add(frame, blocks, pace, excluding: isExcluded)
        }
    }

    /// A sealed file must not contain what a power loss takes from the lane: its LSNs, and the batches it was made of, would
    /// come again.
    private func sync(segment sequence: UInt64) throws(LogError) {
        guard policy == .whenAsked else { return }
        let path = LogLayout.path(of: .minutes, sequence: sequence, in: directory)
        let file = try logged { () throws(FileSystemError) in try fileSystem.open(path, .reading) }
        do {
            try file.sync()
        } catch {
            throw LogError(error, code: .syncFailed)
        }
    }

    // MARK: Writing

    private func write(
        _ footer: SealedFooter, _ collection: inout DayCollection, _ minutesBefore: SealedFile?, _ hoursBefore: SealedFile?,
        excluding isExcluded: @escaping (UserID) -> Bool, _ report: SealReport
    ) throws(LogError) -> SealReport? {
        var report = report
        let rows = try collection.merged(memoryBytes: Self.windowBytes)
        report.spilledBytes = collection.spill.byteCount
        let minutes = try writer(.minute, footer.day)
        defer { minutes.discard() }
        let hours = try writer(.hour, footer.day)
        defer { hours.discard() }
        var merge = try DayMerge(
            minutesBefore: minutesBefore, hoursBefore: hoursBefore, rows: rows, minutes: minutes, hours: hours,
            excluding: isExcluded)
        while try merge.step() {
            pace.breathe()
            if pace.isStopped { return nil }
        }
        let damaged = merge.findings(.minute) + merge.findings(.hour)
        report.findings += damaged
        for path in Set(damaged.map(\.file)).sorted() { report.quarantined.append(try quarantine.keep(path)) }
        for sequence in collection.damagedSegments.sorted() {
            let path = LogLayout.path(of: .minutes, sequence: sequence, in: directory)
            report.quarantined.append(try quarantine.keep(path))
        }

        // First the minutes: a user who is in the file of hours alone counts as one whose minutes have expired.
        var minuteFooter: SealedFooter?
        if minutesBefore != nil || hoursBefore == nil || minutes.hasUsers {
            var footer = footer
            footer.hasLosses = minutesBefore?.footer.hasLosses == true || !merge.findings(.minute).isEmpty
            minuteFooter = try minutes.finish(footer)
        } else {
            try removeUnusable(.minute, footer.day)
        }
        var hourFooter = footer
        hourFooter.step = .hour
        hourFooter.hasLosses = hoursBefore?.footer.hasLosses == true || !merge.findings(.hour).isEmpty
        hourFooter = try hours.finish(hourFooter)
        report.hasChanged = true
        try publish(minuteFooter, hourFooter, &report)
        return report
    }

    private func writer(_ step: SealedStep, _ day: Int64) throws(LogError) -> SealedFileWriter {
        try SealedFileWriter(step, day: day, fileSystem: fileSystem, directory: directory, policy: policy)
    }

    /// A damaged file of which there is a copy, and which no other replaces.
    private func removeUnusable(_ step: SealedStep, _ day: Int64) throws(LogError) {
        let path = LogLayout.path(of: step, day: day, in: directory)
        guard try logged({ () throws(FileSystemError) in try fileSystem.exists(path) }) else { return }
        try logged { () throws(FileSystemError) in try fileSystem.remove(path) }
    }

    /// Tells the history what there is, once that is durable: from then on segments may be deleted.
    private func publish(
        _ minutes: SealedFooter?, _ hours: SealedFooter?, _ report: inout SealReport
    ) throws(LogError) {
        let known = history.day(report.day)
        for (step, footer, edition) in [
            (SealedStep.minute, minutes, known?.minuteFile), (.hour, hours, known?.hourFile),
        ] where footer != edition?.footer {
            if footer != nil { try SealedFileWriter.syncFolder(step, directory, fileSystem, policy) }
            history.replace(step, ofDay: report.day, with: footer)
        }
        report.minuteFileBytes = minutes?.byteCount ?? 0
        report.hourFileBytes = hours?.byteCount ?? 0
        report.users = hours?.users ?? 0
        report.statistics = hours?.statistics ?? 0
        report.points = minutes?.points ?? 0
    }

    var quarantine: Quarantine { Quarantine(fileSystem: fileSystem, directory: directory, policy: policy) }
}

extension SealedFooter {
    /// Covers another block, or file.
    fileprivate mutating func include(_ other: LSN?) {
        guard let other else { return }
        through = max(through ?? .zero, other)
    }
}
