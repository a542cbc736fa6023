import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: a repaired copy is sound and holds everything that was readable; the original is only read, and no byte of it is
/// lost.
@Suite struct LogRepairTests {
    private let copy = "/copy"

    /// Three segments a lane: two days of blocks of several parts, checkpoints, and batches of three minutes.
    private func log(_ seed: UInt64) throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        var values = RandomValues(seed: seed)
        let accepted = AcceptedLane(fileSystem: fileSystem, directory: data)
        for number in 0..<6 {
            try accepted.append([
                record(2 * number, at: time(Int64(number / 2))), record(2 * number + 1, at: time(Int64(number / 2), 9)),
            ])
        }
        let minutes = MinuteLane(fileSystem: fileSystem, directory: data, partBytes: 700)
        for day in 0..<3 as Range<Int64> {
            for minute in 0..<3 as Range<Int64> {
                try minutes.append(
                    values.block(
                        minute: midnight.advanced(by: day * 1440 + minute), through: LSN(UInt64(day * 3 + minute)),
                        users: 1...3, statistics: 3...9))
            }
            try minutes.append(checkpoint(day * 1440 + 3, through: UInt64(day * 3 + 2)))
        }
        return fileSystem
    }

    /// What a server finds, lane by lane.
    private func found(_ fileSystem: SimulatedFileSystem, in directory: String) throws -> Recording {
        var recording = Recording()
        _ = try Recovery.run(fileSystem: fileSystem.copy(), directory: directory, into: &recording)
        return recording
    }

    private func expectRepaired(
        _ damaged: SimulatedFileSystem, isDamaged: Bool = true, _ comment: Comment
    ) throws {
        let before = damaged.files
        let summary = try LogRepair.repair(fileSystem: damaged, from: data, to: copy)
        #expect(damaged.files.filter { !$0.key.hasPrefix(copy) } == before, comment)
        let verified = try LogVerifier.verify(fileSystem: damaged, directory: copy)
        // A misplaced sector may have brought a whole frame: a copy of another one is no damage.
        #expect(
            verified.isSound && verified.findings.allSatisfy { $0.kind == .duplicate }, "\(comment) \(verified.findings)")
        #expect(summary.quarantined.isEmpty != isDamaged, comment)
        // Every byte of the original is either in a file of the copy or in quarantine.
        for lane in Lane.allCases {
            for sequence in 1...3 as ClosedRange<UInt64> {
                let path = segmentPath(lane, sequence)
                let original = try #require(damaged.bytes(of: path))
                var rebuilt = damaged.bytes(of: LogLayout.path(of: lane, sequence: sequence, in: copy)) ?? []
                for region in summary.quarantined where region.file == path {
                    let bytes = try #require(damaged.bytes(of: region.path))
                    #expect(bytes.count == region.bytes)
                    // A new header stands where an unreadable one stood in front of frames that are kept.
                    if region.offset == 0, !rebuilt.isEmpty { rebuilt.removeFirst(SegmentHeader.byteCount) }
                    rebuilt.insert(contentsOf: bytes, at: region.offset)
                }
                #expect(rebuilt == original, "\(comment) \(path)")
            }
        }
    }

    @Test("a sound log is copied byte by byte, without a quarantine")
    func sound() throws {
        let fileSystem = try log(1)
        try expectRepaired(fileSystem, isDamaged: false, "sound")
        #expect(!fileSystem.files.keys.contains { $0.contains("quarantine") })
        #expect(try found(fileSystem, in: copy) == found(fileSystem, in: data))
    }

    @Test(
        "each kind of damage is quarantined, and the copy gives a server what the original would have given it",
        arguments: 1...20 as ClosedRange<UInt64>)
    func damage(seed: UInt64) throws {
        let fileSystem = try log(seed)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let path = segmentPath(random.element(of: Lane.allCases), UInt64.random(in: 1...3, using: &random))
            fileSystem.corrupt(path) { bytes in
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[position] ^= 1
                case 1: bytes.removeSubrange(position...)
                case 2:
                    for index in position..<min(bytes.count, position + 512) { bytes[index] = 0 }
                default:
                    let end = min(bytes.count, position + 200)
                    bytes.replaceSubrange(position..<end, with: bytes[..<(end - position)])
                }
                if bytes.isEmpty { bytes = [0] }
            }
        }
        let isDamaged = try !LogVerifier.verify(fileSystem: fileSystem, directory: data).findings.isEmpty
        let expected = try found(fileSystem, in: data)
        try expectRepaired(fileSystem, isDamaged: isDamaged, "seed \(seed)")
        #expect(try found(fileSystem, in: copy) == expected, "seed \(seed)")
    }

    @Test("parts of which others are lost go to quarantine with them, and the report tells why")
    func incompleteBlock() throws {
        let fileSystem = try log(3)
        let path = segmentPath(.minutes, 1)
        fileSystem.corrupt(path) { $0[SegmentHeader.byteCount + FrameHeader.byteCount + 5] ^= 1 }
        let summary = try LogRepair.repair(fileSystem: fileSystem, from: data, to: copy)
        let region = try #require(summary.quarantined.first)
        #expect(region.offset == SegmentHeader.byteCount)
        #expect(region.problem.contains("CRC32C") && region.problem.contains("others are missing"))
        let report = try #require(fileSystem.bytes(of: copy + "/quarantine/report.txt"))
        #expect(String(decoding: report, as: UTF8.self) == "\(region)\n")
        #expect(region.path == copy + "/quarantine/minutes-00000000000000000001.log@40.bin")
    }

    @Test("a sector that cannot be read costs what lies in it, and verify tells it")
    func unreadableSector() throws {
        let fileSystem = try log(5)
        let path = segmentPath(.minutes, 2)
        let failing = FailingSectors(fileSystem, path: path, bytes: 512..<1024)
        let verified = try LogVerifier.verify(fileSystem: failing, directory: data)
        #expect(!verified.isSound)
        #expect(verified.findings.contains { $0.kind == .unreadable && $0.file == path && $0.offset == 512 && $0.bytes == 512 })
        let summary = try LogRepair.repair(fileSystem: failing, from: data, to: copy)
        #expect(summary.quarantined.allSatisfy { $0.file == path && $0.offset < 1024 && $0.offset + $0.bytes > 512 })
        #expect(try LogVerifier.verify(fileSystem: fileSystem, directory: copy).findings.isEmpty)
    }

    @Test("nothing is written into a folder that holds anything")
    func occupied() throws {
        let fileSystem = try log(1)
        let before = fileSystem.files
        #expect(throws: LogError.self) { try LogRepair.repair(fileSystem: fileSystem, from: data, to: data) }
        #expect(fileSystem.files == before)
    }
}

/// A disk on which some bytes of a file cannot be read.
private struct FailingSectors: FileSystem {
    let base: SimulatedFileSystem
    let path: String
    let bytes: Range<Int>

    init(_ base: SimulatedFileSystem, path: String, bytes: Range<Int>) {
        (self.base, self.path, self.bytes) = (base, path, bytes)
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        let file = try base.open(path, mode)
        return path == self.path ? FailingFile(base: file, failing: bytes) : file
    }

    func createDirectory(_ path: String) throws(FileSystemError) { try base.createDirectory(path) }
    func list(_ path: String) throws(FileSystemError) -> [String] { try base.list(path) }
    func rename(_ path: String, to newPath: String) throws(FileSystemError) { try base.rename(path, to: newPath) }
    func remove(_ path: String) throws(FileSystemError) { try base.remove(path) }
    func size(of path: String) throws(FileSystemError) -> Int { try base.size(of: path) }
    func exists(_ path: String) throws(FileSystemError) -> Bool { try base.exists(path) }
    func syncDirectory(_ path: String) throws(FileSystemError) { try base.syncDirectory(path) }
    func lock(_ path: String) throws(FileSystemError) -> any FileLock { try base.lock(path) }
}

private final class FailingFile: File {
    private let base: any File
    private let failing: Range<Int>

    init(base: any File, failing: Range<Int>) {
        self.base = base
        self.failing = failing
    }

    var path: String { base.path }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        guard !failing.overlaps(offset..<offset + buffer.count) else { throw FileSystemError(.read, path, code: 5) }
        return try base.read(into: buffer, at: offset)
    }

    func size() throws(FileSystemError) -> Int { try base.size() }
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) -> Int { try base.append(bytes) }
    func truncate(to size: Int) throws(FileSystemError) { try base.truncate(to: size) }
    func sync() throws(FileSystemError) { try base.sync() }
    func close() { base.close() }
}
