internal import DattssCore

/// The segments of one lane: the one being written, and the closed ones before it.
///
/// An append is a transaction over frames and, possibly, segments:
///
///     begin ──► write, startSegment, … ──► commit
///                       └─ throws ───────► rollback      every file as it was at begin, new files removed
///
/// When even the rollback fails, what it could not do is remembered and done before the next append; until that works,
/// appends are refused. A sync that fails closes the chain for good: the kernel may have dropped what it could not
/// write, and says so only once.
final class SegmentChain {
    let lane: Lane
    private let fileSystem: any FileSystem
    private let directory: String
    private let policy: SyncPolicy
    private(set) var current: Segment?
    private(set) var closed: [SegmentSummary]
    private(set) var metrics = LaneMetrics()
    private var nextSequence: UInt64
    /// Whether the current segment, and whether the lane's folder, is not on disk as it is in memory.
    private var isDirty = false
    private var isFolderDirty = false
    private var hasFolder = false
    private var failure: LogError?
    /// Under way on another thread.
    private var pending: PendingSync?
    private var closesBehindPending = false

    /// What the transaction under way has touched.
    private var begun: (current: Segment?, states: [(Segment, SegmentSummary)], started: [Segment]) = (nil, [], [])
    private var repairs: [Repair] = []

    private enum Repair {
        case restore(Segment, SegmentSummary)
        case remove(path: String)
    }

    init(_ lane: Lane, fileSystem: any FileSystem, directory: String, state: LaneState, policy: SyncPolicy) {
        self.lane = lane
        self.fileSystem = fileSystem
        self.directory = directory
        self.policy = policy
        closed = state.segments
        nextSequence = state.nextSequence
        updateSizes()
    }

    // MARK: Appending

    /// Runs `body`, which writes and starts segments, as a transaction.
    func append(_ body: () throws(LogError) -> Void) throws(LogError) {
        try checkUsable()
        try repair()
        begun = (current, [], [])
        if let current { begun.states.append((current, current.summary)) }
        do {
            try body()
        } catch {
            metrics.failedAppends += 1
            rollback()
            throw error
        }
        commit()
    }

    func write(_ bytes: [UInt8], _ headers: [FrameHeader]) throws(LogError) {
        guard let current else { preconditionFailure("a write without a segment") }
        isDirty = true
        try current.write(bytes, headers)
    }

    /// Begins a segment. The one before is synced first: a later sync only reaches the current one, and the folder.
    func startSegment(firstLSN: LSN, minute: Minute, day: Int64?) throws(LogError) {
        try sync()
        try createFolder()
        let sequence = nextSequence
        nextSequence += 1
        let path = LogLayout.path(of: lane, sequence: sequence, in: directory)
        let header = SegmentHeader(lane: lane, sequence: sequence, firstLSN: firstLSN, day: day ?? 0)
        let file = try logged { () throws(FileSystemError) in try fileSystem.open(path, .appendingToNew) }
        let segment = Segment(file: file, sequence: sequence, firstMinute: minute, day: day)
        begun.started.append(segment)
        try logged { () throws(FileSystemError) in try file.writeAll(header.encoded) }
        current = segment
        (isDirty, isFolderDirty) = (true, true)
    }

    /// Closes the segment being written; the next append has to begin another.
    func closeSegment() throws(LogError) {
        try checkUsable()
        try repair()
        try sync()
        guard let current else { return }
        close(current)
        self.current = nil
        updateSizes()
    }

    private func commit() {
        let written = begun.states.map(\.0) + begun.started
        for (segment, before) in begun.states { count(segment.summary, since: before) }
        for segment in begun.started { count(segment.summary, since: nil) }
        for segment in written where segment !== current { close(segment) }
        begun = (nil, [], [])
        updateSizes()
    }

    private func rollback() {
        for segment in begun.started {
            segment.file.close()
            repairs.append(.remove(path: segment.file.path))
        }
        for (segment, before) in begun.states { repairs.append(.restore(segment, before)) }
        current = begun.current
        // Part of what is taken back may have been synced. It must be gone from disk before its LSNs are given out and
        // acknowledged again: power loss would bring it back in the place of what followed.
        isDirty = current != nil
        isFolderDirty = isFolderDirty || !begun.started.isEmpty
        begun = (nil, [], [])
        // A failure here is not lost: the repairs that are left are tried again by the next append, which tells.
        try? repair()
        updateSizes()
    }

    private func repair() throws(LogError) {
        while let next = repairs.first {
            switch next {
            case .restore(let segment, let summary): try segment.restore(summary)
            case .remove(let path): try remove(path)
            }
            repairs.removeFirst()
        }
    }

    private func close(_ segment: Segment) {
        if pending?.file === segment.file { closesBehindPending = true } else { segment.file.close() }
        closed.append(segment.summary)
    }

    private func count(_ after: SegmentSummary, since before: SegmentSummary?) {
        metrics.frames += after.frames - (before?.frames ?? 0)
        metrics.compressedBytes += after.bytes - (before?.bytes ?? 0)
    }

    func count(rawBytes: Int) { metrics.rawBytes += rawBytes }

    // MARK: Syncing

    /// Whether a sync would have nothing to do.
    var isSynced: Bool { policy == .never || !isDirty && pending == nil }

    /// Makes everything durable that was appended before.
    func sync() throws(LogError) {
        try checkUsable()
        guard policy == .whenAsked else { return }
        // Nobody knows yet whether that will succeed.
        if let pending { markDirty(pending) }
        guard let sync = takeDirty() else { return }
        try conclude(sync, sync.run())
    }

    /// What would make everything durable that was appended before, for a thread that may wait for the disk while the chain goes
    /// on. To be followed by ``endSync(_:_:)``.
    /// - Returns: nil when there is nothing to do, or when the one before is still under way.
    func beginSync() throws(LogError) -> PendingSync? {
        try checkUsable()
        guard policy == .whenAsked, pending == nil else { return nil }
        pending = takeDirty()
        return pending
    }

    /// - Parameter outcome: what ``PendingSync/run()`` returned.
    func endSync(_ outcome: PendingSync.Outcome) throws(LogError) {
        guard let pending else { preconditionFailure("the end of a sync that did not begin") }
        self.pending = nil
        if closesBehindPending { pending.file?.close() }
        closesBehindPending = false
        try conclude(pending, outcome)
    }

    /// What is not on disk yet. From now on it counts as if it were, until ``conclude(_:_:)`` says otherwise.
    private func takeDirty() -> PendingSync? {
        guard isDirty || isFolderDirty else { return nil }
        defer { (isDirty, isFolderDirty) = (false, false) }
        return PendingSync(
            file: isDirty ? current?.file : nil, folder: isFolderDirty ? LogLayout.folder(of: lane, in: directory) : nil,
            fileSystem: fileSystem)
    }

    private func conclude(_ sync: PendingSync, _ outcome: PendingSync.Outcome) throws(LogError) {
        switch outcome {
        case .success(let duration):
            if sync.file != nil { metrics.syncs += 1 }
            metrics.lastSyncDuration = duration
        case .failure(let error):
            if error.isFailedSync { throw fail(error) }
            // What could not even be asked for is asked for again.
            markDirty(sync)
            throw LogError(error)
        }
    }

    private func markDirty(_ sync: PendingSync) {
        if let file = sync.file, file === current?.file { isDirty = true }
        isFolderDirty = isFolderDirty || sync.folder != nil
    }

    private func syncFolder(_ path: String) throws(LogError) {
        guard policy == .whenAsked else { return }
        do {
            try fileSystem.syncDirectory(path)
        } catch {
            throw error.isFailedSync ? fail(error) : LogError(error)
        }
    }

    private func createFolder() throws(LogError) {
        if hasFolder { return }
        try logged { () throws(FileSystemError) in
            try fileSystem.createDirectories(LogLayout.folder(of: lane, in: directory), isSynced: false)
        }
        // Even when the folder was there: a process that was killed may have created it without getting this far.
        try syncFolder(FileSystemPath.parent(of: directory))
        try syncFolder(directory)
        // From now on its descriptor is kept: a sync behind an append cannot fail for want of one.
        try syncFolder(LogLayout.folder(of: lane, in: directory))
        hasFolder = true
    }

    private func fail(_ error: FileSystemError) -> LogError {
        let failed = LogError(error, code: .syncFailed)
        failure = failed
        return failed
    }

    func checkUsable() throws(LogError) {
        guard let failure else { return }
        throw LogError(
            .refused, expected: "to be asked nothing after a sync has failed", found: "a call; \(failure.description)")
    }

    // MARK: Retention

    /// Removes the closed segments that `isRetired` names, oldest first, and tells of each before it goes.
    func retire(
        where isRetired: (SegmentSummary) -> Bool, willRemove: (SegmentSummary) throws(LogError) -> Void = { _ in }
    ) throws(LogError) -> Int {
        try checkUsable()
        // A sync would take a file that is gone for one that somebody else deleted.
        let retired = closed.filter { isRetired($0) && path(of: $0) != pending?.file?.path }
        for segment in retired {
            try willRemove(segment)
            try remove(path(of: segment))
            closed.removeAll { $0.sequence == segment.sequence }
            metrics.retiredSegments += 1
            updateSizes()
        }
        return retired.count
    }

    func path(of segment: SegmentSummary) -> String {
        LogLayout.path(of: lane, sequence: segment.sequence, in: directory)
    }

    /// It is as well when the file is gone already.
    private func remove(_ path: String) throws(LogError) {
        do {
            try fileSystem.remove(path)
        } catch {
            if !error.isNotFound { throw LogError(error) }
        }
    }

    private func updateSizes() {
        metrics.segments = closed.count + (current == nil ? 0 : 1)
        metrics.bytes = closed.reduce(current?.summary.bytes ?? 0) { $0 + $1.bytes }
    }
}
