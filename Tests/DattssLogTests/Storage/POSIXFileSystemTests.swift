import DattssCore
import DattssTestSupport
import LibC
import Synchronization
import Testing

@testable import DattssLog

/// Goal: the real file system and the simulated one behave alike, so that what is proved on one holds on the other.
@Suite struct POSIXFileSystemTests {
    /// A folder of its own, removed afterwards.
    private func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array(("/tmp/dattss-log-" + String(repeating: "X", count: 6)).utf8CString)
        let path = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            let fileSystem = POSIXFileSystem()
            for lane in ["/x/accepted", "/x/minutes", "/x", ""] {
                for name in (try? fileSystem.list(path + lane)) ?? [] { try? fileSystem.remove(path + lane + "/" + name) }
                rmdir(path + lane)
            }
        }
        try body(path)
    }

    private func exercise(_ fileSystem: any FileSystem, _ folder: String) throws {
        let file = folder + "/f"
        #expect(try !fileSystem.exists(file))
        let writer = try fileSystem.open(file, .appendingToNew)
        try writer.writeAll(Array("hello world".utf8))
        try writer.sync()
        try fileSystem.syncDirectory(folder)
        #expect(try writer.size() == 11)
        try writer.truncate(to: 5)
        try writer.writeAll(Array("!".utf8))
        let reader = try fileSystem.open(file, .reading)
        #expect(try reader.bytes(at: 1, count: 100) == Array("ello!".utf8))
        #expect(try reader.bytes(at: 100, count: 1) == [])
        #expect(try fileSystem.size(of: file) == 6)
        let existing = #expect(throws: FileSystemError.self) { try fileSystem.open(file, .appendingToNew) }
        #expect(existing?.code == EEXIST)
        let readOnly = #expect(throws: FileSystemError.self) { try reader.writeAll([1]) }
        #expect(readOnly?.code == EBADF)
        try fileSystem.rename(file, to: folder + "/g")
        #expect(try fileSystem.list(folder) == ["g"])
        try fileSystem.open(folder + "/g", .appendingToExisting).writeAll([33])
        #expect(try fileSystem.size(of: folder + "/g") == 7)
        try fileSystem.remove(folder + "/g")
        for call in [
            { _ = try fileSystem.open(file, .reading) }, { try fileSystem.remove(file) }, { _ = try fileSystem.size(of: file) },
        ] as [() throws -> Void] {
            let error = #expect(throws: FileSystemError.self) { try call() }
            #expect(error?.isNotFound == true)
            #expect(error?.description.contains(file) == true)
        }
        try fileSystem.createDirectories(folder + "/x/accepted", isSynced: true)
        #expect(try fileSystem.exists(folder + "/x/accepted"))
        let again = #expect(throws: FileSystemError.self) { try fileSystem.createDirectory(folder + "/x") }
        #expect(again?.code == EEXIST)
        let lock = try DataFolder.lock(folder + "/x", fileSystem: fileSystem)
        let locked = #expect(throws: LogError.self) { try DataFolder.lock(folder + "/x", fileSystem: fileSystem) }
        #expect(locked?.fileSystemError?.isLockedByAnother == true)
        lock.release()
        _ = try DataFolder.lock(folder + "/x", fileSystem: fileSystem)
    }

    @Test("a directory that was synced once can be synced when no descriptor is left, and one that was not is told apart")
    func noDescriptorLeft() throws {
        // Goal: a process that ran out of descriptors is not taken for a disk that lost what was written.
        try withFolder { folder in
            let fileSystem = POSIXFileSystem()
            try fileSystem.createDirectories(folder + "/x/accepted", isSynced: false)
            let left = Atomic(1)
            let directories = DirectoryDescriptors { path in
                if left.exchange(0, ordering: .relaxed) == 1 { return open(path, O_RDONLY) }
                errno = EMFILE
                return -1
            }
            try directories.sync(folder + "/x")
            try directories.sync(folder + "/x")
            let error = #expect(throws: FileSystemError.self) { try directories.sync(folder + "/x/accepted") }
            #expect(error?.code == EMFILE)
            #expect(error?.isFailedSync == false)
        }
    }

    @Test("a directory that took another's place is the one that is synced")
    func replacedDirectory() throws {
        // Goal: a descriptor that is kept never stands for a directory that is gone.
        try withFolder { folder in
            let fileSystem = POSIXFileSystem()
            try fileSystem.createDirectory(folder + "/x")
            try fileSystem.syncDirectory(folder + "/x")
            rmdir(folder + "/x")
            let gone = #expect(throws: FileSystemError.self) { try fileSystem.syncDirectory(folder + "/x") }
            #expect(gone?.isNotFound == true)
            try fileSystem.createDirectory(folder + "/x")
            try fileSystem.syncDirectory(folder + "/x")
            #expect(try fileSystem.exists(folder + "/x"))
        }
    }

    @Test("the real one keeps the contract") func real() throws {
        try withFolder { try exercise(POSIXFileSystem(), $0) }
    }

    @Test("the simulated one keeps the contract") func simulated() throws {
        let fileSystem = SimulatedFileSystem()
        try fileSystem.createDirectory("/folder")
        try exercise(fileSystem, "/folder")
    }

    @Test("a log on the real file system is written, recovered and read")
    func logOnDisk() throws {
        try withFolder { folder in
            let fileSystem = POSIXFileSystem()
            let directory = folder + "/x"
            let accepted = AcceptedLane(fileSystem: fileSystem, directory: directory)
            try accepted.append([record(1, at: time(0))])
            try accepted.sync()
            var first = Recording()
            let report = try Recovery.run(fileSystem: fileSystem, directory: directory, into: &first)
            let minutes = MinuteLane(
                fileSystem: fileSystem, directory: directory, state: report.minutes, history: report.history)
            try minutes.append(block(0, through: 1))
            try minutes.sync()
            var second = Recording()
            _ = try Recovery.run(fileSystem: fileSystem, directory: directory, into: &second)
            #expect(second.order == "ba")
            #expect(second.covered == [LSN(1)])
            let key = StatisticKey(.gauge, "s10000")
            let slice = try report.history.read(user: local, key: key, minutes: midnight..<midnight.advanced(by: 1))
            #expect(slice.points.map(\.aggregate) == [Aggregate(sample: 0)])
        }
    }
}
