public import DattssCore

/// What is rebuilt out of the log on start.
///
/// The calls come in this order: the checkpoint, if there is one; the blocks written after it, or all; the batches, by
/// LSN. Nothing is handed over twice.
public protocol RecoveryHandler {
    mutating func restore(_ checkpoint: Checkpoint)
    mutating func restore(_ block: MinuteBlock)
    /// - Parameter isCovered: whether the batch is already contained in the checkpoint or in a block: then it only serves
    ///   to rebuild rolling windows and the suppression of duplicates.
    mutating func restore(_ batch: AcceptedBatch, isCovered: Bool)
}

/// Reads the log on start, mends its end, and says where the lanes go on.
///
/// Promises:
/// - A torn last frame, or block, is cut; no frame before it is lost.
/// - A corrupt frame loses only itself, is reported, and is never taken for data. Its bytes stay where they are.
/// - Idempotent: a second run makes the same calls and leaves the same bytes.
/// - At most one decoded block or frame is in memory at a time.
public enum Recovery {
    /// - Parameters:
    ///   - directory: the data folder; may be missing.
    ///   - policy: whether a cut is synced.
    public static func run<Handler: RecoveryHandler>(
        fileSystem: any FileSystem, directory: String, policy: SyncPolicy = .whenAsked, into handler: inout Handler
    ) throws(LogError) -> RecoveryReport {
        let minutes = try LaneScan(.minutes, directory: directory, fileSystem)
        let accepted = try LaneScan(.accepted, directory: directory, fileSystem)
        var report = RecoveryReport(history: History(fileSystem: fileSystem, directory: directory))
        for scan in [minutes, accepted] {
            try cut(scan, fileSystem, &report)
            if policy == .whenAsked { try settle(scan, directory, fileSystem) }
        }

        let minuteState = minutes.state()
        let blocks = BlockLocation.all(minutes.framesAfterCut)
        report.history.add(blocks.complete.flatMap { $0.parts.map { $0[0] } })
        report.duplicatesIgnored += blocks.duplicates.count
        for part in blocks.incomplete {
            let path = LogLayout.path(of: .minutes, sequence: part.segment, in: directory)
            report.corrupt.append(Finding(incompletePart: part, path: path))
        }

        let sealed = try takeInSealedFiles(fileSystem, directory, policy, &report)
        let throughMax = try restore(blocks.complete, fileSystem, directory, &report, &handler)
        report.minutes = minuteState
        // The number of a frame that a sealed file contains must not be given to another.
        report.minutes.nextLSN = sealed.reduce(minuteState.nextLSN) { max($0, $1.covered.advanced(by: 1)) }
        report.accepted = accepted.state(throughMax: sealed.reduce(throughMax) { max($0, $1.through ?? .zero) })
        try restore(accepted.framesAfterCut, fileSystem, directory, &report, &handler)
        report.bytes = (report.minutes.segments + report.accepted.segments).reduce(0) { $0 + $1.bytes }
        return report
    }

    /// Truncates the lane's last segment to the end of its last whole block, and takes in what was found.
    private static func cut(
        _ scan: LaneScan, _ fileSystem: any FileSystem, _ report: inout RecoveryReport
    ) throws(LogError) {
        report.segments += scan.segments.count
        report.frames += scan.framesAfterCut.count
        let cut = scan.cut
        report.corrupt += scan.findings.filter { $0.kind != .tornTail || $0.file != cut?.path }
        guard let cut else { return }
        try logged { () throws(FileSystemError) in
            try fileSystem.open(cut.path, .appendingToExisting).truncate(to: cut.offset)
        }
        report.tornTails.append(
            Finding(
                .tornTail, file: cut.path, offset: cut.offset, bytes: cut.bytes,
                problem: "a frame or block that was not written to its end"))
    }

    /// Syncs what the process before may have left in the kernel's caches when it was killed: from now on it is relied upon, and
    /// the lanes only sync what they write themselves. Older segments were synced before the next was begun.
    private static func settle(
        _ scan: LaneScan, _ directory: String, _ fileSystem: any FileSystem
    ) throws(LogError) {
        guard let last = scan.segments.last else { return }
        do throws(FileSystemError) {
            try fileSystem.open(last.path, .reading).sync()
            let folder = LogLayout.folder(of: scan.lane, in: directory)
            for path in [folder, directory, FileSystemPath.parent(of: directory)] { try fileSystem.syncDirectory(path) }
        } catch {
            throw LogError(error, code: .syncFailed)
        }
    }

    /// Puts the sealed files into the index, and removes what a sealing that was cut off has left.
    private static func takeInSealedFiles(
        _ fileSystem: any FileSystem, _ directory: String, _ policy: SyncPolicy, _ report: inout RecoveryReport
    ) throws(LogError) -> [SealedFooter] {
        let folders = SealedStep.allCases.map { LogLayout.folder(of: $0, in: directory) }
        for folder in folders + [LogLayout.quarantine(in: directory)] {
            for name in try LogLayout.names(in: folder, fileSystem) where LogLayout.isLeftover(name) {
                try logged { () throws(FileSystemError) in try fileSystem.remove(folder + "/" + name) }
                report.leftoversRemoved += 1
            }
        }
        let sealed = try report.history.addSealedFiles()
        report.sealedFiles = sealed.footers.count
        report.corrupt += sealed.findings
        // A process that was killed may have renamed a file without getting this far. Segments must not be deleted for the
        // sake of a name that a power loss would take.
        for step in Set(sealed.footers.map(\.step)) {
            try SealedFileWriter.syncFolder(step, directory, fileSystem, policy)
        }
        return sealed.footers
    }

    /// Restores the newest readable checkpoint and the blocks after it.
    /// - Returns: the largest `through` that any header names, readable or not: no LSN up to it is given out again.
    private static func restore<Handler: RecoveryHandler>(
        _ blocks: [BlockLocation], _ fileSystem: any FileSystem, _ directory: String, _ report: inout RecoveryReport,
        _ handler: inout Handler
    ) throws(LogError) -> LSN {
        let reader = BlockReader(fileSystem: fileSystem, directory: directory)
        var start = 0
        for (index, block) in blocks.enumerated().reversed() where block.header.kind == .checkpoint {
            guard let checkpoint = try reader.checkpoint(block, &report.corrupt) else { continue }
            handler.restore(checkpoint)
            report.hasCheckpoint = true
            report.through = checkpoint.through
            start = index + 1
            break
        }
        // Those before the checkpoint are contained in it, and so is what they cover.
        for block in blocks[..<start] { report.through = max(report.through, block.header.through ?? .zero) }
        for block in blocks[start...] where block.header.kind == .minutes {
            guard let minutes = try reader.block(block, &report.corrupt) else { continue }
            handler.restore(minutes)
            report.blocks += 1
            // A block that could not be read covers nothing by itself: when it is the last one, its batches are replayed.
            report.through = max(report.through, minutes.through ?? .zero)
        }
        return blocks.reduce(.zero) { max($0, $1.header.through ?? .zero) }
    }

    /// Restores the batches by LSN, each once.
    /// - Parameter frames: sorted by LSN; copies of a frame follow each other, and stand in for one that is corrupt.
    private static func restore<Handler: RecoveryHandler>(
        _ frames: [FrameLocation], _ fileSystem: any FileSystem, _ directory: String, _ report: inout RecoveryReport,
        _ handler: inout Handler
    ) throws(LogError) {
        let reader = PayloadReader(.accepted, fileSystem: fileSystem, directory: directory)
        // Clients send the same names again and again.
        var names = NameCache()
        var last = LSN.zero
        for frame in frames {
            if frame.header.recordCount > 0, frame.header.lastLSN <= last {
                report.duplicatesIgnored += Int(frame.header.recordCount)
                continue
            }
            var batches: [AcceptedBatch] = []
            do throws(LogError) {
                let raw = try reader.payload(of: frame)
                // All of the frame or nothing: what follows a record that cannot be read is not to be trusted either.
                try AcceptedPayload.decode(raw, header: frame.header, &names) { (batch) throws(LogError) in
                    batches.append(batch)
                }
            } catch {
                report.corrupt.append(try Finding(frame, error, path: reader.path(of: frame)))
                continue
            }
            for batch in batches {
                if batch.lsn <= last {
                    report.duplicatesIgnored += 1
                    continue
                }
                last = batch.lsn
                let isCovered = batch.lsn <= report.through
                handler.restore(batch, isCovered: isCovered)
                report.batches += 1
                if isCovered { report.coveredBatches += 1 }
            }
        }
    }
}

extension LaneScan {
    /// By LSN, without those that the cut takes.
    var framesAfterCut: [FrameLocation] {
        guard let cut, let last = segments.last else { return frames }
        return frames.filter { $0.segment != last.sequence || $0.end <= cut.offset }
    }
}

extension Finding {
    /// A frame that cannot be read. Errors of the file system are thrown on: they say nothing about the frame.
    init(_ frame: FrameLocation, _ error: LogError, path: String) throws(LogError) {
        if error.code == .fileSystem { throw error }
        self.init(
            .corruptFrame, file: path, offset: frame.offset, bytes: frame.header.frameLength,
            problem: error.description)
    }

    init(incompletePart part: FrameLocation, path: String) {
        self.init(
            .incompleteBlock, file: path, offset: part.offset, bytes: part.header.frameLength,
            problem: "part \(part.header.part) of \(part.header.parts), others are missing")
    }
}
