internal import DattssCore

/// Writes the sealed files of a day out of the ones before and the rows that came since, statistic after statistic.
///
///     minutes before ─┐
///     rows           ─┼─► by user and key ─┬─► minutes:  points before, then rows
///     hours before   ─┘                    └─► hours:    merged out of these minutes; or, where the minutes before are
///                                                        not all there, hours before, then rows
///
/// The minutes of a user have expired when only the file of hours knows the user: then what is new only goes to the hours.
/// Chunks to which nothing is added are copied as they are.
struct DayMerge {
    let minutes: SealedFileWriter
    let hours: SealedFileWriter
    private let minutesBefore: SealedFile?
    private let hoursBefore: SealedFile?
    private var minuteCursor: SealedCursor?
    private var hourCursor: SealedCursor?
    private var rows: RowMerge
    private var user: UserState?
    /// Whether the hours before contain all that the minutes before do.
    private let areHoursCurrent: Bool
    private var minuteFindings: [Finding] = []
    private var hourFindings: [Finding] = []

    private struct UserState {
        var id: UserID
        /// Whether the minutes have not expired.
        var hasMinutes = true
        /// Whether the old activity is unreadable, so that it has to come from the points.
        var isMinuteActivityLost = false
        var isHourActivityLost = false
    }

    init(
        minutesBefore: SealedFile?, hoursBefore: SealedFile?, rows: RowMerge, minutes: SealedFileWriter,
        hours: SealedFileWriter, excluding isExcluded: @escaping (UserID) -> Bool
    ) throws(LogError) {
        self.minutesBefore = minutesBefore
        self.hoursBefore = hoursBefore
        self.rows = rows
        self.minutes = minutes
        self.hours = hours
        areHoursCurrent = (hoursBefore?.footer.covered ?? .zero) >= (minutesBefore?.footer.covered ?? .zero)
        minuteCursor = try minutesBefore.map { (file) throws(LogError) in try SealedCursor(file, excluding: isExcluded) }
        hourCursor = try hoursBefore.map { (file) throws(LogError) in try SealedCursor(file, excluding: isExcluded) }
    }

    /// What could not be read of the file before.
    func findings(_ step: SealedStep) -> [Finding] {
        switch step {
        case .minute: (minuteCursor?.findings ?? []) + minuteFindings
        case .hour: (hourCursor?.findings ?? []) + hourFindings
        }
    }

    /// Writes one statistic.
    /// - Returns: false when there was none left.
    mutating func step() throws(LogError) -> Bool {
        let names = [minuteCursor?.current?.name, hourCursor?.current?.name, rows.next]
        guard let name = names.compactMap(\.self).min() else {
            try endUser()
            return false
        }
        if name.user != user?.id {
            try endUser()
            try begin(name.user)
        }
        let oldMinutes = minuteCursor?.entries(of: name) ?? []
        let oldHours = hourCursor?.entries(of: name) ?? []
        try write(name.key, oldMinutes, oldHours, hasRows: rows.next == name)
        if !oldMinutes.isEmpty { try minuteCursor?.advance() }
        if !oldHours.isEmpty { try hourCursor?.advance() }
        return true
    }

    // MARK: Users

    private mutating func begin(_ id: UserID) throws(LogError) {
        var state = UserState(id: id)
        minutes.begin(id)
        hours.begin(id)
        let (ofMinutes, ofHours) = (minutesBefore?.directory.user(id), hoursBefore?.directory.user(id))
        state.hasMinutes = ofMinutes != nil || ofHours == nil
        if let file = minutesBefore, let user = ofMinutes {
            state.isMinuteActivityLost = try !copyActivity(of: user, file, to: minutes, &minuteFindings)
        }
        if let file = hoursBefore, let user = ofHours {
            state.isHourActivityLost = try !copyActivity(of: user, file, to: hours, &hourFindings)
        }
        user = state
    }

    /// - Returns: whether it is readable.
    private func copyActivity(
        of user: SealedDirectory.User, _ file: SealedFile, to writer: SealedFileWriter, _ findings: inout [Finding]
    ) throws(LogError) -> Bool {
        do throws(LogError) {
            writer.note(try file.activity(of: user))
            return true
        } catch {
            findings.append(try Finding(.corruptIndex, in: file, user.activity, error))
            return false
        }
    }

    private mutating func endUser() throws(LogError) {
        guard user != nil else { return }
        // A minute in which there was anything makes its hour one.
        for slot in 0..<SealedStep.minute.slotsPerDay where minutes.activity.contains(slot: slot) {
            hours.note(activeSlot: slot / Int(SealedStep.hour.rawValue))
        }
        try minutes.endUser()
        try hours.endUser()
        user = nil
    }

    // MARK: A statistic

    private mutating func write(
        _ key: StatisticKey, _ oldMinutes: [SealedEntry], _ oldHours: [SealedEntry], hasRows: Bool
    ) throws(LogError) {
        guard let user else { return }
        let minuteChunks = try intact(
            oldMinutes, minutesBefore, &minuteFindings, isChecked: hasRows || !areHoursCurrent,
            activityFor: user.isMinuteActivityLost ? minutes : nil)
        let hourChunks = try intact(
            oldHours, hoursBefore, &hourFindings, isChecked: hasRows,
            activityFor: user.isHourActivityLost ? hours : nil)
        // Hours that know a statistic which the minutes do not know any more are all that is left of it.
        let areMergedAnew =
            user.hasMinutes && minutesBefore?.footer.hasLosses != true && minuteChunks.count == oldMinutes.count
            && !(oldMinutes.isEmpty && !oldHours.isEmpty)
        let areHoursKept =
            !hasRows
            && (!areMergedAnew || (areHoursCurrent && !hourChunks.isEmpty && hourChunks.count == oldHours.count))
        if !hasRows { for chunk in minuteChunks { try minutes.copy(chunk) } }
        if areHoursKept { for chunk in hourChunks { try hours.copy(chunk) } }
        if !hasRows, areHoursKept { return }

        var minuteSeries = SealingSeries(hasRows ? minutes : nil, key, after: minuteChunks, of: minutesBefore)
        minuteSeries.hours = areMergedAnew ? SealingHours(hours, key) : nil
        var hourSeries = SealingSeries(nil, key, after: areMergedAnew ? [] : hourChunks, of: hoursBefore)
        hourSeries.hours = areMergedAnew ? nil : SealingHours(hours, key)
        if hasRows {
            try rows.take(day: minutes.day) { (origin, point) throws(LogError) in
                if user.hasMinutes, origin.isNewInMinutes { try minuteSeries.append(point) }
                if !areMergedAnew, origin.isNewInHours { try hourSeries.append(point) }
            }
        }
        try minuteSeries.finish()
        try hourSeries.finish()
    }

    /// The chunks whose bytes are those that were written; the others are told.
    /// - Parameter isChecked: whether they are decoded, too, because they are going to be merged.
    private func intact(
        _ entries: [SealedEntry], _ file: SealedFile?, _ findings: inout [Finding], isChecked: Bool,
        activityFor writer: SealedFileWriter?
    ) throws(LogError) -> [SealedChunk] {
        guard let file else { return [] }
        var chunks: [SealedChunk] = []
        for entry in entries {
            do throws(LogError) {
                let bytes = try file.chunk(of: entry)
                if isChecked || writer != nil {
                    for point in try file.decode(bytes, entry, withSketches: true) {
                        writer?.note(activeSlot: file.footer.step.slot(of: point.minute))
                    }
                }
                chunks.append(SealedChunk(entry: entry, bytes: bytes))
            } catch {
                findings.append(try Finding(entry, in: file, error))
            }
        }
        return chunks
    }
}

/// A chunk as it is in a file.
struct SealedChunk {
    var entry: SealedEntry
    var bytes: [UInt8]
}

extension SealedCursor {
    fileprivate func entries(of name: StatisticNumbers.Name) -> [SealedEntry] {
        guard let current, current.name == name else { return [] }
        return current.entries
    }
}

extension SealedFileWriter {
    func copy(_ chunk: SealedChunk) throws(LogError) {
        let entry = chunk.entry
        try append(chunk.bytes, of: entry.key, points: entry.points, slots: entry.slots)
    }
}
