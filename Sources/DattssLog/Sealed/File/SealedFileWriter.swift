internal import DattssCore

/// Writes a sealed file in one pass, under another name until it is whole and on disk.
///
///     <name>.tmp:  begin user ─► chunk, chunk, … ─► end user ─► …      append only, bounded memory
///     finish:      directory, footer ─► fdatasync ─► rename to <name> ─► fsync of the folder
///
/// So under its name there is always a whole file: the one before, or this one. A `.tmp` is worth nothing.
final class SealedFileWriter {
    let step: SealedStep
    let day: Int64
    private let fileSystem: any FileSystem
    private let dataDirectory: String
    private let policy: SyncPolicy
    private let path: String
    private let file: any File
    private var isFinished = false
    private var buffer = ByteWriter(capacity: bufferBytes * 2)
    private var flushedBytes = 0
    private var unsyncedBytes = 0

    private var directory = SealedDirectory()
    private var user: UserID?
    private var userIndexes: [SealedDirectory.Index] = []
    private var entries: [SealedEntry] = []
    private var statisticsInIndex = 0
    private(set) var activity: SealedActivity
    private var statistics = 0
    private var points = 0

    private static let bufferBytes = 256 << 10
    /// Synced little by little, so that no other file's sync has to wait behind a whole day.
    private static let syncBytes = 8 << 20

    init(
        _ step: SealedStep, day: Int64, fileSystem: any FileSystem, directory: String, policy: SyncPolicy
    ) throws(LogError) {
        self.step = step
        self.day = day
        self.fileSystem = fileSystem
        self.policy = policy
        dataDirectory = directory
        activity = SealedActivity(step)
        path = LogLayout.path(of: step, day: day, in: directory)
        let temporary = path + LogLayout.unfinishedSuffix
        file = try logged { () throws(FileSystemError) in
            try fileSystem.createDirectories(LogLayout.folder(of: step, in: directory), isSynced: policy == .whenAsked)
            if try fileSystem.exists(temporary) { try fileSystem.remove(temporary) }
            return try fileSystem.open(temporary, .appendingToNew)
        }
        buffer.append(SealedHeader(step, day: day).encoded)
    }

    /// Where the next byte goes.
    private var offset: Int { flushedBytes + buffer.count }

    var hasUsers: Bool { !directory.users.isEmpty }

    // MARK: Content

    /// Users come sorted, and each ends before the next.
    func begin(_ user: UserID) {
        precondition(self.user == nil && (directory.users.last.map { $0.user < user } ?? true))
        self.user = user
        activity = SealedActivity(step)
    }

    /// Appends a chunk of one statistic. Keys come sorted; a key may come several times, with ever later points.
    func append(
        _ chunk: [UInt8], of key: StatisticKey, points count: Int, slots: ClosedRange<Int>
    ) throws(LogError) {
        let previous = entries.last?.key
        precondition(user != nil && (previous.map { $0 <= key } ?? true))
        if key != previous {
            if statisticsInIndex == SealedIndex.statisticsTarget { try writeIndex() }
            statisticsInIndex += 1
            statistics += 1
        }
        entries.append(
            SealedEntry(
                key: key, offset: offset, length: chunk.count, points: count, slots: slots,
                checksum: CRC32C.checksum(chunk)))
        points += count
        try write(chunk)
    }

    func note(activeSlot slot: Int) { activity.insert(slot: slot) }

    func note(_ points: [HistorySlice.Point]) { activity.insert(points) }

    func note(_ other: SealedActivity) { activity.formUnion(other) }

    /// A user without chunks leaves no trace.
    func endUser() throws(LogError) {
        guard let user else { preconditionFailure("no user was begun") }
        try writeIndex()
        if !userIndexes.isEmpty {
            let region = try writeRegion(activity.encoded)
            directory.users.append(SealedDirectory.User(user: user, activity: region, indexes: userIndexes))
        }
        userIndexes = []
        self.user = nil
    }

    private func writeIndex() throws(LogError) {
        guard let first = entries.first?.key else { return }
        let region = try writeRegion(SealedIndex.encode(entries))
        userIndexes.append(SealedDirectory.Index(firstKey: first, region: region))
        entries = []
        statisticsInIndex = 0
    }

    private func writeRegion(_ bytes: [UInt8]) throws(LogError) -> SealedDirectory.Region {
        defer { precondition(bytes.count <= SealedIndex.byteCountMax) }
        let region = SealedDirectory.Region(offset: offset, length: bytes.count, checksum: CRC32C.checksum(bytes))
        try write(bytes)
        return region
    }

    // MARK: The file

    /// Writes the end, and makes the file take the place of an older one of the day.
    /// - Parameter footer: all but the counts and lengths.
    func finish(_ footer: SealedFooter) throws(LogError) -> SealedFooter {
        precondition(user == nil)
        var footer = footer
        let encodedDirectory = directory.encoded
        guard encodedDirectory.count <= SealedFooter.directoryBytesMax else {
            throw LogError(
                .overLimit, expected: "a directory of at most \(SealedFooter.directoryBytesMax) bytes",
                found: "\(encodedDirectory.count)", file: path)
        }
        (footer.points, footer.statistics, footer.users) = (points, statistics, directory.users.count)
        footer.directoryLength = encodedDirectory.count
        footer.directoryChecksum = CRC32C.checksum(encodedDirectory)
        footer.byteCount = offset + 2 * encodedDirectory.count + SealedFooter.gapBytes + SealedFooter.tailBytes
        let gap = [UInt8](repeating: 0, count: SealedFooter.gapBytes)
        for bytes in [encodedDirectory, gap, encodedDirectory, footer.encoded, gap, footer.encoded] { try write(bytes) }
        try flush(upTo: 0)
        try logged { () throws(FileSystemError) in
            if policy == .whenAsked { try file.sync() }
            file.close()
            try fileSystem.rename(path + LogLayout.unfinishedSuffix, to: path)
        }
        isFinished = true
        try Self.syncFolder(step, dataDirectory, fileSystem, policy)
        return footer
    }

    /// Removes what was written, unless it was finished. What cannot be removed is no harm: the next writer, or the next start, does.
    func discard() {
        if isFinished { return }
        file.close()
        try? fileSystem.remove(path + LogLayout.unfinishedSuffix)
    }

    /// Makes the names in a folder survive power loss, and the folder itself: a process that was killed may have created it
    /// without getting this far.
    static func syncFolder(
        _ step: SealedStep, _ directory: String, _ fileSystem: any FileSystem, _ policy: SyncPolicy
    ) throws(LogError) {
        guard policy == .whenAsked else { return }
        do {
            try fileSystem.syncDirectory(LogLayout.folder(of: step, in: directory))
            try fileSystem.syncDirectory(directory)
        } catch {
            throw LogError(error, code: error.isFailedSync ? .syncFailed : .fileSystem)
        }
    }

    private func write(_ bytes: [UInt8]) throws(LogError) {
        buffer.append(bytes)
        try flush(upTo: Self.bufferBytes)
    }

    /// Hands to the file what is in the buffer, if it is more than `count` bytes.
    private func flush(upTo count: Int) throws(LogError) {
        guard buffer.count > count else { return }
        try logged { () throws(FileSystemError) in
            try file.writeAll(buffer.bytes)
            unsyncedBytes += buffer.count
            if policy == .whenAsked, unsyncedBytes >= Self.syncBytes {
                try file.sync()
                unsyncedBytes = 0
            }
        }
        flushedBytes += buffer.count
        buffer = ByteWriter(capacity: Self.bufferBytes * 2)
    }
}
