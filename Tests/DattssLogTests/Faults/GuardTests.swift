import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: each guard is needed. The same check runs with the guard, and has to pass, and without it, and has to fail:
/// `withKnownIssue` is a failure when there is no issue.
@Suite struct GuardTests {
    // MARK: Checksums

    /// Flips bits of some bytes of every frame.
    /// - Parameter repair: puts right what would give the flip away.
    private func checkFlips(in range: Range<Int>, _ repair: (inout [UInt8], Range<Int>) -> Void) throws {
        let log = try WrongValueTests.log()
        var harm: [String] = []
        for frame in log.frames {
            for bit in stride(from: 8 * range.lowerBound, to: 8 * min(range.upperBound, frame.range.count), by: 7) {
                let disk = log.disk.copy()
                disk.corrupt(frame.path) { bytes in
                    bytes[frame.range.lowerBound + bit / 8] ^= 1 << (bit % 8)
                    repair(&bytes, frame.range)
                }
                let judgement = Judgement(of: disk, from: log)
                if judgement.isSilent || !judgement.problems.isEmpty { harm.append("\(frame) bit \(bit): \(judgement.problems)") }
            }
        }
        #expect(harm.isEmpty, "\(harm.count) flips did harm: \(harm.first ?? "")")
    }

    private static func repairHeader(_ bytes: inout [UInt8], _ frame: Range<Int>) {
        store(CRC32C.checksum(bytes, in: frame.lowerBound..<frame.lowerBound + 52), at: frame.lowerBound + 52, in: &bytes)
    }

    private static func repairPayload(_ bytes: inout [UInt8], _ frame: Range<Int>) {
        store(CRC32C.checksum(bytes, in: frame.lowerBound + 56..<frame.upperBound), at: frame.lowerBound + 48, in: &bytes)
        repairHeader(&bytes, frame)
    }

    private static func store(_ checksum: UInt32, at offset: Int, in bytes: inout [UInt8]) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
    }

    @Test("without the header's CRC a flipped bit of a header does harm")
    func headerChecksum() throws {
        try checkFlips(in: 4..<48) { _, _ in }
        withKnownIssue { try checkFlips(in: 4..<48, Self.repairHeader) }
    }

    @Test("without the payload's CRC a flipped bit of a payload does harm")
    func payloadChecksum() throws {
        try checkFlips(in: FrameHeader.byteCount..<1000) { _, _ in }
        withKnownIssue { try checkFlips(in: FrameHeader.byteCount..<1000, Self.repairPayload) }
    }

    @Test("without the CRC of a chunk a flipped bit of a sealed file does harm")
    func chunkChecksum() throws {
        let points = (0..<30).map { minute in
            HistorySlice.Point(minute: midnight.advanced(by: minute), aggregate: Aggregate(sample: Double(minute * minute)))
        }
        let chunk = ChunkCodec.encode(points, origin: midnight)
        // That the CRC notices each of them is what SealedFileFaultTests show.
        withKnownIssue {
            var harm = 0
            for bit in 0..<8 * chunk.count {
                var flipped = chunk
                flipped[bit / 8] ^= 1 << (bit % 8)
                if let decoded = try? ChunkCodec.decode(flipped, origin: midnight), decoded != points { harm += 1 }
            }
            #expect(harm == 0)
        }
    }

    // MARK: Syncs

    /// A log works, and then the power fails.
    private func checkPowerLoss(forgetting forgets: @escaping @Sendable (FileSystemError.Operation, String) -> Bool) throws {
        let disk = SimulatedFileSystem()
        var problems: [String] = []
        var log = try WorkingLog(ForgetfulFileSystem(base: disk, forgets: forgets), problems: &problems)
        PowerLossTests.script(&log)
        disk.crash()
        _ = try WorkingLog(disk, log.promises, isKilled: false, problems: &problems)
        #expect(problems.isEmpty, "\(problems)")
    }

    @Test("without fdatasync a power loss loses what was acknowledged", arguments: Lane.allCases)
    func fdatasync(lane: Lane) throws {
        try checkPowerLoss { _, _ in false }
        let folder = LogLayout.folder(of: lane, in: data)
        withKnownIssue { try checkPowerLoss { operation, path in operation == .sync && path.hasPrefix(folder) } }
    }

    @Test("without fsync of a directory a power loss loses whole segments", arguments: Lane.allCases)
    func directorySync(lane: Lane) throws {
        let folder = LogLayout.folder(of: lane, in: data)
        withKnownIssue { try checkPowerLoss { operation, path in operation == .syncDirectory && path == folder } }
    }

    @Test("without fsync of the data folder a power loss loses a whole lane")
    func dataDirectorySync() throws {
        withKnownIssue { try checkPowerLoss { operation, path in operation == .syncDirectory && path == data } }
    }

    @Test("without fdatasync of a sealed file before it gets its name a power loss loses the day")
    func sealedFileSync() throws {
        withKnownIssue { try checkPowerLoss { operation, path in operation == .sync && path.hasSuffix(".tmp") } }
    }

    @Test("without fsync of their folders a power loss loses sealed files")
    func sealedFolderSync() throws {
        let folders = SealedStep.allCases.map { LogLayout.folder(of: $0, in: data) }
        withKnownIssue { try checkPowerLoss { operation, path in operation == .syncDirectory && folders.contains(path) } }
    }

    /// A log is killed with unsynced batches, the next process answers for them, and then the power fails.
    private func checkKillThenPowerLoss(forgetting forgets: @escaping @Sendable (FileSystemError.Operation, String) -> Bool) throws
    {
        let disk = SimulatedFileSystem()
        var problems: [String] = []
        var first = try WorkingLog(disk, problems: &problems)
        first.accept(2)
        let second = try WorkingLog(
            ForgetfulFileSystem(base: disk, forgets: forgets), first.promises, isKilled: true, problems: &problems)
        disk.crash()
        _ = try WorkingLog(disk, second.promises, isKilled: false, problems: &problems)
        #expect(problems.isEmpty, "\(problems)")
    }

    @Test("without the sync on start a power loss loses what the killed process had not synced")
    func syncOnStart() throws {
        try checkKillThenPowerLoss { _, _ in false }
        withKnownIssue {
            try checkKillThenPowerLoss { operation, _ in operation == .sync }
        }
    }

    // MARK: The duplicate window

    /// A client does not hear the answer to its last batch; the server starts again; the client sends the batch again.
    /// - Parameter strips: whether replay forgets the windows of clients.
    private func checkDuplicate(strips: Bool, retired: Bool) throws {
        let disk = SimulatedFileSystem()
        var author = LogAuthor(disk)
        try author.accept([(local, batch(7), time(0))])
        var closed = block(0, through: 1)
        closed.users[0].clients = [ClientWindow(client: "c", window: SequenceWindow(first: 7))]
        try author.append(closed)
        if retired { try disk.remove(segmentPath(.accepted, 1)) }
        var replay = AdmissionReplay(strips: strips)
        _ = try Recovery.run(fileSystem: disk, directory: data, into: &replay)
        #expect(replay.admission.admit(batch(7), at: time(1), limits: Limits()) == .duplicate)
    }

    @Test("without the windows of clients a batch that is sent again after a restart counts twice", arguments: [false, true])
    func duplicateWindow(retired: Bool) throws {
        try checkDuplicate(strips: false, retired: retired)
        withKnownIssue { try checkDuplicate(strips: true, retired: retired) }
    }

    private struct AdmissionReplay: RecoveryHandler {
        var admission = Admission()
        let strips: Bool

        init(strips: Bool) { self.strips = strips }

        mutating func restore(_ checkpoint: Checkpoint) {
            for user in checkpoint.users { restore(user.clients, at: checkpoint.at) }
        }

        mutating func restore(_ block: MinuteBlock) {
            for user in block.users { restore(user.clients, at: block.minute.start) }
        }

        mutating func restore(_ accepted: AcceptedBatch, isCovered: Bool) {
            if !strips, let origin = accepted.batch.origin { admission.commit(origin, at: accepted.at) }
        }

        private mutating func restore(_ clients: [ClientWindow], at time: Timestamp) {
            for client in clients where !strips { admission.restore(client.window, of: client.client, at: time) }
        }
    }
}
