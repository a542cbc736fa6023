import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: what is past its time is gone, what is not is untouched, and a deletion is done when it says so.
@Suite struct RetentionTests {
    private let key = StatisticKey(.counter, "n")
    private let users = ["alice", "bob", "carol"].map { UserID($0)! }

    /// A block at 00:00 and 00:01 of each day, of all users.
    private func scene(days: Range<Int64>) throws -> SealScene {
        var scene = try SealScene()
        for day in days {
            for minute in 0...1 as ClosedRange<Int64> {
                try scene.append(
                    MinuteBlock(
                        minute: midnight.advanced(by: day * 1440 + minute), through: LSN(UInt64(1000 + day)),
                        users: users.map { user in
                            UserMinute(user: user, aggregates: [Partial(key, Aggregate(sample: Double(day)))])
                        }))
            }
        }
        for day in scene.history.unsealedDays { try scene.seal(day: day) }
        try scene.lane.append(checkpoint(days.upperBound * 1440, through: 2000))
        return scene
    }

    private func points(_ history: History, _ user: UserID, day: Int64) throws -> Int {
        let start = midnight.advanced(by: day * 1440)
        return try history.read(user: user, key: key, minutes: start..<start.advanced(by: 1440)).points.count
    }

    private func removeSegments(_ scene: SealScene) throws {
        for name in try scene.fileSystem.list("/data/minutes") { try scene.fileSystem.remove("/data/minutes/\(name)") }
    }

    @Test("minutes go after their days, hours after theirs, with limits of their own for some users")
    func limits() throws {
        var scene = try scene(days: 0..<12)
        try removeSegments(scene)
        try scene.restart()
        let retention = Retention(
            limits: Retention.Limits(minuteDays: 3, hourDays: 8),
            overrides: [
                users[1]: Retention.Limits(minuteDays: 6, hourDays: 6), users[2]: Retention.Limits(minuteDays: 0, hourDays: 2),
            ])
        let report = try #require(try scene.sealer().retain(retention, today: midnight.day + 11))
        #expect(report.findings.isEmpty && report.deletedFiles > 0 && report.rewrittenFiles > 0 && report.freedBytes > 0)
        for isRestarted in [false, true] {
            if isRestarted { try scene.restart() }
            for day in 0..<12 as Range<Int64> {
                let age = 11 - day
                #expect(try points(scene.history, users[0], day: day) == (age <= 3 ? 2 : age <= 8 ? 1 : 0), "day \(day)")
                #expect(try points(scene.history, users[1], day: day) == (age <= 6 ? 2 : 0), "day \(day)")
                #expect(try points(scene.history, users[2], day: day) == (age <= 0 ? 2 : age <= 2 ? 1 : 0), "day \(day)")
            }
        }
        let days = try scene.fileSystem.list("/data/days").count
        let hours = try scene.fileSystem.list("/data/hours").count
        #expect(days == 7 && hours == 9)
        // A second pass finds nothing to do.
        let files = scene.fileSystem.files
        let second = try #require(try scene.sealer().retain(retention, today: midnight.day + 11))
        let isUntouched = scene.fileSystem.files == files
        #expect(second.deletedFiles == 0 && second.rewrittenFiles == 0 && isUntouched)
    }

    @Test("a file whose blocks are still in the lane says that they are contained even when nobody has anything in it")
    func unretiredSegments() throws {
        var scene = try scene(days: 0..<2)
        let retention = Retention(limits: Retention.Limits(minuteDays: 0, hourDays: 0))
        for _ in 0..<2 {
            _ = try scene.sealer().retain(retention, today: midnight.day + 10)
            for user in users { #expect(try points(scene.history, user, day: 0) == 0) }
            try scene.restart()
        }
        #expect(scene.history.unsealedDays.isEmpty)
        try removeSegments(scene)
        try scene.restart()
        _ = try scene.sealer().retain(retention, today: midnight.day + 10)
        #expect(try scene.fileSystem.list("/data/days").isEmpty && scene.fileSystem.list("/data/hours").isEmpty)
    }

    @Test("minutes stay until their hours are on disk")
    func hoursFirst() throws {
        var scene = try scene(days: 0..<2)
        for name in try scene.fileSystem.list("/data/hours") { try scene.fileSystem.remove("/data/hours/\(name)") }
        try removeSegments(scene)
        try scene.restart()
        let report = try #require(try scene.sealer().retain(Retention(), today: midnight.day + 100))
        #expect(report.sealedDays == 2)
        for user in users { #expect(try points(scene.history, user, day: 0) == 1) }
    }

    @Test("a deleted user is in no sealed file, and the report says where something is left until there is nothing")
    func deletion() throws {
        var scene = try scene(days: 0..<3)
        let gone = users[1]
        let retention = Retention(deleted: [gone])
        var report = try #require(try scene.sealer().retain(retention, today: midnight.day + 3))
        #expect(report.remains[gone]?.sealedFiles == [])
        #expect(report.remains[gone]?.segments.count == 3 && report.goneUsers.isEmpty)
        for day in 0..<3 as Range<Int64> {
            #expect(try points(scene.history, gone, day: day) == 0)
            #expect(try points(scene.history, users[0], day: day) == 2)
        }
        // Blocks of the user that were not sealed yet.
        try scene.append(
            MinuteBlock(
                minute: midnight.advanced(by: 5), through: nil,
                users: [UserMinute(user: gone, aggregates: [Partial(key, Aggregate(sample: 1))])]))
        try scene.seal(excluding: { $0 == gone })
        #expect(try points(scene.history, gone, day: 0) == 0)
        try removeSegments(scene)
        try scene.restart()
        report = try #require(try scene.sealer().retain(retention, today: midnight.day + 3))
        #expect(report.goneUsers == [gone])
        for file in scene.fileSystem.files.values {
            #expect(!String(decoding: file, as: UTF8.self).contains("bob"))
        }
    }

    @Test("killed before any operation, the next pass comes to the same")
    func killed() throws {
        let prepared = try scene(days: 0..<4)
        let retention = Retention(
            limits: Retention.Limits(minuteDays: 1, hourDays: 2), overrides: [users[0]: Retention.Limits()], deleted: [users[2]])
        let clean = try start(prepared.fileSystem.copy())
        let before = clean.fileSystem.operationCount
        _ = try clean.sealer().retain(retention, today: midnight.day + 4)
        let operations = clean.fileSystem.operationCount - before
        for operation in stride(from: 1, through: operations, by: 3) {
            for seed in [nil, UInt64(operation)] {
                let killed = try start(prepared.fileSystem.copy())
                killed.fileSystem.fail(operation: operation, with: .error(5), isPermanent: true)
                _ = try? killed.sealer().retain(retention, today: midnight.day + 4)
                killed.fileSystem.removeFaults()
                let after = try start(killed.fileSystem.remainsAfterPowerLoss(tearingWith: seed))
                _ = try after.sealer().retain(retention, today: midnight.day + 4)
                let isSame = after.fileSystem.files == clean.fileSystem.files
                #expect(isSame, "operation \(operation), seed \(seed ?? 0)")
            }
        }
    }

    private func start(_ fileSystem: SimulatedFileSystem) throws -> SealScene { try SealScene(fileSystem) }
}
