import DattssCore
import DattssLog
import DattssTestSupport
import Synchronization
import Testing

private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// Goal: the index answers what a scan over all blocks would, reading only what it must.
@Suite struct HistoryTests {
    @Test("reads equal a naive scan over all blocks", arguments: 1...6 as ClosedRange<UInt64>)
    func naiveScan(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let fileSystem = SimulatedFileSystem()
        let live = try recover(fileSystem).report.history
        let lane = MinuteLane(
            fileSystem: fileSystem, directory: data, history: live, partBytes: seed % 2 == 0 ? 4 << 20 : 2000)
        let users = (0..<3).map { _ in values.user() }
        let keys = (0..<12).map { _ in values.key() }
        var blocks: [MinuteBlock] = []
        for number in 0..<40 {
            let minute = midnight.advanced(by: Int64(values.int(-30...30)))
            let present = users.filter { _ in values.random.oneIn(2) }.sorted()
            let block = MinuteBlock(
                minute: minute, through: values.random.oneIn(4) ? nil : LSN(UInt64(number)),
                users: present.map { user in
                    let some = Set(keys.filter { _ in values.random.oneIn(3) }).sorted()
                    return UserMinute(user: user, aggregates: some.map { Partial($0, values.aggregate()) })
                })
            blocks.append(block)
            try lane.append(block)
            if number == 20 { try lane.append(values.checkpoint()) }
        }
        let fresh = try History.open(fileSystem: fileSystem, directory: data)
        for _ in 0..<60 {
            let (user, key) = (values.random.element(of: users), values.random.element(of: keys))
            let start = midnight.advanced(by: Int64(values.int(-35...35)))
            let range = start..<start.advanced(by: Int64(values.int(0...40)))
            let through = values.random.oneIn(3) ? nil : LSN(UInt64(values.int(0...40)))
            let expected = scan(blocks, user, key, range, through)
            for history in [live, fresh] {
                let slice = try history.read(user: user, key: key, minutes: range, through: through)
                #expect(slice == expected, "seed \(seed)")
                #expect(slice.points.map { bits($0.aggregate) } == expected.points.map { bits($0.aggregate) })
                let all = blocks.filter { range.contains($0.minute) }.flatMap(\.users).filter { $0.user == user }
                #expect(try history.keys(user: user, minutes: range) == Set(all.flatMap { $0.aggregates.map(\.key) }))
            }
        }
    }

    private func scan(
        _ blocks: [MinuteBlock], _ user: UserID, _ key: StatisticKey, _ range: Range<Minute>, _ through: LSN?
    ) -> HistorySlice {
        var slice = HistorySlice()
        for minute in range {
            for block in blocks where block.minute == minute {
                if let through, let covered = block.through, covered > through { continue }
                for owner in block.users where owner.user == user && !owner.aggregates.isEmpty {
                    slice.activeMinutes.append(minute..<minute.advanced(by: 1))
                    for partial in owner.aggregates where partial.key == key {
                        slice.points.append(HistorySlice.Point(minute: minute, aggregate: partial.aggregate))
                    }
                }
            }
        }
        return slice
    }

    @Test("paths that are prefixes of each other, and kinds of one path, are told apart")
    func similarPaths() throws {
        let fileSystem = SimulatedFileSystem()
        let history = try recover(fileSystem).report.history
        let lane = MinuteLane(fileSystem: fileSystem, directory: data, history: history)
        let keys = ["a", "a.b", "a.b.c", "a.bc", "ab", "b", "ba.b"].flatMap { path in
            Kind.allCases.map { StatisticKey($0, path) }
        }
        let stored = keys.enumerated().filter { $0.offset % 4 != 3 }
        let block = MinuteBlock(
            minute: midnight, through: nil,
            users: [
                UserMinute(
                    user: local,
                    aggregates: stored.map { Partial($0.element, Aggregate(sample: Double($0.offset))) })
            ])
        try lane.append(block)
        for (index, key) in keys.enumerated() {
            let slice = try history.read(user: local, key: key, minutes: midnight..<midnight.advanced(by: 1))
            #expect(slice.points.map(\.aggregate.sum) == (index % 4 == 3 ? [] : [Double(index)]), "\(key)")
        }
    }

    @Test("a frame that is corrupt is left out and counted")
    func corruptFrame() throws {
        let fileSystem = SimulatedFileSystem()
        let history = try recover(fileSystem).report.history
        let lane = MinuteLane(fileSystem: fileSystem, directory: data, history: history)
        for minute in 0...2 { try lane.append(block(Int64(minute), through: nil)) }
        fileSystem.corrupt(segmentPath(.minutes, 1)) { $0[SegmentHeader.byteCount + FrameHeader.byteCount + 5] ^= 1 }
        let range = midnight..<midnight.advanced(by: 3)
        let slice = try history.read(user: local, key: StatisticKey(.gauge, "s10000"), minutes: range)
        #expect(slice.points.map(\.aggregate.last) == [1, 2])
        #expect(slice.activeMinutes == MinuteRuns([midnight.advanced(by: 1), midnight.advanced(by: 2)]))
        #expect(history.corruptFrameReads == 1)
    }

    @Test("many threads read while the lane appends and retires")
    func concurrency() async throws {
        let fileSystem = SimulatedFileSystem()
        let history = try recover(fileSystem).report.history
        let range = midnight..<midnight.advanced(by: 20 * 1440)
        let isDone = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while !isDone.isSet {
                        let slice = try history.read(user: local, key: StatisticKey(.gauge, "s10003"), minutes: range)
                        let values = slice.points.map { Double($0.minute.index - midnight.index) + 3.0 / 8 }
                        #expect(slice.points.map(\.aggregate.last) == values)
                        await Task.yield()
                    }
                }
            }
            let lane = MinuteLane(fileSystem: fileSystem, directory: data, history: history)
            for day in 0..<20 {
                for minute in 0..<4 {
                    try lane.append(block(Int64(day * 1440 + minute), through: nil, statistics: 8))
                }
                try lane.append(checkpoint(Int64(day * 1440), through: 0))
                try lane.retire(before: midnight.day + Int64(day) - 3)
                await Task.yield()
            }
            isDone.set()
            try await group.waitForAll()
        }
        #expect(history.corruptFrameReads == 0)
        #expect(history.frameCount == 4 * 4)
    }
}
