import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: a sealed file says what was written, or that it does not know; never anything else.
@Suite struct SealedFileTests {
    private static let day = midnight..<midnight.advanced(by: 1440)

    /// A sealed day of two users, small enough to be damaged at every place.
    private func smallScene() throws -> SealScene {
        var scene = try SealScene()
        for minute in [0, 1, 5, 5, 70] {
            let users = [("alice", 2), ("bob", 1)].map { name, count in
                UserMinute(
                    user: UserID(name)!,
                    aggregates: (0..<count).map { index in
                        Partial(StatisticKey(.gauge, "level\(index)"), Aggregate(sample: Double(minute * 3 + index)))
                    })
            }
            try scene.append(MinuteBlock(minute: midnight.advanced(by: Int64(minute)), through: nil, users: users))
        }
        try scene.seal()
        try scene.fileSystem.remove(segmentPath(.minutes, 1))
        return scene
    }

    private func answers(_ scene: SealScene, _ history: History) throws -> [StatisticNameInTest: Answer] {
        var answers: [StatisticNameInTest: Answer] = [:]
        for user in scene.users {
            for key in scene.keys(of: user) {
                answers[StatisticNameInTest(user: user, key: key)] = Answer(
                    try history.read(user: user, key: key, minutes: Self.day))
            }
        }
        return answers
    }

    @Test(
        "whichever byte is flipped, answers are exact or told to be damaged, and verification tells", arguments: SealedStep.allCases
    )
    func everyByteFlipped(step: SealedStep) throws {
        let scene = try smallScene()
        if step == .hour { try scene.fileSystem.remove(LogLayout.path(of: .minute, day: midnight.day, in: data)) }
        let path = LogLayout.path(of: step, day: midnight.day, in: data)
        let intact = try #require(scene.fileSystem.bytes(of: path))
        let truth = try answers(scene, try History.open(fileSystem: scene.fileSystem, directory: data))
        #expect(try SealedFile.verify(path, scene.fileSystem).findings.isEmpty)
        #expect(try SealedFile.verify(path, scene.fileSystem).sizes.total == intact.count)
        var exact = 0
        for position in intact.indices {
            scene.fileSystem.corrupt(path) { $0[position] ^= 1 << UInt8(position % 8) }
            defer { scene.fileSystem.write(intact, to: path) }
            let findings = try findings(in: path, scene.fileSystem)
            #expect(!findings.isEmpty, "byte \(position) is not told")
            guard let history = try? History.open(fileSystem: scene.fileSystem, directory: data) else { continue }
            let found = try answers(scene, history)
            if found == truth { exact += 1 }
            let isTold = history.corruptFrameReads > 0 || history.minutes == nil
            for (name, answer) in found where answer != truth[name] {
                #expect(isTold, "byte \(position) changes \(name.key.path) of \(name.user), silently")
                let isSubset = answer.points.allSatisfy { truth[name]?.points.contains($0) ?? false }
                #expect(isSubset, "byte \(position) makes up values of \(name.key.path)")
            }
        }
        // The copies of the end are there for this: at most the damage of chunks and indexes shows.
        #expect(exact > intact.count * 2 / 3)
    }

    private func findings(in path: String, _ fileSystem: SimulatedFileSystem) throws -> [Finding] {
        do {
            return try SealedFile.verify(path, fileSystem).findings
        } catch {
            // A version that nobody knows yet.
            #expect(error.code == .unsupportedVersion)
            return [Finding(.corruptSealedFile, file: path, offset: 0, bytes: 0, problem: error.description)]
        }
    }

    @Test("any one sector of the end may be lost without losing anything")
    func sectorsOfTheEnd() throws {
        let scene = try smallScene()
        let path = LogLayout.path(of: .minute, day: midnight.day, in: data)
        let intact = try #require(scene.fileSystem.bytes(of: path))
        let truth = try answers(scene, try History.open(fileSystem: scene.fileSystem, directory: data))
        let footer = try SealedFooter(of: path, scene.fileSystem)
        let directoryStart = intact.count - 2 * footer.directoryLength - 512 - 680
        for start in directoryStart..<intact.count {
            scene.fileSystem.corrupt(path) { bytes in
                for position in start..<min(start + 512, bytes.count) { bytes[position] = 0xEE }
            }
            defer { scene.fileSystem.write(intact, to: path) }
            let history = try History.open(fileSystem: scene.fileSystem, directory: data)
            #expect(try answers(scene, history) == truth, "512 bytes at \(start)")
        }
    }

    @Test("a file cut at any place is not used, and told", arguments: [0, 1, 23, 24, 84, 300, 600, 680, -1, -84, -512, -680])
    func cut(at place: Int) throws {
        let scene = try smallScene()
        let path = LogLayout.path(of: .minute, day: midnight.day, in: data)
        scene.fileSystem.corrupt(path) { $0 = Array($0.prefix(place >= 0 ? place : $0.count + place)) }
        let report = try recover(scene.fileSystem).report
        #expect(report.corrupt.map(\.kind) == [.corruptSealedFile])
        // Hours are there, so they answer.
        let slice = try report.history.read(user: UserID("bob")!, key: StatisticKey(.gauge, "level0"), minutes: Self.day)
        #expect(slice.points.map(\.minute) == [midnight, midnight.advanced(by: 60)])
    }

    @Test("a file under another day's name is not used")
    func wrongName() throws {
        let scene = try smallScene()
        let path = LogLayout.path(of: .minute, day: midnight.day, in: data)
        let other = LogLayout.path(of: .minute, day: midnight.day + 1, in: data)
        scene.fileSystem.write(try #require(scene.fileSystem.bytes(of: path)), to: other)
        let report = try recover(scene.fileSystem).report
        #expect(report.corrupt.map(\.file) == [other])
    }

    @Test("a server refuses to start on a sealed file of a later version")
    func laterVersion() throws {
        let scene = try smallScene()
        let path = LogLayout.path(of: .minute, day: midnight.day, in: data)
        // As a later version might do it: another footer, the header as it is now.
        scene.fileSystem.corrupt(path) { bytes in
            bytes[8] = 2
            let checksum = CRC32C.checksum(bytes, in: 0..<20)
            for byte in 0..<4 { bytes[20 + byte] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * byte)) }
            bytes += [1, 2, 3]
        }
        #expect { try recover(scene.fileSystem) } throws: { ($0 as? LogError)?.code == .unsupportedVersion }
    }

    @Test("days have names that sort and that can be read back")
    func names() {
        for day in [-1_000_000, -354_286, -354_285, -1, 0, 20_779, 2_932_896, 2_932_897, 1 << 29] as [Int64] {
            for step in SealedStep.allCases {
                let path = LogLayout.path(of: step, day: day, in: data)
                let name = String(path.split(separator: "/").last!)
                #expect(LogLayout.day(ofFile: name, step) == day)
            }
        }
        #expect(LogLayout.path(of: .minute, day: 20_779, in: data) == "/data/days/2026-11-22.day")
        #expect(LogLayout.path(of: .hour, day: 20_779, in: data) == "/data/hours/2026-11-22.hours")
        for name in [
            "2026-11-22", "2026-11-31.day", "day20779.day", "2026-11-22.day.tmp", ".day", "day.day", "x.day",
            "day9223372036854775807.day", "day-9223372036854775808.day", "day763549742.day",
        ] {
            #expect(LogLayout.day(ofFile: name, .minute) == nil, "\(name)")
        }
    }

    @Test("a thousand statistics of many users are found, with indexes of several blocks")
    func manyStatistics() throws {
        var scene = try SealScene()
        let users = (0..<5).map { UserID("user\($0)")! }
        let keys = (0..<200).flatMap { index in
            [StatisticKey(.counter, "a.\(index)"), StatisticKey(.timer, "a.\(index)")]
        }.sorted()
        try scene.append(
            MinuteBlock(
                minute: midnight, through: nil,
                users: users.enumerated().map { offset, user in
                    UserMinute(
                        user: user,
                        aggregates: keys.enumerated().filter { ($0.offset + offset) % 3 != 0 }.map {
                            Partial($0.element, Aggregate(sample: Double($0.offset * 10 + offset)))
                        })
                }))
        try scene.seal()
        for (offset, user) in users.enumerated() {
            for (position, key) in keys.enumerated() where position % 7 == 0 || position > 390 {
                let sums = try scene.history.read(user: user, key: key, minutes: Self.day).points.map(\.aggregate.sum)
                #expect(sums == ((position + offset) % 3 == 0 ? [] : [Double(position * 10 + offset)]))
            }
        }
    }

    @Test("more points than a chunk takes go into several chunks")
    func manyPoints() throws {
        var scene = try SealScene()
        let key = StatisticKey(.counter, "imports")
        let users = [UserMinute(user: local, aggregates: [Partial(key, Aggregate(sample: 1))])]
        // A block is an import of its own: 9,000 in three minutes.
        for number in 0..<9000 {
            try scene.append(MinuteBlock(minute: midnight.advanced(by: Int64(number % 3)), through: nil, users: users))
        }
        try scene.seal()
        let slice = try scene.history.read(user: local, key: key, minutes: Self.day)
        #expect(slice.points.count == 9000)
        #expect(slice.points.map(\.minute) == slice.points.map(\.minute).sorted())
        let path = LogLayout.path(of: .minute, day: midnight.day, in: data)
        let file = try SealedFile(opening: path, scene.fileSystem)
        #expect(try file.entries(of: key, user: local).map(\.points) == [8192, 808])
        #expect(file.footer.statistics == 1 && file.footer.points == 9000)
        #expect(try SealedFile.verify(path, scene.fileSystem).findings.isEmpty)
    }
}

private struct StatisticNameInTest: Hashable {
    var user: UserID
    var key: StatisticKey
}
