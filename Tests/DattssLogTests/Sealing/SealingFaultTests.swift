import DattssCore
import DattssLog
import DattssTestSupport
import Synchronization
import Testing

/// Goal: whatever happens while a day is being sealed, there is the state before or the one after, and both answer the same.
@Suite struct SealingFaultTests {
    private static let day = midnight..<midnight.advanced(by: 1440)

    /// A day that was sealed once, with blocks that came after.
    private func scene(seed: UInt64) throws -> SealScene {
        var random = SeededGenerator(seed: seed)
        var scene = try SealScene()
        for round in 0..<2 {
            for _ in 0..<(round == 0 ? 6 : 4) {
                let users = ["alice", "bob"].map { name in
                    UserMinute(
                        user: UserID(name)!,
                        aggregates: (0..<2).map { index in
                            let value = Double(Int.random(in: 0...1000, using: &random))
                            return Partial(StatisticKey(.gauge, "level\(index)"), Aggregate(sample: value))
                        })
                }
                let minute = midnight.advanced(by: Int64.random(in: 0...90, using: &random))
                try scene.append(MinuteBlock(minute: minute, through: nil, users: users))
            }
            try scene.lane.sync()
            if round == 0 { try scene.seal() }
        }
        return scene
    }

    private func answers(_ scene: SealScene, _ history: History) throws -> [Answer] {
        var answers: [Answer] = []
        for user in scene.users {
            for key in scene.keys(of: user) {
                answers.append(Answer(try history.read(user: user, key: key, minutes: Self.day)))
            }
        }
        return answers
    }

    private func truth(_ scene: SealScene) -> [Answer] {
        scene.users.flatMap { user in scene.keys(of: user).map { Answer(scene.expected(user, $0, Self.day)) } }
    }

    @Test("power loss before any operation of a sealing loses nothing, and the next sealing comes to the same")
    func powerLoss() throws {
        let prepared = try scene(seed: 1)
        let truth = truth(prepared)
        var clean = prepared
        clean = try SealScene(prepared.fileSystem.copy())
        let start = clean.fileSystem.operationCount
        _ = try clean.sealer(bufferBytes: 100).seal(day: midnight.day)
        let operations = clean.fileSystem.operationCount - start
        for operation in 1...operations {
            let killed = try SealScene(prepared.fileSystem.copy())
            killed.fileSystem.fail(operation: operation, with: .error(5), isPermanent: true)
            _ = try? killed.sealer(bufferBytes: 100).seal(day: midnight.day)
            for seed in [nil, UInt64(operation)] {
                let remains = killed.fileSystem.remainsAfterPowerLoss(tearingWith: seed)
                let report = try recover(remains).report
                #expect(report.corrupt.isEmpty && report.history.corruptFrameReads == 0)
                #expect(try answers(prepared, report.history) == truth, "operation \(operation), seed \(seed ?? 0)")
                var again = try SealScene(remains)
                again.blocks = prepared.blocks
                _ = try again.sealer().seal(day: midnight.day)
                let isSame = again.fileSystem.files == clean.fileSystem.files
                #expect(isSame, "operation \(operation), seed \(seed ?? 0)")
            }
        }
    }

    @Test("an operation that fails once leaves all as it was, and the next attempt succeeds", arguments: [5, 28] as [Int32])
    func failingOnce(code: Int32) throws {
        let prepared = try scene(seed: 2)
        let truth = truth(prepared)
        let clean = try SealScene(prepared.fileSystem.copy())
        let start = clean.fileSystem.operationCount
        _ = try clean.seal()
        for operation in 1...clean.fileSystem.operationCount - start {
            let scene = try SealScene(prepared.fileSystem.copy())
            scene.fileSystem.fail(operation: operation, with: .error(code))
            _ = try? scene.seal()
            #expect(try answers(prepared, scene.history) == truth, "operation \(operation)")
            try scene.seal()
            #expect(try answers(prepared, scene.history) == truth, "operation \(operation), sealed")
            let isSame = scene.fileSystem.files == clean.fileSystem.files
            #expect(isSame, "operation \(operation)")
            #expect(scene.history.unsealedDays.isEmpty)
        }
    }

    @Test("blocks that were not synced are synced before a sealed file relies on them")
    func unsyncedBlocks() throws {
        var scene = try SealScene()
        try scene.append(block(0, through: 1))
        try scene.lane.sync()
        try scene.append(block(1, through: 2))
        try scene.seal()
        // The block that the sealed file contains must not come again under another number.
        let remains = try SealScene(scene.fileSystem.remainsAfterPowerLoss())
        let slice = try remains.history.read(user: local, key: StatisticKey(.gauge, "s10000"), minutes: Self.day)
        #expect(slice.points.map(\.aggregate.last) == [0, 1])
        #expect(try recover(remains.fileSystem).report.through == LSN(2))
    }

    @Test("a file that was renamed by a process that was killed is there for good once the next has started")
    func renamedAndKilled() throws {
        let prepared = try scene(seed: 3)
        let truth = truth(prepared)
        let count = prepared.fileSystem.count(of: .syncDirectory)
        // Each sync of a folder in turn is the one before which the process dies.
        for sync in 1...6 {
            let killed = try SealScene(prepared.fileSystem.copy())
            killed.fileSystem.fail(operation: sync, of: .syncDirectory, with: .error(5), isPermanent: true)
            _ = try? killed.seal()
            killed.fileSystem.removeFaults()
            var next = try SealScene(killed.fileSystem)
            next.blocks = prepared.blocks
            // What is sealed may go now, as far as the new process can tell.
            if next.history.isSealed(segment: 1) { try next.fileSystem.remove(segmentPath(.minutes, 1)) }
            try next.fileSystem.syncDirectory("/data/minutes")
            let remains = try recover(next.fileSystem.remainsAfterPowerLoss()).report
            #expect(try answers(prepared, remains.history) == truth, "sync \(sync) of \(count)")
        }
    }

    @Test("what a sealing that was cut off has left is removed on start")
    func leftovers() throws {
        let scene = try scene(seed: 4)
        for name in ["days/2026-11-22.day.tmp", "hours/2026-11-22.hours.tmp", "days/2026-11-22.day.spill"] {
            scene.fileSystem.write([1, 2, 3], to: "/data/\(name)")
        }
        let report = try recover(scene.fileSystem).report
        #expect(report.leftoversRemoved == 3 && report.sealedFiles == 2)
        #expect(try scene.fileSystem.list("/data/days") == ["2026-11-22.day"])
    }

    @Test("readers see the same answers while days are sealed and their segments deleted under them")
    func readersMeanwhile() async throws {
        let scene = try scene(seed: 5)
        let truth = truth(scene)
        let names = scene.users.flatMap { user in scene.keys(of: user).map { (user, $0) } }
        let history = scene.history
        let isDone = DoneFlag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    repeat {
                        let answers = try names.map { Answer(try history.read(user: $0.0, key: $0.1, minutes: Self.day)) }
                        #expect(answers == truth)
                        await Task.yield()
                    } while !isDone.isSet
                }
            }
            for round in 0..<10 {
                try scene.seal()
                // Deletes the segment that was sealed, or the one of the round before.
                for segment in 1...UInt64(2 * round + 1) where history.isSealed(segment: segment) {
                    try scene.fileSystem.remove(segmentPath(.minutes, segment))
                    history.remove(segment: segment)
                }
                // Blocks of nobody: something to seal again, and another day so that the next has a segment of its own.
                for day in [1, 0] as [Int64] {
                    let minute = midnight.advanced(by: day * 1440 + Int64(round))
                    try scene.lane.append(MinuteBlock(minute: minute, through: nil, users: []))
                }
                await Task.yield()
            }
            isDone.set()
            try await group.waitForAll()
        }
        #expect(history.corruptFrameReads == 0)
    }
}

private final class DoneFlag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
