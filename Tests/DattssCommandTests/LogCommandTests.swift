import ArgumentParser
import DattssCore
import DattssLog
import DattssTestSupport
import FoundationEssentials
import Testing

@testable import dattss

/// Goal: the commands about the log do what they say to real folders, and nothing else.
@Suite struct LogCommandTests {
    private let user = UserID("local")!

    private func inTemporaryFolder(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/dattss-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    /// A folder with some minutes, of which one byte is damaged when asked for.
    private func makeFolder(_ directory: String, isDamaged: Bool = false) throws {
        let fileSystem = POSIXFileSystem()
        try DataFolder.lock(directory, fileSystem: fileSystem).release()
        let lane = MinuteLane(fileSystem: fileSystem, directory: directory)
        for minute in 0..<5 as Range<Int64> {
            let partials = [Partial(StatisticKey(.gauge, "g"), Aggregate(sample: Double(minute)))]
            try lane.append(
                MinuteBlock(
                    minute: Minute(29_921_760 + minute), through: nil, users: [UserMinute(user: user, aggregates: partials)]))
        }
        try "a secret".write(toFile: directory + "/secret", atomically: false, encoding: .utf8)
        try "users".write(toFile: directory + "/accounts.sqlite", atomically: false, encoding: .utf8)
        guard isDamaged else { return }
        let path = LogLayout.path(of: .minutes, sequence: 1, in: directory)
        let size = try fileSystem.size(of: path)
        let handle = try fileSystem.open(path, .reading)
        var bytes = try handle.bytes(at: 0, count: size)
        bytes[size - 3] ^= 1
        try fileSystem.remove(path)
        try fileSystem.open(path, .appendingToNew).writeAll(bytes)
    }

    @Test("repair copies the log, the users and the secret, and leaves the original alone")
    func repair() throws {
        try inTemporaryFolder { folder in
            let (source, copy) = (folder + "/source", folder + "/copy")
            try makeFolder(source, isDamaged: true)
            #expect(throws: ExitCode.self) { try LogCommand.Verify.parse(["--data-dir", source]).run() }
            try LogCommand.Repair.parse(["--data-dir", source, "--to", copy]).run()
            try LogCommand.Verify.parse(["--data-dir", copy]).run()
            for name in ["secret", "accounts.sqlite"] {
                #expect(
                    FileManager.default.contents(atPath: "\(copy)/\(name)")
                        == FileManager.default.contents(atPath: "\(source)/\(name)"))
            }
            #expect(FileManager.default.fileExists(atPath: copy + "/quarantine/report.txt"))
            #expect(!FileManager.default.fileExists(atPath: source + "/quarantine"))
            #expect(throws: (any Error).self) { try LogCommand.Repair.parse(["--data-dir", source, "--to", copy]).run() }
        }
    }

    @Test("repair keeps away from a folder that a server has, and from one that is not there")
    func repairRefused() throws {
        try inTemporaryFolder { folder in
            try makeFolder(folder + "/source")
            let lock = try DataFolder.lock(folder + "/source", fileSystem: POSIXFileSystem())
            defer { lock.release() }
            #expect(throws: CommandFailure.self) {
                try LogCommand.Repair.parse(["--data-dir", folder + "/source", "--to", folder + "/copy"]).run()
            }
            #expect(throws: CommandFailure.self) {
                try LogCommand.Repair.parse(["--data-dir", folder + "/nothing", "--to", folder + "/copy"]).run()
            }
        }
    }

    @Test("export says that there is nothing of a user, and reads times in all their forms")
    func export() throws {
        try inTemporaryFolder { folder in
            try makeFolder(folder + "/source")
            #expect(throws: CommandFailure.self) {
                try LogCommand.Export.parse(["--data-dir", folder + "/source", "--user", "nobody"]).run()
            }
            #expect(throws: CommandFailure.self) {
                try LogCommand.Export.parse(["--data-dir", folder + "/nothing", "--user", "local"]).run()
            }
        }
        #expect(throws: (any Error).self) {
            try LogCommand.Export.parse(["--user", "local", "--format", "openmetrics", "--sketches"])
        }
        for text in ["1795305600", "2026-11-22", "2026-11-22T00:00:00Z", "2026-11-22T01:00:00+01:00"] {
            #expect(TimeArgument(argument: text)?.time == Timestamp(seconds: 1_795_305_600), "\(text)")
        }
        #expect(TimeArgument(argument: "yesterday") == nil)
    }

    @Test("a table of sizes has a line for each part, with bytes an aggregate")
    func sizes() throws {
        try inTemporaryFolder { folder in
            try makeFolder(folder)
            let sizes = try LogSizes.of(fileSystem: POSIXFileSystem(), directory: folder)
            let lines = SizeTable(sizes).lines
            #expect(lines[0] == "users 1  statistics 1  minutes 2026-11-22 00:00 to 2026-11-22 00:04")
            let minutes = try #require(lines.first { $0.hasPrefix("minutes/") }).split(separator: " ")
            #expect(minutes.count == 5 && minutes[1] == "1" && minutes[3] == "5")
            #expect(minutes[4] == (Double(sizes.bytes) / 5).text())
            #expect(lines.contains { $0.hasPrefix("  frame headers") && $0.hasSuffix("56.00") })
            #expect(!lines.contains { $0.hasPrefix("accepted/") })
        }
    }

    @Test("numbers are written as people read them")
    func numbers() {
        #expect([0, 7, 1234, 1_152_000, -1_000_000].map(SizeTable.grouped) == ["0", "7", "1,234", "1,152,000", "-1,000,000"])
        #expect([4.7, 0, -0.001, -1.5, 1e6, 0.995].map { $0.text() } == ["4.70", "0.00", "0.00", "-1.50", "1000000.00", "1.00"])
        #expect([(2.5).text(0), (2.04).text(1), Double.nan.text(), Double.infinity.text()] == ["3", "2.0", "–", "–"])
        // What has no such text as a whole number of its last decimals, in either direction.
        #expect([0x1p52.text(9), (-0x1p52).text(5), 0x1p52.text(0)] == ["–", "–", "4503599627370496"])
    }
}
