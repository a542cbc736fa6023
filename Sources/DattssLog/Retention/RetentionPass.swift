internal import DattssCore

extension Sealer {
    /// Takes out of the sealed files whatever is past its time, oldest day first.
    ///
    /// A file of which nobody has anything left is deleted, another one is rewritten without those whose time is over, by copying
    /// the chunks of the others. Minutes only go once their hours are on disk. Killed at any instant it leaves each file as it was
    /// or as it is to be; the next pass does the rest.
    ///
    /// Unsealed blocks are not touched: to get rid of those of deleted users, seal their days without them first, and retire.
    ///
    /// - Parameters:
    ///   - today: in days since 1970-01-01, UTC: what certainly is today.
    ///   - shown: what the clock says is today. What only that lets go of is counted, and kept.
    ///   - onDeletion: is told of every file when it is gone, or written anew.
    /// - Returns: nil when it was told to stop.
    public func retain(
        _ retention: Retention, today: Int64, shown: Int64? = nil, onDeletion: (RetentionDeletion) -> Void = { _ in }
    ) throws(LogError) -> RetentionReport? {
        var report = RetentionReport()
        for known in history.sealedDays() {
            pace.breathe()
            if pace.isStopped { return nil }
            let days = Days(today: today, shown: shown ?? today, day: known.day)
            guard try retain(retention, days, &report, onDeletion) else { return nil }
        }
        if !retention.deleted.isEmpty {
            report.remains = try remains(of: retention.deleted)
            if pace.isStopped { return nil }
        }
        report.quarantined = try LogLayout.names(in: LogLayout.quarantine(in: directory), fileSystem)
        return report
    }

    /// - Returns: false when it was told to stop.
    private func retain(
        _ retention: Retention, _ days: Days, _ report: inout RetentionReport, _ onDeletion: (RetentionDeletion) -> Void
    ) throws(LogError) -> Bool {
        let day = days.day
        for step in SealedStep.allCases where edition(step, day) != nil {
            do throws(LogError) {
                let file = try open(step, day)
                let leaving = file.users.filter { !retention.keeps(step, of: $0, day: day, today: days.today) }
                if leaving.count < file.users.count,
                    file.users.count(where: { !retention.keeps(step, of: $0, day: day, today: days.shown) }) > leaving.count
                {
                    report.heldFiles += 1
                }
                if leaving.isEmpty, !file.users.isEmpty { continue }
                let needsHours = leaving.contains { retention.keeps(.hour, of: $0, day: day, today: days.today) }
                if step == .minute, needsHours {
                    guard try makeHours(day, retention, &report) else { return false }
                }
                if leaving.count == file.users.count, canForget(step, day) {
                    try delete(step, day, &report)
                    onDeletion(deletion(of: step, days, leaving, .past))
                } else if !leaving.isEmpty {
                    // Opened again: to make the hours the minutes may have been sealed anew.
                    guard try rewrite(try open(step, day), without: Set(leaving), retention, &report) else { return false }
                    onDeletion(deletion(of: step, days, leaving, .partlyPast))
                }
            } catch {
                report.findings.append(try Finding(sealedFile: path(step, day), error))
            }
        }
        return true
    }

    /// The day of a file, and those that may be today.
    private struct Days {
        let today: Int64
        let shown: Int64
        let day: Int64
    }

    private func deletion(
        of step: SealedStep, _ days: Days, _ leaving: [UserID], _ reason: RetentionDeletion.Reason
    ) -> RetentionDeletion {
        RetentionDeletion(
            path: path(step, days.day), step: step, day: days.day, ageDays: days.today - days.day, users: leaving.count,
            reason: reason)
    }

    private func open(_ step: SealedStep, _ day: Int64) throws(LogError) -> SealedFile {
        try SealedFile(opening: path(step, day), step: step, day: day, fileSystem)
    }

    private func path(_ step: SealedStep, _ day: Int64) -> String { LogLayout.path(of: step, day: day, in: directory) }

    private func edition(_ step: SealedStep, _ number: Int64) -> SealedEdition? {
        let day = history.day(number)
        return step == .minute ? day?.minuteFile : day?.hourFile
    }

    /// Makes sure that the hours contain what the minutes do.
    /// - Returns: false when it was told to stop.
    private func makeHours(
        _ day: Int64, _ retention: Retention, _ report: inout RetentionReport
    ) throws(LogError) -> Bool {
        let covered = edition(.minute, day)?.footer.covered ?? .zero
        if let hours = edition(.hour, day), hours.footer.covered >= covered { return true }
        guard let sealed = try seal(day: day, excluding: { retention.deleted.contains($0) }) else { return false }
        report.sealedDays += 1
        report.findings += sealed.findings
        return true
    }

    /// Whether no frame comes back as news when a file is gone that says it is contained.
    private func canForget(_ step: SealedStep, _ number: Int64) -> Bool {
        guard let day = history.day(number), let edition = edition(step, number) else { return true }
        if step == .minute, let hours = day.hourFile, hours.footer.covered >= edition.footer.covered { return true }
        return !day.frames.contains { $0.header.lsn <= edition.footer.covered }
    }

    private func delete(_ step: SealedStep, _ day: Int64, _ report: inout RetentionReport) throws(LogError) {
        let footer = edition(step, day)?.footer
        // First the readers are told: whoever finds no file asks the history again, which then has to know.
        history.replace(step, ofDay: day, with: nil)
        do throws(LogError) {
            try logged { () throws(FileSystemError) in try fileSystem.remove(path(step, day)) }
        } catch {
            history.replace(step, ofDay: day, with: footer)
            throw error
        }
        try SealedFileWriter.syncFolder(step, directory, fileSystem, policy)
        report.freedBytes += footer?.byteCount ?? 0
        report.deletedFiles += 1
    }

    /// - Returns: false when it was told to stop.
    private func rewrite(
        _ file: SealedFile, without leaving: Set<UserID>, _ retention: Retention, _ report: inout RetentionReport
    ) throws(LogError) -> Bool {
        let (step, day) = (file.footer.step, file.footer.day)
        let writer = try SealedFileWriter(step, day: day, fileSystem: fileSystem, directory: directory, policy: policy)
        defer { writer.discard() }
        var copy = try SealedCopy(file, to: writer, excluding: leaving)
        while try copy.step() {
            pace.breathe()
            if pace.isStopped { return false }
        }
        report.findings += copy.findings
        // A copy of the whole would keep those who are to be forgotten.
        if !copy.findings.isEmpty, leaving.isDisjoint(with: retention.deleted) { _ = try quarantine.keep(file.path) }
        var footer = SealedFooter(step: step, day: day, covered: file.footer.covered, through: file.footer.through)
        footer.hasLosses = file.footer.hasLosses || !copy.findings.isEmpty
        footer = try writer.finish(footer)
        history.replace(step, ofDay: day, with: footer)
        report.rewrittenFiles += 1
        report.freedBytes += file.footer.byteCount - footer.byteCount
        return true
    }
}
