import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: the tools tell what is on disk, and touch nothing.
@Suite struct LogToolsTests {
    private func log() throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        let accepted = AcceptedLane(fileSystem: fileSystem, directory: data)
        try accepted.append([record(1, at: time(0, 1234)), record(2, at: time(0, 5678))])
        let minutes = MinuteLane(fileSystem: fileSystem, directory: data)
        try minutes.append(block(0, through: 2))
        try minutes.append(checkpoint(1, through: 2))
        return fileSystem
    }

    @Test("a sound log verifies without findings")
    func sound() throws {
        let summary = try LogVerifier.verify(fileSystem: try log(), directory: data)
        #expect(summary.isSound && summary.findings.isEmpty)
        #expect(summary.batches == 2)
        #expect(summary.blocks == 1)
        #expect(summary.checkpoints == 1)
        #expect(summary.frames == 3)
    }

    @Test("every flipped bit and every cut is found, and nothing is written")
    func damage() throws {
        let original = try log()
        for lane in Lane.allCases {
            let path = segmentPath(lane, 1)
            let size = try #require(original.bytes(of: path)).count
            for position in stride(from: 0, to: size, by: 3) {
                let flipped = original.copy()
                flipped.corrupt(path) { $0[position] ^= 0x10 }
                let before = flipped.files
                #expect(try !LogVerifier.verify(fileSystem: flipped, directory: data).findings.isEmpty, "\(path) \(position)")
                #expect(flipped.files == before)
            }
            let cut = original.copy()
            cut.corrupt(path) { $0.removeLast() }
            let summary = try LogVerifier.verify(fileSystem: cut, directory: data)
            #expect(summary.findings.map(\.kind) == [.tornTail])
            #expect(summary.isSound)
        }
    }

    @Test("a dump has a line for each segment, frame and record")
    func dump() throws {
        var lines: [String] = []
        try LogDump.lines(fileSystem: try log(), directory: data, detail: .records) { lines.append($0) }
        #expect(lines.count == 2 + 3 + (2 + 2) + (1 + 1) + (1 + 1 + 1))
        #expect(lines[1].contains("accepted  LSN 1..2  2026-11-22T00:00Z  2 records"))
        #expect(lines[2].contains("2026-11-22T00:00:01.234Z  user local  1 partials  cid c seq 1"))
        #expect(lines[3].contains("c n  sum 1.0  cnt 1"))
        #expect(lines.contains { $0.contains("day 2026-11-22") })
        var headings: [String] = []
        try LogDump.lines(fileSystem: try log(), directory: data, detail: .segments) { headings.append($0) }
        #expect(headings.count == 2)
    }

    @Test("what a server lets go of while a tool reads is read to its end, or was never there")
    func retiredMeanwhile() throws {
        let original = try log()
        let accepted = data + "/accepted"
        let sound = try LogVerifier.verify(fileSystem: original, directory: data)

        // After it was listed.
        let later = original.copy()
        let standing = StandingFileSystem(later)
        #expect(try standing.list(accepted).count == 1)
        try later.remove(segmentPath(.accepted, 1))
        #expect(try LogVerifier.verify(fileSystem: standing, directory: data).description == sound.description)
        var lines = 0
        try LogDump.lines(fileSystem: standing, directory: data, detail: .records) { _ in lines += 1 }
        #expect(lines > 4)
        let reader = try AcceptedLaneReader(fileSystem: standing, directory: data)
        #expect(try reader.next() != nil && reader.next() != nil)
        #expect(throws: FileSystemError.self) { try later.open(segmentPath(.accepted, 1), .reading) }

        // Between its listing and its opening: the file system of before would not find it.
        let sooner = original.copy()
        let vanishing = VanishingFileSystem(sooner, segmentPath(.accepted, 1))
        let summary = try LogVerifier.verify(fileSystem: StandingFileSystem(vanishing), directory: data)
        #expect(summary.isSound && summary.batches == 0 && summary.blocks == 1)
    }
}

/// Another process removes a file whenever its folder was listed.
private struct VanishingFileSystem: FileSystem {
    private let base: SimulatedFileSystem
    private let path: String

    init(_ base: SimulatedFileSystem, _ path: String) { (self.base, self.path) = (base, path) }

    func list(_ folder: String) throws(FileSystemError) -> [String] {
        let names = try base.list(folder)
        if path.hasPrefix(folder + "/"), try base.exists(path) { try base.remove(path) }
        return names
    }
    func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File { try base.open(path, mode) }
    func size(of path: String) throws(FileSystemError) -> Int { try base.size(of: path) }
    func exists(_ path: String) throws(FileSystemError) -> Bool { try base.exists(path) }
    func createDirectory(_ path: String) throws(FileSystemError) { try base.createDirectory(path) }
    func rename(_ path: String, to newPath: String) throws(FileSystemError) { try base.rename(path, to: newPath) }
    func remove(_ path: String) throws(FileSystemError) { try base.remove(path) }
    func syncDirectory(_ path: String) throws(FileSystemError) { try base.syncDirectory(path) }
    func lock(_ path: String) throws(FileSystemError) -> any FileLock { try base.lock(path) }
}
