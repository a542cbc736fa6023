public import DattssCore

/// What is known of many statistics besides their points.
public struct HistorySurvey: Sendable, Hashable {
    /// The minutes in which the user has any aggregate at all; where only hours are left, all minutes of such hours.
    public var activeMinutes = MinuteRuns()
    /// As ``HistorySlice/sealedThrough``.
    public var sealedThrough = LSN.zero
    /// Whether `body` wanted no more, so that not all was read.
    public var isEnded = false
}

extension History {
    /// Hands out the points of many statistics of a user, day after day: of a day first what is sealed, statistic after statistic, then
    /// the blocks beside it, minute after minute. Each file and each block is read once, and no more is held than a chunk or a block.
    ///
    /// - Parameters:
    ///   - prefix: what the paths begin with.
    ///   - through: as for ``read(user:key:minutes:through:withSketches:)``.
    ///   - spans: of minutes that need not be told apart, nor which of their samples came last: of a sealed day those of a span may come as one
    ///     point, and if no span begins or ends within an hour, the day is read out of its file of hours, where that says all that its
    ///     minutes do.
    ///   - slot: a number for a statistic, or one below zero when it is not wanted.
    ///   - body: gets a point by that number; where only hours are left the point is that of an hour. False ends it.
    /// - Throws: `fileSystem`, not found, also when a file was sealed or retired meanwhile: then all has to begin anew.
    public func survey(
        user: UserID, prefix: String, minutes: Range<Minute>, through: LSN?, withSketches: Bool,
        merging spans: MinuteSpans? = nil, slot: (StatisticKey) -> Int,
        body: (_ slot: Int, _ point: HistorySlice.Point, _ isHour: Bool) -> Bool
    ) throws(LogError) -> HistorySurvey {
        var survey = HistorySurvey()
        let blocks = blocks()
        var names = BlockSlots()
        // The first minutes of hours belong to a range, too, that begins within the hour.
        let whole = Minute(minutes.lowerBound.index.flooredQuotient(by: 60) * 60)..<minutes.upperBound
        for day in days(in: whole) {
            let source = try source(of: user, day)
            var active = MinuteRuns()
            let frames = day.frames(in: minutes, after: source.covered, through: through)
            if let file = source.file {
                survey.sealedThrough = max(survey.sealedThrough, file.footer.through ?? .zero)
                let wanted = file.footer.step == .hour ? whole : minutes
                let isInHours = frames.isEmpty && spans?.areWholeHours == true
                let hours = isInHours ? try self.hours(of: user, instead: file, day, minutes) : nil
                try forEachEntry(of: user, prefix, in: hours ?? file) { (entry) throws(LogError) in
                    let slot = slot(entry.key)
                    if slot < 0 { return true }
                    let (points, step) = try points(of: entry, user, hours, file, withSketches: withSketches, spans, in: wanted)
                    for point in points where wanted.contains(point.minute) {
                        survey.isEnded = !body(slot, point, step == .hour)
                        if survey.isEnded { return false }
                    }
                    return true
                }
                if survey.isEnded { return survey }
                active = try activeMinutes(of: user, in: file)
            }
            for frame in frames {
                try forEachFrame([frame], blocks) { (frame, blocks) throws(LogError) in
                    let minute = frame.header.minute
                    let isActive = try blocks.forEachRow(of: user, in: frame, &names, slot) { slot, aggregate in
                        if !survey.isEnded {
                            survey.isEnded = !body(slot, HistorySlice.Point(minute: minute, aggregate: aggregate), false)
                        }
                    }
                    if isActive { active.formUnion(MinuteRuns([minute])) }
                }
                if survey.isEnded { return survey }
            }
            for run in active.clamped(to: minutes).runs { survey.activeMinutes.append(run) }
        }
        return survey
    }

    private func activeMinutes(of user: UserID, in file: SealedFile) throws(LogError) -> MinuteRuns {
        let active = try readable { () throws(LogError) in try file.activeMinutes(of: user) } ?? MinuteRuns()
        guard file.footer.step == .hour else { return active }
        var hours = MinuteRuns()
        for minute in active.minutes { hours.append(minute..<minute.advanced(by: 60)) }
        return hours
    }

    /// The entries of a user's statistics whose paths begin with something, out of those indexes that may have some.
    private func forEachEntry(
        of user: UserID, _ prefix: String, in file: SealedFile, _ body: (SealedEntry) throws(LogError) -> Bool
    ) throws(LogError) {
        guard let indexes = file.directory.user(user)?.indexes else { return }
        for (position, index) in indexes.enumerated() {
            let first = index.firstKey.path
            if first > prefix, !first.hasPrefix(prefix) { return }
            if position + 1 < indexes.count, indexes[position + 1].firstKey.path < prefix { continue }
            for entry in try readable({ () throws(LogError) in try file.entries(of: index) }) ?? []
            where entry.key.path.hasPrefix(prefix) {
                if !(try body(entry)) { return }
            }
        }
    }
}

/// Which of a segment's statistics are wanted by somebody, as long as the segment's names do not change.
struct BlockSlots {
    fileprivate var dictionary: LSN?
    fileprivate var idCount = 0
    fileprivate var presence = RowPresence([], idCount: 0)
    fileprivate var slots: [Int32: Int] = [:]
}

extension BlockPayloads {
    /// Hands out the rows of a user's statistics that are wanted.
    /// - Returns: whether the user has any row in the part.
    func forEachRow(
        of user: UserID, in frame: FrameLocation, _ names: inout BlockSlots, _ slot: (StatisticKey) -> Int,
        _ body: (Int, Aggregate) -> Void
    ) throws(LogError) -> Bool {
        let (part, dictionary) = try part(frame)
        if names.dictionary != dictionary || names.idCount != part.table.idCount {
            let ids = part.table.ids(of: user)
            names.slots = [:]
            for id in ids {
                let slot = slot(part.table.key(of: Int(id)))
                if slot >= 0 { names.slots[id] = slot }
            }
            names.presence = RowPresence(ids.lazy.map { Int($0) }, idCount: part.table.idCount)
            (names.dictionary, names.idCount) = (dictionary, part.table.idCount)
        }
        guard part.presence.intersects(names.presence) else { return false }
        // To look a few up costs about as much as to read sixteen rows each.
        if names.slots.count * 16 < part.presence.count {
            for (id, slot) in names.slots where part.presence.contains(Int(id)) {
                if let aggregate = try part.aggregate(of: Int(id)) { body(slot, aggregate) }
            }
        } else {
            let (ids, aggregates) = try part.rows()
            for (position, id) in ids.enumerated() {
                if let slot = names.slots[Int32(id)] { body(slot, aggregates[position]) }
            }
        }
        return true
    }
}
