import DattssCore
import DattssTestSupport
import Testing

@testable import DattssLog

/// Goal: the tools know sealed files as well as segments.
@Suite struct SealedToolsTests {
    private let copy = "/copy"

    /// Two sealed days of two users, the second with a block that came after sealing. Made once: sealing takes a while.
    private static let made = Result {
        var values = RandomValues(seed: 1)
        var scene = try SealScene()
        let users = [local, UserID("other")!]
        let keys = Set((0..<4).map { _ in values.key() }).sorted()
        for block in randomDay(&values, users: users, keys: keys, blocks: 12) { try scene.append(block) }
        for block in randomDay(&values, users: users, keys: keys, blocks: 12) {
            var block = block
            block.minute = block.minute.advanced(by: Minute.perDay)
            try scene.append(block)
        }
        try scene.seal()
        try scene.seal(day: midnight.day + 1)
        try scene.append(block(1441, through: nil))
        return scene.fileSystem
    }

    private func folder() throws -> SimulatedFileSystem { try Self.made.get().copy() }

    private func sealedPaths(_ fileSystem: SimulatedFileSystem) -> [String] {
        fileSystem.files.keys.filter { $0.hasPrefix(data + "/days/") || $0.hasPrefix(data + "/hours/") }.sorted()
    }

    private var everything: Range<Minute> { midnight.advanced(by: -1)..<midnight.advanced(by: 3000) }

    /// Every point of every user and statistic, as it reads.
    private func points(_ fileSystem: SimulatedFileSystem, in directory: String) throws -> [StatisticKey: [[UInt64]]] {
        let history = try History.open(fileSystem: fileSystem, directory: directory)
        var points: [StatisticKey: [[UInt64]]] = [:]
        for user in try history.users(in: everything) {
            try history.forEachPoint(user: user, minutes: everything) { (key, point) in
                let key = StatisticKey(key.kind, "\(user).\(key.path)")
                points[key, default: []].append([UInt64(bitPattern: point.minute.index)] + bits(point.aggregate))
            }
        }
        return points
    }

    @Test("a sound folder verifies, and is copied byte by byte")
    func sound() throws {
        let fileSystem = try folder()
        let summary = try LogVerifier.verify(fileSystem: fileSystem, directory: data)
        #expect(summary.findings.isEmpty && summary.sealedFiles == 4 && summary.sealedPoints > 20)
        let repaired = try LogRepair.repair(fileSystem: fileSystem, from: data, to: copy)
        #expect(repaired.quarantined.isEmpty && repaired.sealedFiles == 4)
        for path in sealedPaths(fileSystem) {
            #expect(fileSystem.bytes(of: copy + path.dropFirst(data.count)) == fileSystem.bytes(of: path), "\(path)")
        }
    }

    @Test("each byte that is damaged is told; the copy is sound, and holds no wrong value", arguments: 0..<4)
    func damage(file number: Int) throws {
        // Without the segments, of which the unsealed blocks would stand in for a lost file.
        let whole = try folder()
        for path in whole.files.keys where path.hasPrefix(data + "/minutes/") { try whole.remove(path) }
        let path = sealedPaths(whole)[number]
        let size = try #require(whole.bytes(of: path)).count
        let hoursOnly = whole.copy()
        for path in sealedPaths(hoursOnly) where path.hasSuffix(".day") { try hoursOnly.remove(path) }
        // Where all minutes of a user's day are lost its hours are read.
        let truth = try points(whole, in: data).merging(points(hoursOnly, in: data)) { $0 + $1 }
        for position in stride(from: number, to: size, by: size / 13 + 1) {
            let fileSystem = whole.copy()
            fileSystem.corrupt(path) { $0[position] ^= 0x40 }
            #expect(try !LogVerifier.verify(fileSystem: fileSystem, directory: data).isSound, "\(path) \(position)")
            let damaged = try #require(fileSystem.bytes(of: path))
            let summary = try LogRepair.repair(fileSystem: fileSystem, from: data, to: copy)
            #expect(fileSystem.bytes(of: path) == damaged)
            #expect(summary.quarantined.map(\.file) == [path])
            #expect(fileSystem.bytes(of: try #require(summary.quarantined.first).path) == damaged)
            let verified = try LogVerifier.verify(fileSystem: fileSystem, directory: copy)
            #expect(verified.findings.isEmpty, "\(path) \(position) \(verified.findings)")
            for (key, found) in try points(fileSystem, in: copy) {
                let expected = Set(try #require(truth[key]))
                #expect(found.allSatisfy(expected.contains), "\(path) \(position) \(key)")
            }
        }
    }

    @Test("a truncated or foreign sealed file goes to quarantine as a whole")
    func unusable() throws {
        let fileSystem = try folder()
        let paths = sealedPaths(fileSystem)
        fileSystem.corrupt(paths[0]) { $0.removeLast(700) }
        let other = try #require(fileSystem.bytes(of: paths[1]))
        fileSystem.corrupt(paths[2]) { $0 = other }
        let findings = try LogVerifier.verify(fileSystem: fileSystem, directory: data).findings
        #expect(findings.map(\.kind) == [.corruptSealedFile, .corruptSealedFile])
        let summary = try LogRepair.repair(fileSystem: fileSystem, from: data, to: copy)
        #expect(summary.sealedFiles == 2 && summary.quarantined.map(\.file) == [paths[0], paths[2]])
        #expect(summary.quarantined[0].path == copy + "/quarantine/days-2026-11-22.day@0.bin")
        #expect(try LogVerifier.verify(fileSystem: fileSystem, directory: copy).findings.isEmpty)
    }

    @Test("what an earlier repair put aside is kept, and a second one adds to it")
    func twice() throws {
        let fileSystem = try folder()
        let name = sealedPaths(fileSystem)[0].dropFirst(data.count)
        fileSystem.corrupt(data + name) { $0[100] ^= 1 }
        try LogRepair.repair(fileSystem: fileSystem, from: data, to: copy)
        fileSystem.corrupt(copy + name) { $0[100] ^= 1 }
        let second = try LogRepair.repair(fileSystem: fileSystem, from: copy, to: "/again")
        #expect(second.quarantined.map(\.path) == ["/again/quarantine/days-2026-11-22.day@0.2.bin"])
        let report = String(decoding: try #require(fileSystem.bytes(of: "/again/quarantine/report.txt")), as: UTF8.self)
        #expect(report.split(separator: "\n").count == 2)
    }

    @Test("a dump has a line for each sealed file, statistic and point")
    func dump() throws {
        let fileSystem = try folder()
        var headings: [String] = []
        try LogDump.lines(fileSystem: fileSystem, directory: data, detail: .segments) { headings.append($0) }
        #expect(headings.filter { $0.contains("minutes of 2026-11-2") }.count == 2)
        #expect(headings.filter { $0.contains("hours of 2026-11-2") }.count == 2)
        var lines: [String] = []
        try LogDump.lines(fileSystem: fileSystem, directory: data, detail: .records) { lines.append($0) }
        let summary = try LogVerifier.verify(fileSystem: fileSystem, directory: data)
        let start = try #require(lines.firstIndex { $0.contains("minutes of 2026-11-22") })
        let end = try #require(lines.firstIndex { $0.contains("hours of 2026-11-22") })
        #expect(lines[start..<end].count { $0.hasPrefix("      2026-11-2") } == summary.sealedPoints)
    }

    @Test("what each thing takes adds up to the sizes of the files")
    func sizes() throws {
        let fileSystem = try folder()
        let sizes = try LogSizes.of(fileSystem: fileSystem, directory: data)
        #expect(sizes.bytes == fileSystem.files.values.reduce(0) { $0 + $1.count })
        #expect(try LogSizes.bytes(of: data, fileSystem) == sizes.bytes)
        #expect(sizes.sections.map(\.name) == ["accepted/", "minutes/", "days/", "hours/"])
        for section in sizes.sections {
            #expect(section.parts.reduce(0) { $0 + $1.bytes } == section.bytes)
        }
        #expect(sizes.users == 2)
        let days = sizes.sections[2]
        #expect(days.aggregates == (try LogVerifier.verify(fileSystem: fileSystem, directory: data).sealedPoints))
        #expect(days.parts.map(\.name).contains("sketch") && days.parts.map(\.name).contains("indexes"))
        fileSystem.corrupt(sealedPaths(fileSystem)[0]) { $0.removeLast(700) }
        let damaged = try LogSizes.of(fileSystem: fileSystem, directory: data)
        #expect(damaged.sections[2].parts.map(\.name).contains("damaged"))
    }

    /// Goal: a column that makes others smaller than it is takes nothing, and never less; all of them remain the whole.
    @Test("no column takes less than nothing", arguments: [1, 7, 1000, 1_000_003])
    func savings(total: Int) throws {
        var columns = ColumnSizes()
        let known = [100, 90, 300, 800, 790, 790, 600, 601, 590, 590, 700]
        try columns.add { (column) throws(LogError) in known[column] }
        let parts = columns.parts(of: total)
        #expect(parts.map(\.name) == ColumnSizes.names)
        #expect(parts.allSatisfy { $0.bytes >= 0 }, "\(parts)")
        #expect(parts.reduce(0) { $0 + $1.bytes } == total)
        // Each of the 700 bytes belongs to the first column from which on no later one gets below it.
        let expected = [90, 0, 210, 290, 0, 0, 0, 0, 0, 0, 110]
        for (part, expected) in zip(parts, expected) {
            #expect((Double(part.bytes) - Double(total * expected) / 700).magnitude <= 1, "\(part)")
        }
    }
}
