import DattssCore
import DattssTestSupport
import Testing

@testable import DattssLog

/// Goal: what was certain of the time is known to the next run, whatever happens to the file.
@Suite struct ConfirmedTimeFileTests {
    private static let noon = Timestamp(seconds: 1_795_176_000)

    private func times() -> [ConfirmedTime] {
        [nil, ConfirmedTime.Doubt(aheadMilliseconds: -86_400_000, lastedMilliseconds: 17)].map {
            ConfirmedTime(line: Self.noon, doubt: $0, shown: Self.noon, uptime: 0)
        }
    }

    @Test("what is written is read, and replaces what was there")
    func roundTrip() throws {
        let fileSystem = SimulatedFileSystem()
        try fileSystem.createDirectories("/data", isSynced: true)
        let file = ConfirmedTimeFile(fileSystem: fileSystem, directory: "/data", policy: .whenAsked)
        #expect(try file.read() == nil)
        for time in times() + times() {
            try file.write(time)
            let read = try #require(try file.read())
            #expect(read.line == time.line && read.doubt == time.doubt)
        }
        #expect(try fileSystem.list("/data") == ["clock"])
    }

    @Test("killed before any operation there is the one before or the new one")
    func killed() throws {
        for operation in 1...8 {
            let fileSystem = SimulatedFileSystem()
            try fileSystem.createDirectories("/data", isSynced: true)
            let file = ConfirmedTimeFile(fileSystem: fileSystem, directory: "/data", policy: .whenAsked)
            try file.write(times()[0])
            fileSystem.fail(operation: operation, with: .error(5), isPermanent: true)
            _ = try? file.write(times()[1])
            fileSystem.removeFaults()
            for remains in [fileSystem, fileSystem.remainsAfterPowerLoss()] {
                let again = ConfirmedTimeFile(fileSystem: remains, directory: "/data", policy: .whenAsked)
                let read = try again.read()
                #expect(read == nil || read?.line == Self.noon, "operation \(operation)")
                if remains === fileSystem { #expect(read != nil, "operation \(operation)") }
                try again.write(times()[0])
                #expect(try again.read()?.line == Self.noon, "operation \(operation)")
            }
        }
    }

    @Test(
        "what is no such file is none",
        arguments: [
            "", "dattss clock 1\n", "dattss clock 1\nline 12", "dattss clock 2\nline 12\n", "dattss clock 1\nline x\n",
            "dattss clock 1\nline 12\ndoubt 1\n", "dattss clock 1\nline 12\ndoubt 1 2 3\n", "dattss clock 1\nline 12 13\n",
            "dattss clock 1\nline 99999999999999999999\n", "\0\0\0\0", "dattss clock 1\nline 12\ndoubt 86400000 -1\n",
            "dattss clock 1\nline 12\ndoubt 86400000 259200000\n", "dattss clock 1\nline 12\ndoubt 86400000 \(Int64.max)\n",
        ])
    func malformed(text: String) throws {
        let fileSystem = SimulatedFileSystem()
        try fileSystem.createDirectories("/data", isSynced: true)
        try fileSystem.open("/data/clock", .appendingToNew).writeAll(Array(text.utf8))
        #expect(try ConfirmedTimeFile(fileSystem: fileSystem, directory: "/data", policy: .never).read() == nil)
    }
}
