public import DattssCore
internal import Synchronization

/// Answers questions about closed minutes, out of sealed files and the minute lane's segments, as one seamless series.
///
///     hours/ of days whose minutes have expired ─┐
///     days/                                     ─┼─► one slice, by minute
///     frames that no sealed file contains yet   ─┘
///
/// For a user's day either the file of minutes is read or that of hours, never both; and beside it the frames whose LSN is
/// beyond what that file covers. In memory is only an index of frame headers and footers, some hundred bytes each, and the
/// directories of the files read from last; everything else is read when asked for.
///
/// Safe to use from many threads at once, while ``MinuteLane`` appends and retires and ``Sealer`` swaps files: an answer is
/// that of one moment for each day.
public final class History: Sendable {
    let fileSystem: any FileSystem
    let directory: String
    let index = Mutex(HistoryIndex())
    let names = SegmentNames()
    let files: SealedFileCache
    private let corruptReads = Atomic<Int>(0)

    /// A day and the seven before it, in whatever time zone.
    private static let reservedDays = 10

    /// An empty index; ``Recovery`` hands out one that is filled.
    init(fileSystem: any FileSystem, directory: String) {
        self.fileSystem = fileSystem
        self.directory = directory
        files = SealedFileCache(fileSystem: fileSystem, directory: directory)
    }

    /// Indexes a data folder, reading headers and footers only. Writes nothing.
    ///
    /// Sealed files that are damaged are passed over; ``Recovery`` reports them.
    public static func open(fileSystem: any FileSystem, directory: String) throws(LogError) -> History {
        let history = History(fileSystem: fileSystem, directory: directory)
        let scan = try LaneScan(.minutes, directory: directory, fileSystem)
        history.add(BlockLocation.all(scan.frames).complete.flatMap { $0.parts.map { $0[0] } })
        _ = try history.addSealedFiles()
        return history
    }

    /// How many files of days and hours there are, and their bytes.
    public var sealedSize: (files: Int, bytes: Int) {
        let files = sealedDays().flatMap { [$0.minuteFile, $0.hourFile].compactMap(\.self) }
        return (files.count, files.reduce(0) { $0 + $1.footer.byteCount })
    }

    /// How many sealed files are kept open for the next question, by a process that may have so many descriptors.
    package static func openFilesMax(of descriptors: Int) -> Int { SealedFileCache.filesMax(of: descriptors) }

    /// How many frames, chunks or indexes could not be read when they were asked for. They were left out of the answers.
    public var corruptFrameReads: Int { corruptReads.load(ordering: .relaxed) }

    /// Frames in the index.
    public var frameCount: Int { index.withLock { $0.frameCount } }

    /// The minutes from the first to the last of which there may be anything; whole days where they are sealed.
    public var minutes: ClosedRange<Minute>? { index.withLock { $0.minutes } }

    // MARK: Reading

    /// What is known of one statistic in some minutes.
    ///
    /// - Parameters:
    ///   - through: unsealed blocks that cover more are left out, because somebody reports them from memory; nil leaves none
    ///     out. Imported blocks, which cover nothing, are always in, and so is what is sealed:
    ///     ``HistorySlice/sealedThrough`` tells how much that is.
    ///   - withSketches: false saves decoding them where they are sealed.
    public func read(
        user: UserID, key: StatisticKey, minutes: Range<Minute>, through: LSN? = nil, withSketches: Bool = true
    ) throws(LogError) -> HistorySlice {
        var slice = HistorySlice()
        var pointsDone = 0
        let dayCount = days(in: minutes).count
        try forEachDay(in: minutes) { (day) throws(LogError) in
            // What was read of this day before its files were taken away is forgotten.
            slice.points.removeLast(slice.points.count - pointsDone)
            var active = MinuteRuns()
            let source = try source(of: user, day)
            if let file = source.file {
                try read(user, key, from: file, minutes, withSketches: withSketches, into: &slice)
                active = try self.active(user, in: file, minutes)
            }
            // So that the array does not grow, and copy itself, day after day.
            if pointsDone == 0 { slice.points.reserveCapacity(slice.points.count * min(dayCount, Self.reservedDays)) }
            let frames = day.frames(in: minutes, after: source.covered, through: through)
            if !frames.isEmpty {
                let unsealed = try read(user, key, from: frames)
                slice.merge(unsealed.points, from: pointsDone)
                active.formUnion(unsealed.activeMinutes)
            }
            pointsDone = slice.points.count
            for run in active.runs { slice.activeMinutes.append(run) }
        }
        slice.points.removeLast(slice.points.count - pointsDone)
        return slice
    }

    /// The statistics of a user of which there is anything in some minutes.
    public func keys(user: UserID, minutes: Range<Minute>) throws(LogError) -> Set<StatisticKey> {
        var found: Set<StatisticKey> = []
        try forEachDay(in: minutes) { (day) throws(LogError) in
            let source = try source(of: user, day)
            if let file = source.file, let indexes = file.directory.user(user)?.indexes {
                for index in indexes {
                    let entries = try readable { () throws(LogError) in try file.entries(of: index) } ?? []
                    for entry in entries where !found.contains(entry.key) {
                        if try hasPoints(entry, file, minutes) { found.insert(entry.key) }
                    }
                }
            }
            try forEachFrame(day.frames(in: minutes, after: source.covered, through: nil)) {
                (frame, blocks) throws(LogError) in found.formUnion(try blocks.keys(of: user, in: frame))
            }
        }
        return found
    }

    /// Whether a chunk has a point in some minutes, without decoding it where its first and last point tell.
    private func hasPoints(_ entry: SealedEntry, _ file: SealedFile, _ minutes: Range<Minute>) throws(LogError) -> Bool {
        let (step, day) = (file.footer.step, file.footer.day)
        let first = step.minute(ofSlot: entry.slots.lowerBound, day: day)
        let last = step.minute(ofSlot: entry.slots.upperBound, day: day)
        if minutes.contains(first) || minutes.contains(last) { return true }
        if last < minutes.lowerBound || first >= minutes.upperBound { return false }
        let points = try readable { () throws(LogError) in try file.points(of: entry, withSketches: false) } ?? []
        return points.contains { minutes.contains($0.minute) }
    }

    private func read(
        _ user: UserID, _ key: StatisticKey, from file: SealedFile, _ minutes: Range<Minute>, withSketches: Bool,
        into slice: inout HistorySlice
    ) throws(LogError) {
        slice.sealedThrough = max(slice.sealedThrough, file.footer.through ?? .zero)
        let (step, day) = (file.footer.step, file.footer.day)
        let entries = try readable { () throws(LogError) in try file.entries(of: key, user: user) } ?? []
        for entry in entries {
            let start = slice.points.count
            let isRead: Void? = try readable { () throws(LogError) in
                try file.append(entry, to: &slice.points, withSketches: withSketches)
            }
            let first = step.minute(ofSlot: entry.slots.lowerBound, day: day)
            let last = step.minute(ofSlot: entry.slots.upperBound, day: day)
            if isRead == nil || (minutes.contains(first) && minutes.contains(last)) { continue }
            slice.points.replaceSubrange(start..., with: slice.points[start...].filter { minutes.contains($0.minute) })
        }
    }

    private func active(
        _ user: UserID, in file: SealedFile, _ minutes: Range<Minute>
    ) throws(LogError) -> MinuteRuns {
        try readable { () throws(LogError) in try file.activeMinutes(of: user).clamped(to: minutes) } ?? MinuteRuns()
    }

    private func read(
        _ user: UserID, _ key: StatisticKey, from frames: [FrameLocation]
    ) throws(LogError) -> HistorySlice {
        var slice = HistorySlice()
        try forEachFrame(frames) { (frame, blocks) throws(LogError) in
            let (aggregate, isActive) = try blocks.statistic(key, of: user, in: frame)
            let minute = frame.header.minute
            if isActive { slice.activeMinutes.append(minute..<minute.advanced(by: 1)) }
            if let aggregate { slice.points.append(HistorySlice.Point(minute: minute, aggregate: aggregate)) }
        }
        return slice
    }

    /// Whether only hours are left of a user's day, because the time of its minutes is over.
    public func hasOnlyHours(of user: UserID, at minute: Minute) throws(LogError) -> Bool {
        var isHourly = false
        try forEachDay(in: minute..<minute.advanced(by: 1)) { (day) throws(LogError) in
            isHourly = try source(of: user, day).file?.footer.step == .hour
        }
        return isHourly
    }

    // MARK: Walking

    /// Which file tells of a user's day, and up to which LSN.
    ///
    /// That of minutes, unless its part of the user has expired, which is so when only that of hours has the user.
    func source(of user: UserID, _ day: HistoryDay) throws(LogError) -> (file: SealedFile?, covered: LSN) {
        let minuteFile = try day.minuteFile.flatMap { (edition) throws(LogError) in try open(edition) }
        if let minuteFile, minuteFile.contains(user) { return (minuteFile, minuteFile.footer.covered) }
        let hourFile = try day.hourFile.flatMap { (edition) throws(LogError) in try open(edition) }
        if let hourFile, hourFile.contains(user) { return (hourFile, hourFile.footer.covered) }
        return (nil, (minuteFile ?? hourFile)?.footer.covered ?? .zero)
    }

    func file(_ edition: SealedEdition) throws(LogError) -> SealedFile { try files.file(edition) }

    /// nil when the file is damaged, which is counted.
    private func open(_ edition: SealedEdition) throws(LogError) -> SealedFile? {
        try readable { () throws(LogError) in try file(edition) }
    }

    /// nil when the bytes are not as they were written, which is counted. What failed otherwise is thrown.
    func readable<Value>(_ body: () throws(LogError) -> Value) throws(LogError) -> Value? {
        do throws(LogError) {
            return try body()
        } catch {
            if !error.isDamage, error.fileSystemError?.isInputOutputError != true { throw error }
            corruptReads.add(1, ordering: .relaxed)
            return nil
        }
    }

    /// Reads day after day. A day from under which a file was taken meanwhile, because it was sealed or retired, is read again:
    /// `read` begins anew with it.
    func forEachDay(
        in minutes: Range<Minute>, _ read: (HistoryDay) throws(LogError) -> Void
    ) throws(LogError) {
        for snapshot in days(in: minutes) {
            var day = snapshot
            while true {
                do throws(LogError) {
                    try read(day)
                    break
                } catch {
                    guard error.fileSystemError?.isNotFound == true else { throw error }
                    guard let current = self.day(day.day) else { break }
                    if current.isSame(as: day) { throw error }
                    day = current
                }
            }
        }
    }

    /// For one reader; the names of segments are shared.
    func blocks() -> BlockPayloads { BlockPayloads(fileSystem: fileSystem, directory: directory, names: names) }

    /// Reads frames one after the other. Those that are corrupt, or missing for no reason, are counted and left out.
    /// - Parameter reader: nil makes one for these frames.
    func forEachFrame(
        _ frames: [FrameLocation], _ reader: BlockPayloads? = nil,
        _ body: (FrameLocation, BlockPayloads) throws(LogError) -> Void
    ) throws(LogError) {
        if frames.isEmpty { return }
        let blocks = reader ?? blocks()
        for frame in frames {
            do throws(LogError) {
                try body(frame, blocks)
            } catch {
                let isGone = error.fileSystemError?.isNotFound ?? false
                if error.code == .fileSystem, !isGone { throw error }
                // A segment that was retired after the question was asked is no damage: the day is asked again.
                if isGone, !index.withLock({ $0.contains(frame) }) { throw error }
                corruptReads.add(1, ordering: .relaxed)
            }
        }
    }
}

extension HistoryDay {
    /// Whether nothing was added, sealed or retired in between.
    fileprivate func isSame(as other: HistoryDay) -> Bool {
        frames.count == other.frames.count && lastLSN == other.lastLSN && minuteFile == other.minuteFile
            && hourFile == other.hourFile
    }
}
