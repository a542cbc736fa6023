import DattssCore
import DattssLog
import DattssTestSupport
import LibC
import Testing

/// Goal: names are written once or a few times, and yet no damage to one place costs a frame that it does not touch.
@Suite struct SegmentNamingTests {
    let fileSystem = SimulatedFileSystem()

    /// A block of some statistics of two users, each with the minute in its values.
    private func block(_ minute: Int64, _ statistics: Range<Int>) -> MinuteBlock {
        let users = ["alice", "bob"].map { name in
            UserMinute(
                user: UserID(name)!,
                aggregates: statistics.map { number in
                    Partial(
                        StatisticKey(.counter, "service.endpoint_\(100 + number)"),
                        Aggregate(
                            sum: Double(3 * number) + Double(minute), count: minute + 1, max: 9, min: 1, first: 2, last: 4,
                            bottom: 1,
                            top: Double(number)))
                })
        }
        return MinuteBlock(minute: midnight.advanced(by: minute), through: LSN(UInt64(minute) + 1), users: users)
    }

    private func frames(_ sequence: UInt64 = 1) throws -> [(offset: Int, header: FrameHeader)] {
        let bytes = try #require(fileSystem.bytes(of: segmentPath(.minutes, sequence)))
        var frames: [(Int, FrameHeader)] = []
        var offset = SegmentHeader.byteCount
        while offset < bytes.count {
            let header = try FrameHeader(decoding: bytes, at: offset)
            frames.append((offset, header))
            offset += header.frameLength
        }
        return frames
    }

    @Test("small frames have the names until three copies are 512 bytes apart, large ones three times")
    func copies() throws {
        for (statistics, isSmall) in [(1..<3, true), (0..<300, false)] {
            let fileSystem = SimulatedFileSystem()
            let lane = MinuteLane(fileSystem: fileSystem, directory: data)
            for minute in 0..<40 { try lane.append(block(Int64(minute), statistics)) }
            let bytes = try #require(fileSystem.bytes(of: segmentPath(.minutes, 1)))
            var (offset, named, ends) = (SegmentHeader.byteCount, 0, [Int.min / 2])
            while offset < bytes.count {
                let header = try FrameHeader(decoding: bytes, at: offset)
                // Exactly as long as fewer than three frames before it lie far enough from each other.
                #expect(header.hasNames == (ends.count <= 3), "frame at \(offset)")
                if header.hasNames { named += 1 }
                if offset - ends[ends.count - 1] >= 512 { ends.append(offset + header.frameLength) }
                offset += header.frameLength
            }
            #expect(isSmall ? named > 5 : named < 6, "\(named)")
        }
    }

    @Test("a statistic that comes later brings its name, and only that")
    func latecomer() throws {
        let lane = MinuteLane(fileSystem: fileSystem, directory: data)
        for minute in 0..<20 { try lane.append(block(Int64(minute), 0..<(minute < 10 ? 50 : 51))) }
        let named = try frames().map(\.header.hasNames)
        #expect(named[..<10].contains(true) && !named[9] && named[10] && named[11] && !named[19])
        let sizes = try frames().map(\.header.rawLength)
        #expect(sizes[10] < sizes[9] + 100, "\(sizes)")
        #expect(try recover(fileSystem).calls.blocks == (0..<20).map { block(Int64($0), 0..<($0 < 10 ? 50 : 51)) })
    }

    @Test("every sector zeroed, garbled or swapped with another: only the frames that it touches are lost")
    func sectors() throws {
        let lane = MinuteLane(fileSystem: fileSystem, directory: data)
        // Small frames and large ones, names that come early and late.
        let blocks = (0..<30).map { minute in block(Int64(minute), 0..<(minute < 12 ? 4 : minute < 20 ? 30 : 40)) }
        for block in blocks { try lane.append(block) }
        let frames = try frames()
        let path = segmentPath(.minutes, 1)
        let size = try #require(fileSystem.bytes(of: path)).count
        let sectors = (size + 511) / 512
        var random = SeededGenerator(seed: 7)
        func check(_ damaged: [Int], _ change: (inout [UInt8]) -> Void) throws {
            let copy = fileSystem.copy()
            copy.corrupt(path, change)
            let (calls, _) = try recover(copy)
            let bytes = damaged.map { $0 * 512..<min(size, $0 * 512 + 512) }
            let expected = zip(frames, blocks).filter { frame, _ in
                !bytes.contains { $0.overlaps(frame.offset..<frame.offset + frame.header.frameLength) }
            }
            let lost = blocks.count - calls.blocks.count
            #expect(lost <= blocks.count - expected.count, "sectors \(damaged): \(lost) lost")
            #expect(
                calls.blocks.filter { block in expected.contains { $0.1.minute == block.minute } } == expected.map(\.1),
                "\(damaged)")
            #expect(calls.blocks.allSatisfy { blocks.contains($0) })
        }
        for sector in 0..<sectors {
            let range = sector * 512..<min(size, sector * 512 + 512)
            try check([sector]) { bytes in for position in range { bytes[position] = 0 } }
            try check([sector]) { bytes in
                for position in range { bytes[position] = UInt8.random(in: 0...255, using: &random) }
            }
            let other = Int.random(in: 0..<sectors - 1, using: &random)
            guard other != sector, range.count == 512 else { continue }
            try check([sector, other]) { bytes in
                for position in 0..<512 { bytes.swapAt(sector * 512 + position, other * 512 + position) }
            }
        }
    }

    @Test("an append that fails gives out no id")
    func failedAppend() throws {
        let history = try History.open(fileSystem: fileSystem, directory: data)
        let lane = MinuteLane(fileSystem: fileSystem, directory: data, history: history)
        try lane.append(block(0, 0..<3))
        for effect in [SimulatedFileSystem.Effect.error(EIO), .error(ENOSPC)] {
            fileSystem.fail(operation: 1, of: .append, with: effect)
            #expect(throws: LogError.self) { try lane.append(block(1, 10..<20)) }
        }
        fileSystem.removeFaults()
        // Had the ids been given out, these would stand where the others' names are expected.
        try lane.append(block(1, 5..<9))
        try lane.append(block(2, 0..<20))
        let expected = [block(0, 0..<3), block(1, 5..<9), block(2, 0..<20)]
        #expect(try recover(fileSystem).calls.blocks == expected)
        let key = StatisticKey(.counter, "service.endpoint_107")
        let slice = try history.read(user: UserID("bob")!, key: key, minutes: midnight..<midnight.advanced(by: 9))
        #expect(slice.points.map(\.minute) == [midnight.advanced(by: 1), midnight.advanced(by: 2)])
        let naming = try #require(try frames().last?.header.recordCount)
        #expect(naming == 40)
    }

    @Test("each segment has ids of its own: after a restart, and on another day")
    func segments() throws {
        let lane = MinuteLane(fileSystem: fileSystem, directory: data)
        let blocks = [block(0, 0..<5), block(1, 3..<9), block(1440, 8..<20), block(1441, 0..<4)]
        for block in blocks[..<3] { try lane.append(block) }
        let restarted = MinuteLane(fileSystem: fileSystem, directory: data, state: try recover(fileSystem).report.minutes)
        try restarted.append(blocks[3])
        let (calls, report) = try recover(fileSystem)
        #expect(calls.blocks == blocks)
        #expect(report.segments == 3)
        for sequence in 1...3 as ClosedRange<UInt64> { #expect(try frames(sequence)[0].header.hasNames) }
    }

    @Test("a frame that was moved into another segment never takes that one's names")
    func displacedFrames() throws {
        let lane = MinuteLane(fileSystem: fileSystem, directory: data)
        for minute in 0..<20 { try lane.append(block(Int64(minute), 0..<40)) }
        let restarted = MinuteLane(fileSystem: fileSystem, directory: data, state: try recover(fileSystem).report.minutes)
        for minute in 20..<40 { try restarted.append(block(Int64(minute), 30..<70)) }
        let written = (0..<40).map { block(Int64($0), $0 < 20 ? 0..<40 : 30..<70) }
        #expect(try recover(fileSystem).calls.blocks == written)
        let first = try #require(fileSystem.bytes(of: segmentPath(.minutes, 1)))
        for (offset, header) in try frames(1) {
            let copy = fileSystem.copy()
            copy.corrupt(segmentPath(.minutes, 2)) { $0 += first[offset..<offset + header.frameLength] }
            copy.corrupt(segmentPath(.minutes, 1)) { bytes in
                for position in offset..<offset + header.frameLength { bytes[position] = 0 }
            }
            let blocks = try recover(copy).calls.blocks
            #expect(blocks.allSatisfy { written.contains($0) })
            #expect(blocks.count >= 39)
        }
    }

    @Test("readers that share names see what a writer adds, and nothing of what it takes back")
    func sharedNames() throws {
        let history = try History.open(fileSystem: fileSystem, directory: data)
        let lane = MinuteLane(fileSystem: fileSystem, directory: data, history: history)
        var expected: [StatisticKey: Int] = [:]
        for minute in 0..<30 {
            let statistics = minute..<minute + 3
            if minute % 7 == 3 {
                fileSystem.fail(operation: 1, of: .append, with: .error(ENOSPC))
                #expect(throws: LogError.self) { try lane.append(block(Int64(minute), 200..<230)) }
                fileSystem.removeFaults()
            }
            try lane.append(block(Int64(minute), statistics))
            for number in statistics { expected[StatisticKey(.counter, "service.endpoint_\(100 + number)"), default: 0] += 1 }
            for (key, count) in expected {
                let slice = try history.read(user: UserID("alice")!, key: key, minutes: midnight..<midnight.advanced(by: 60))
                #expect(slice.points.count == count, "\(key.path) at \(minute)")
            }
        }
        #expect(history.corruptFrameReads == 0)
        let keys = try history.keys(user: UserID("bob")!, minutes: midnight..<midnight.advanced(by: 60))
        #expect(keys == Set(expected.keys))
    }
}
