import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: sealing changes where data is, never what it says.
@Suite struct SealerTests {
    private static let day = midnight..<midnight.advanced(by: 1440)

    private func scene(_ values: inout RandomValues, blocks: Int = 36) throws -> SealScene {
        var scene = try SealScene(partBytes: values.random.oneIn(2) ? 4 << 20 : 2000)
        let users = Set((0..<3).map { _ in values.user() }).sorted()
        let keys = (0..<5).map { _ in values.key() }
        for block in randomDay(&values, users: users, keys: keys, blocks: blocks, minutes: 0...100) {
            try scene.append(block)
        }
        return scene
    }

    private func expectTruth(
        _ scene: SealScene, _ history: History, _ values: inout RandomValues, _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for user in scene.users {
            let keys = scene.keys(of: user)
            #expect(try history.keys(user: user, minutes: Self.day) == Set(keys), comment, sourceLocation: sourceLocation)
            let start = midnight.advanced(by: Int64(values.int(-10...110)))
            let part = start..<start.advanced(by: Int64(values.int(0...100)))
            let present = keys.filter { !scene.expected(user, $0, part).points.isEmpty }
            #expect(try history.keys(user: user, minutes: part) == Set(present), comment, sourceLocation: sourceLocation)
            for key in keys {
                for range in values.random.oneIn(4) ? [Self.day, part] : [Self.day] {
                    let slice = try history.read(user: user, key: key, minutes: range)
                    let expected = scene.expected(user, key, range)
                    #expect(Answer(slice) == Answer(expected), comment, sourceLocation: sourceLocation)
                }
            }
            let silent = try history.read(user: user, key: StatisticKey(.gauge, "never.sent"), minutes: Self.day)
            #expect(silent.points.isEmpty && silent.activeMinutes == MinuteRuns(scene.activeMinutes(of: user)))
        }
        #expect(history.corruptFrameReads == 0, comment, sourceLocation: sourceLocation)
    }

    @Test("sealed answers are those of the unsealed blocks, bit by bit", arguments: 1...3 as ClosedRange<UInt64>)
    func sameAnswers(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let scene = try scene(&values)
        try expectTruth(scene, scene.history, &values, "seed \(seed), unsealed")
        let report = try #require(try scene.seal())
        #expect(report.isComplete && report.hasChanged)
        #expect(report.points == scene.blocks.flatMap(\.users).reduce(0) { $0 + $1.aggregates.count })
        try expectTruth(scene, scene.history, &values, "seed \(seed), sealed")
        // Nothing of it comes from the segments any more.
        for segment in 1...UInt64(scene.lane.metrics.segments) { try scene.fileSystem.remove(segmentPath(.minutes, segment)) }
        let fresh = try History.open(fileSystem: scene.fileSystem, directory: data)
        try expectTruth(scene, fresh, &values, "seed \(seed), opened again")
    }

    @Test(
        "blocks that come after a sealing are answered beside it, and taken in by the next", arguments: 1...3 as ClosedRange<UInt64>
    )
    func sealAgain(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        var scene = try scene(&values)
        let users = scene.users + [values.user()]
        let keys = scene.keys(of: users[0]) + [values.key()]
        var incremental: [String: [UInt8]] = [:]
        for round in 1...3 {
            try scene.seal()
            for block in randomDay(&values, users: users, keys: keys, blocks: 12, minutes: 0...100) { try scene.append(block) }
            try expectTruth(scene, scene.history, &values, "seed \(seed), round \(round)")
            if values.random.oneIn(2) { try scene.restart() }
        }
        try scene.seal()
        try expectTruth(scene, scene.history, &values, "seed \(seed), at the end")
        incremental = scene.fileSystem.files
        let days = incremental.filter { $0.key.hasSuffix(".day") || $0.key.hasSuffix(".hours") }
        #expect(days.count == 2)
        // In one go it would have been the same bytes.
        for path in days.keys { try scene.fileSystem.remove(path) }
        try scene.restart()
        try scene.seal()
        for (path, bytes) in days { #expect(scene.fileSystem.bytes(of: path) == bytes, "seed \(seed), \(path)") }
        // And once more changes nothing.
        let report = try #require(try scene.seal())
        #expect(!report.hasChanged)
        for (path, bytes) in days { #expect(scene.fileSystem.bytes(of: path) == bytes, "seed \(seed), \(path)") }
    }

    @Test("what does not fit into memory goes through the disk and comes to the same", arguments: 1...2 as ClosedRange<UInt64>)
    func spill(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let scene = try scene(&values)
        let spilling = try #require(try scene.sealer(bufferBytes: values.int(0...20_000)).seal(day: midnight.day))
        #expect(spilling.spilledBytes > 0)
        let files = scene.fileSystem.files
        #expect(!files.keys.contains { $0.hasSuffix(".spill") || $0.hasSuffix(".tmp") })
        for step in SealedStep.allCases { try scene.fileSystem.remove(LogLayout.path(of: step, day: midnight.day, in: data)) }
        var again = scene
        try again.restart()
        let report = try #require(try again.seal())
        #expect(report.spilledBytes == 0)
        for (path, bytes) in files { #expect(again.fileSystem.bytes(of: path) == bytes, "seed \(seed), \(path)") }
    }

    @Test("where minutes have expired hours answer: their aggregates merged", arguments: 1...2 as ClosedRange<UInt64>)
    func hours(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        var scene = try scene(&values)
        try scene.seal()
        for segment in 1...UInt64(scene.lane.metrics.segments) { try scene.fileSystem.remove(segmentPath(.minutes, segment)) }
        try scene.fileSystem.remove(LogLayout.path(of: .minute, day: midnight.day, in: data))
        try scene.restart()
        for user in scene.users {
            for key in scene.keys(of: user) {
                let slice = try scene.history.read(user: user, key: key, minutes: Self.day)
                #expect(Answer(slice) == Answer(scene.expectedHours(user, key, Self.day)), "seed \(seed)")
            }
        }
        // Imports to such a day only make its hours more.
        let known = scene.users[0]
        let key = scene.keys(of: known)[0]
        let before = try scene.history.read(user: known, key: key, minutes: Self.day)
        let late = MinuteBlock(
            minute: midnight.advanced(by: 61), through: nil,
            users: [UserMinute(user: known, aggregates: [Partial(key, values.aggregate())])])
        try scene.append(late)
        let beside = try scene.history.read(user: known, key: key, minutes: Self.day)
        #expect(beside.points.count == before.points.count + 1)
        try scene.seal()
        #expect(try !scene.fileSystem.exists(LogLayout.path(of: .minute, day: midnight.day, in: data)))
        let after = try scene.history.read(user: known, key: key, minutes: Self.day)
        let hour = midnight.advanced(by: 60)
        var merging = before.points.first { $0.minute == hour }.map { MergingAggregate($0.aggregate) }
        merging?.merge(late.users[0].aggregates[0].aggregate)
        let expected = merging?.merged ?? late.users[0].aggregates[0].aggregate
        #expect(after.points.first { $0.minute == hour }?.aggregate == expected)
        #expect(after.points.filter { $0.minute != hour } == before.points.filter { $0.minute != hour })
    }

    @Test("a user who is left out is in no file, and stays so")
    func exclusion() throws {
        var values = RandomValues(seed: 3)
        var scene = try scene(&values)
        let gone = scene.users[0]
        try scene.seal()
        let report = try #require(try scene.seal(excluding: { $0 == gone }))
        #expect(report.hasChanged)
        for isRestarted in [false, true] {
            if isRestarted { try scene.restart() }
            for key in scene.keys(of: gone) {
                #expect(try scene.history.read(user: gone, key: key, minutes: Self.day).points.isEmpty)
            }
        }
        scene.blocks = scene.blocks.map { block in
            MinuteBlock(minute: block.minute, through: block.through, users: block.users.filter { $0.user != gone })
        }
        try expectTruth(scene, scene.history, &values)
        // Sealing that never knew the user gives the same file.
        let path = LogLayout.path(of: .minute, day: midnight.day, in: data)
        let rewritten = scene.fileSystem.bytes(of: path)
        for step in SealedStep.allCases { try scene.fileSystem.remove(LogLayout.path(of: step, day: midnight.day, in: data)) }
        try scene.restart()
        try scene.seal(excluding: { $0 == gone })
        #expect(scene.fileSystem.bytes(of: path) == rewritten)
    }

    @Test("told to stop at any point it leaves everything as it was")
    func stopping() throws {
        var values = RandomValues(seed: 5)
        let scene = try scene(&values, blocks: 20)
        let before = scene.fileSystem.files
        for calls in [0, 1, 7, 19, 25, 27] {
            var left = calls
            let sealer = scene.sealer(shouldContinue: {
                left -= 1
                return left >= 0
            })
            #expect(try sealer.seal(day: midnight.day) == nil, "after \(calls) calls")
            let isUntouched = scene.fileSystem.files == before
            #expect(isUntouched, "after \(calls) calls")
        }
        try expectTruth(scene, scene.history, &values)
    }

    @Test("a corrupt frame is told and kept, and does not keep the rest from being sealed")
    func corruptFrame() throws {
        var scene = try SealScene()
        for minute in 0...4 { try scene.append(block(Int64(minute), through: UInt64(minute))) }
        let path = segmentPath(.minutes, 1)
        scene.fileSystem.corrupt(path) { $0[SegmentHeader.byteCount + FrameHeader.byteCount + 5] ^= 1 }
        let damaged = scene.fileSystem.bytes(of: path)
        let report = try #require(try scene.seal())
        #expect(report.findings.map(\.kind) == [.corruptFrame] && !report.isComplete)
        #expect(report.quarantined.map { scene.fileSystem.bytes(of: $0) } == [damaged])
        let key = StatisticKey(.gauge, "s10000")
        let slice = try scene.history.read(user: local, key: key, minutes: Self.day)
        #expect(slice.points.map(\.aggregate.last) == [1, 2, 3, 4])
        #expect(scene.history.unsealedDays.isEmpty && scene.history.isSealed(segment: 1))
        // Nothing piles up.
        _ = try scene.seal()
        #expect(try scene.fileSystem.list(LogLayout.quarantine(in: data)).count == 1)
    }

    @Test("damaged headers of a segment are kept, too, before the segment is given free")
    func corruptHeader() throws {
        var scene = try SealScene()
        for minute in 0...4 { try scene.append(block(Int64(minute), through: UInt64(minute))) }
        scene.fileSystem.corrupt(segmentPath(.minutes, 1)) { $0[SegmentHeader.byteCount + 9] ^= 1 }
        try scene.restart()
        let report = try #require(try scene.seal())
        #expect(report.findings.map(\.kind) == [.corruptFrame])
        #expect(report.quarantined.count == 1)
    }

    @Test("no number of a frame that was sealed is given to another, even when its segment is lost")
    func lsnsAfterLoss() throws {
        var scene = try SealScene()
        for minute in 0...4 { try scene.append(block(Int64(minute), through: UInt64(minute))) }
        try scene.seal()
        try scene.fileSystem.remove(segmentPath(.minutes, 1))
        try scene.restart()
        try scene.append(block(5, through: 5))
        let slice = try scene.history.read(user: local, key: StatisticKey(.gauge, "s10000"), minutes: Self.day)
        #expect(slice.points.map(\.aggregate.last) == [0, 1, 2, 3, 4, 5])
        #expect(slice.sealedThrough == LSN(4))
    }
}
