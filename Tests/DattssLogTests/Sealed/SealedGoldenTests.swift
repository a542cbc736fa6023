import DattssCore
import DattssLog
import DattssTestSupport
import LibC
import Testing

/// Goal: sealed files that earlier versions wrote stay readable for ever, value by value.
@Suite struct SealedGoldenTests {
    @Test("the sealed files of version 1 say what was written into them")
    func version1() throws {
        let fileSystem = try GoldenDay.load()
        for step in SealedStep.allCases {
            let path = LogLayout.path(of: step, day: midnight.day, in: data)
            #expect(try SealedFile.verify(path, fileSystem).findings.isEmpty)
        }
        var scene = try SealScene(fileSystem)
        scene.blocks = GoldenDay.blocks
        try expectTruth(scene) { scene.expected($0, $1, GoldenDay.minutes) }
        try fileSystem.remove(LogLayout.path(of: .minute, day: midnight.day, in: data))
        try scene.restart()
        try expectTruth(scene) { scene.expectedHours($0, $1, GoldenDay.minutes) }
    }

    private func expectTruth(_ scene: SealScene, _ expected: (UserID, StatisticKey) -> HistorySlice) throws {
        for user in scene.users {
            for key in scene.keys(of: user) {
                let slice = try scene.history.read(user: user, key: key, minutes: GoldenDay.minutes)
                #expect(Answer(slice) == Answer(expected(user, key)), "\(key.path) of \(user)")
                #expect(slice.sealedThrough == LSN(1440))
            }
        }
    }

    @Test("the sealed files of version 1 are written byte by byte as they were")
    func isWritten() throws {
        let golden = try GoldenDay.load()
        let written = try GoldenDay.sealed()
        for step in SealedStep.allCases {
            let path = LogLayout.path(of: step, day: midnight.day, in: data)
            let isSame = golden.bytes(of: path) == written.bytes(of: path)
            #expect(isSame, "\(path)")
        }
    }

    /// `DATTSS_WRITE_GOLDEN=1 swift test --filter SealedGoldenTests` writes the files, once for each version.
    @Test("writes the golden files", .enabled(if: getenv("DATTSS_WRITE_GOLDEN") != nil && !GoldenDay.exists))
    func write() throws {
        let (written, disk) = (try GoldenDay.sealed(), POSIXFileSystem())
        for step in SealedStep.allCases {
            try disk.createDirectories(LogLayout.folder(of: step, in: GoldenDay.folder), isSynced: false)
            let path = LogLayout.path(of: step, day: midnight.day, in: GoldenDay.folder)
            let bytes = try #require(written.bytes(of: LogLayout.path(of: step, day: midnight.day, in: data)))
            try disk.open(path, .appendingToNew).writeAll(bytes)
        }
    }
}

/// What is in `Fixtures/log/v1/days` and `hours`: a day of two users, in all shapes that columns have.
enum GoldenDay {
    static let folder = GoldenLog.folder
    static let minutes = midnight..<midnight.advanced(by: 1440)
    static let exists = access(LogLayout.path(of: .hour, day: midnight.day, in: folder), R_OK) == 0

    static func load() throws -> SimulatedFileSystem {
        let (fileSystem, disk) = (SimulatedFileSystem(), POSIXFileSystem())
        for step in SealedStep.allCases {
            let file = try disk.open(LogLayout.path(of: step, day: midnight.day, in: folder), .reading)
            fileSystem.write(try file.bytes(at: 0, count: file.size()), to: LogLayout.path(of: step, day: midnight.day, in: data))
        }
        return fileSystem
    }

    static func sealed() throws -> SimulatedFileSystem {
        var scene = try SealScene()
        for block in blocks { try scene.append(block) }
        try scene.seal()
        return scene.fileSystem
    }

    /// Only sums, products and divisions of numbers: the same on every machine.
    static let blocks: [MinuteBlock] = (0..<1440).map { minute in
        var random = SeededGenerator(seed: UInt64(minute) + 1)
        var alice = [
            Partial(StatisticKey(.counter, "a.requests"), samples(minute, 1...1, 5 + minute % 40, &random, hasSketch: false)),
            Partial(StatisticKey(.timer, "a.requests"), samples(minute, 20...400, 30, &random, hasSketch: minute % 4 == 0)),
            Partial(StatisticKey(.gauge, "b.level"), samples(minute, 900...999, 6, &random, scale: 0.01, hasSketch: false)),
        ]
        if minute % 97 == 0 {
            var odd = Aggregate(sample: -0.0)
            odd.sum = 0x1p53 + Double(minute) / 3
            odd.fraction = 0.25
            odd.isEmphasised = true
            odd.isApproximate = minute % 2 == 0
            alice.append(Partial(StatisticKey(.gauge, "c.odd"), odd))
        }
        let bob = UserMinute(
            user: UserID("bob")!,
            aggregates: minute % 3 == 0
                ? [Partial(StatisticKey(.counter, "bytes"), samples(minute, 1...65_536, 9, &random, hasSketch: false))] : [])
        return MinuteBlock(
            minute: midnight.advanced(by: Int64(minute)), through: LSN(UInt64(minute) + 1),
            users: [UserMinute(user: UserID("alice")!, aggregates: alice), bob])
    }

    private static func samples(
        _ minute: Int, _ range: ClosedRange<Int>, _ count: Int, _ random: inout SeededGenerator, scale: Double = 1, hasSketch: Bool
    ) -> Aggregate {
        let values = (0..<count).map { _ in Double(Int.random(in: range, using: &random)) * scale }
        let sorted = values.sorted()
        var sketch = Sketch()
        if hasSketch { for value in values { sketch.add(value) } }
        return Aggregate(
            sum: values.reduce(0, +), count: Int64(count), max: sorted[count - 1], min: sorted[0], first: values[0],
            last: values[count - 1], bottom: sorted[Int(nearestRank(0.1, of: Int64(count))) - 1],
            top: sorted[Int(nearestRank(0.9, of: Int64(count))) - 1], sketch: hasSketch ? sketch : nil)
    }
}
