import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: whatever happened to the files, everything that is whole comes back, everything else is reported, and a second
/// recovery finds what the first one left.
@Suite struct RecoveryTests {
    /// Three segments a lane, a block in several parts, a checkpoint.
    private func smallLog() throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        let accepted = AcceptedLane(fileSystem: fileSystem, directory: data)
        for number in 1...6 { try accepted.append([record(number, at: time(Int64((number - 1) / 2)))]) }
        let minutes = MinuteLane(fileSystem: fileSystem, directory: data, partBytes: 60)
        try minutes.append(block(-1440, through: 1))
        try minutes.append(checkpoint(-1440, through: 1))
        try minutes.append(block(0, through: 2, statistics: 12))
        try minutes.append(block(1440, through: 3))
        try minutes.append(block(1441, through: 4, statistics: 12))
        return fileSystem
    }

    /// Where frames end in a segment, ascending.
    private func frameEnds(_ bytes: [UInt8]) throws -> [Int] {
        var ends: [Int] = []
        var offset = SegmentHeader.byteCount
        while offset < bytes.count {
            offset += try FrameHeader(decoding: bytes, at: offset).frameLength
            ends.append(offset)
        }
        return ends
    }

    @Test("an empty or missing folder is an empty log")
    func empty() throws {
        let (calls, report) = try recover(SimulatedFileSystem())
        #expect(calls == Recording())
        #expect(report.accepted == LaneState())
        #expect(report.minutes == LaneState())
    }

    @Test("batches are covered up to the largest through, and come in the order of LSNs")
    func coverage() throws {
        let (calls, report) = try recover(try smallLog())
        #expect(calls.order == "cbbbaaaaaa")
        #expect(calls.covered == (1...4).map { LSN($0) })
        #expect(report.coveredBatches == 4)
        #expect(report.batches == 6)
        #expect(report.accepted.nextLSN == LSN(7))
        #expect(report.accepted.nextSequence == 4)
        #expect(report.minutes.nextSequence == 4)
    }

    @Test("cut at any byte, no earlier frame is lost; recovering again makes the same calls and changes no byte")
    func cutAnywhere() throws {
        let original = try smallLog()
        let whole = try recover(original.copy()).calls
        let written = try (1...3 as ClosedRange<UInt64>).map { sequence in
            try frameEnds(try #require(original.bytes(of: segmentPath(.minutes, sequence))))
        }
        for lane in Lane.allCases {
            for sequence in 1...3 as ClosedRange<UInt64> {
                let path = segmentPath(lane, sequence)
                let bytes = try #require(original.bytes(of: path))
                for length in 0..<bytes.count {
                    let fileSystem = original.copy()
                    // A file that is cut is the last one: those after it were not there yet.
                    for later in sequence...3 where later > sequence { try fileSystem.remove(segmentPath(lane, later)) }
                    fileSystem.write(Array(bytes[..<length]), to: path)
                    let (calls, report) = try recover(fileSystem)
                    #expect(report.corrupt.isEmpty, "\(path) cut at \(length): \(report.corrupt)")
                    if lane == .accepted {
                        let before = 2 * (Int(sequence) - 1)
                        let frames = try frameEnds(bytes).count { $0 <= length }
                        #expect(calls.batches == Array(whole.batches.prefix(before + frames)), "cut at \(length)")
                        #expect(calls.blocks == whole.blocks)
                    } else {
                        let complete = { (at: UInt64, ends: ArraySlice<Int>) in
                            at < sequence || (at == sequence && ends.allSatisfy { $0 <= length })
                        }
                        let hasCheckpoint = complete(1, written[0][1...])
                        let expected = [
                            complete(1, written[0][...0]) && !hasCheckpoint ? block(-1440, through: 1) : nil,
                            complete(2, written[1][...]) ? block(0, through: 2, statistics: 12) : nil,
                            complete(3, written[2][...0]) ? block(1440, through: 3) : nil,
                            complete(3, written[2][...]) ? block(1441, through: 4, statistics: 12) : nil,
                        ].compactMap(\.self)
                        #expect(calls.checkpoints.count == (hasCheckpoint ? 1 : 0), "\(path) cut at \(length)")
                        #expect(calls.blocks == expected, "\(path) cut at \(length)")
                        #expect(calls.batches == whole.batches)
                    }
                    let files = fileSystem.files
                    let again = try recover(fileSystem)
                    #expect(again.calls == calls)
                    #expect(again.report.tornTails.isEmpty && again.report.corrupt.isEmpty)
                    #expect(again.report.accepted == report.accepted && again.report.minutes == report.minutes)
                    #expect(fileSystem.files == files)
                }
            }
        }
    }

    @Test("an incomplete block at the very end is cut with all its parts, and the lane goes on")
    func incompleteBlock() throws {
        let fileSystem = try smallLog()
        let path = segmentPath(.minutes, 3)
        let ends = try frameEnds(try #require(fileSystem.bytes(of: path)))
        #expect(ends.count > 3)
        for end in ends[1..<(ends.count - 1)] {
            let fileSystem = fileSystem.copy()
            fileSystem.corrupt(path) { $0.removeSubrange(end...) }
            let (calls, report) = try recover(fileSystem)
            #expect(calls.blocks.last == block(1440, through: 3))
            #expect(report.corrupt.isEmpty)
            #expect(fileSystem.bytes(of: path)?.count == ends[0])
            let lane = MinuteLane(fileSystem: fileSystem, directory: data, state: report.minutes, partBytes: 60)
            try lane.append(block(1441, through: 4, statistics: 12))
            let whole = try recover(try smallLog()).calls.blocks
            #expect(try recover(fileSystem).calls.blocks == whole)
        }
    }

    @Test("any flipped bit leaves the answer exact or is reported: none is silent")
    func flippedBits() throws {
        let original = SimulatedFileSystem()
        let accepted = AcceptedLane(fileSystem: original, directory: data)
        for number in 1...3 { try accepted.append([record(number, at: time(0))]) }
        let minutes = MinuteLane(fileSystem: original, directory: data)
        try minutes.append(checkpoint(0, through: 1))
        try minutes.append(block(0, through: 2))
        let whole = try recover(original.copy()).calls
        var (exact, reported) = (0, 0)
        for lane in Lane.allCases {
            let path = segmentPath(lane, 1)
            let size = try #require(original.bytes(of: path)).count
            for bit in 0..<8 * size {
                let fileSystem = original.copy()
                fileSystem.corrupt(path) { $0[bit / 8] ^= 1 << (bit % 8) }
                let before = fileSystem.files
                do {
                    let (calls, report) = try recover(fileSystem)
                    if report.corrupt.isEmpty && report.tornTails.isEmpty {
                        exact += 1
                        #expect(calls == whole, "\(path) bit \(bit) was silent")
                    } else {
                        reported += 1
                        // What is corrupt stays where it is, and nothing is made up.
                        if report.tornTails.isEmpty { #expect(fileSystem.files == before) }
                        #expect(calls.batches.allSatisfy(whole.batches.contains), "bit \(bit)")
                        #expect(calls.blocks.allSatisfy(whole.blocks.contains), "bit \(bit)")
                        #expect(calls.batches.count >= 2, "bit \(bit) lost more than its frame")
                    }
                } catch is LogError {
                    Issue.record("\(path) bit \(bit) kept the log from being read")
                }
            }
        }
        #expect(exact == 0)
        #expect(reported > 4000)
    }

    @Test("a corrupt frame in the middle loses only itself, whether its header or its payload is hit")
    func corruptMiddle() throws {
        let original = SimulatedFileSystem()
        let lane = AcceptedLane(fileSystem: original, directory: data)
        for number in 1...5 { try lane.append([record(number, at: time(0))]) }
        let path = segmentPath(.accepted, 1)
        let ends = try frameEnds(try #require(original.bytes(of: path)))
        for position in [0, 5, 20, FrameHeader.byteCount, FrameHeader.byteCount + 9] {
            let fileSystem = original.copy()
            fileSystem.corrupt(path) { $0[ends[1] + position] ^= 0x55 }
            let before = fileSystem.files
            let (calls, report) = try recover(fileSystem)
            #expect(calls.batches.map(\.lsn.value) == [1, 2, 4, 5])
            #expect(report.corrupt.map(\.kind) == [.corruptFrame])
            #expect(report.corrupt.map(\.offset) == [ends[1]])
            #expect(report.corrupt.map(\.bytes) == [ends[2] - ends[1]])
            #expect(fileSystem.files == before)
            #expect(try recover(fileSystem).calls == calls)
        }
    }

    @Test("the frames of a segment whose header is unreadable are found")
    func unreadableSegmentHeader() throws {
        let fileSystem = try smallLog()
        let whole = try recover(fileSystem.copy()).calls
        for lane in Lane.allCases { fileSystem.corrupt(segmentPath(lane, 2)) { $0[30] ^= 1 } }
        let (calls, report) = try recover(fileSystem)
        #expect(calls == whole)
        #expect(report.corrupt.map(\.kind) == [.corruptSegmentHeader, .corruptSegmentHeader])
    }

    @Test("a segment of a later version keeps the server from starting")
    func laterVersion() throws {
        let fileSystem = try smallLog()
        fileSystem.corrupt(segmentPath(.accepted, 2)) { bytes in
            bytes[8] = 2
            let checksum = CRC32C.checksum(bytes, in: 0..<36)
            for index in 0..<4 { bytes[36 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
        }
        let error = #expect(throws: LogError.self) { try recover(fileSystem) }
        #expect(error?.code == .unsupportedVersion)
        #expect(error?.file == segmentPath(.accepted, 2))
    }

    @Test("segments that are there twice are applied once")
    func duplicates() throws {
        let fileSystem = try smallLog()
        let whole = try recover(fileSystem.copy()).calls
        for lane in Lane.allCases {
            fileSystem.write(try #require(fileSystem.bytes(of: segmentPath(lane, 2))), to: segmentPath(lane, 9))
        }
        let (calls, report) = try recover(fileSystem)
        #expect(calls == whole)
        #expect(report.duplicatesIgnored > 2)
        #expect(report.accepted.nextSequence == 10)
        #expect(report.corrupt.isEmpty)
    }

    @Test("of records in overlapping frames each is applied once")
    func overlap() throws {
        let fileSystem = SimulatedFileSystem()
        let first = AcceptedLane(fileSystem: fileSystem, directory: data)
        try first.append([record(1, at: time(0)), record(2, at: time(0))])
        var state = try recover(fileSystem).report.accepted
        state.nextLSN = LSN(2)
        let second = AcceptedLane(fileSystem: fileSystem, directory: data, state: state)
        try second.append([record(2, at: time(0)), record(3, at: time(0))])
        let (calls, report) = try recover(fileSystem)
        #expect(calls.batches.map(\.lsn.value) == [1, 2, 3])
        #expect(report.duplicatesIgnored == 1)
    }

    @Test("a copy stands in for a corrupt frame")
    func copyOfCorrupt() throws {
        let fileSystem = try smallLog()
        let whole = try recover(fileSystem.copy()).calls
        for lane in Lane.allCases {
            let path = segmentPath(lane, 2)
            fileSystem.write(try #require(fileSystem.bytes(of: path)), to: segmentPath(lane, 9))
            fileSystem.corrupt(path) { $0[SegmentHeader.byteCount + FrameHeader.byteCount + 4] ^= 1 }
        }
        let (calls, report) = try recover(fileSystem)
        #expect(calls == whole)
        #expect(report.corrupt.count == 2)
    }

    @Test("the batches of a block that cannot be read are not covered by it")
    func corruptBlockCoversNothing() throws {
        let fileSystem = SimulatedFileSystem()
        let accepted = AcceptedLane(fileSystem: fileSystem, directory: data)
        for number in 1...4 { try accepted.append([record(number, at: time(0))]) }
        let minutes = MinuteLane(fileSystem: fileSystem, directory: data)
        try minutes.append(block(0, through: 2))
        let size = try #require(fileSystem.bytes(of: segmentPath(.minutes, 1))).count
        try minutes.append(block(1, through: 4))
        fileSystem.corrupt(segmentPath(.minutes, 1)) { $0[size + FrameHeader.byteCount + 6] ^= 1 }
        let (calls, report) = try recover(fileSystem)
        #expect(calls.blocks == [block(0, through: 2)])
        #expect(calls.covered == [LSN(1), LSN(2)])
        #expect(report.corrupt.count == 1)
    }

    @Test("power loss at any call, with torn writes: nothing acknowledged after a sync is lost, and the log goes on")
    func crashAnywhere() throws {
        for seed in 1...150 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let fileSystem = SimulatedFileSystem()
            var acknowledged: [Int64] = []
            var offered: [Int64] = []
            var number = 0
            for _ in 0..<3 {
                let report = try recover(fileSystem).report
                let lane = AcceptedLane(
                    fileSystem: fileSystem, directory: data, state: report.accepted, segmentBytes: 250)
                let minutes = MinuteLane(
                    fileSystem: fileSystem, directory: data, state: report.minutes, history: report.history, partBytes: 60)
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    number += 1
                    offered.append(Int64(number))
                    try lane.append([record(number, at: time(Int64(number) / 3))])
                    if random.oneIn(2) {
                        try lane.sync()
                        acknowledged = offered
                    }
                    if random.oneIn(3) { try minutes.append(block(Int64(number), through: nil, statistics: 20)) }
                }
                fileSystem.crash(tearingWith: random.oneIn(3) ? nil : random.next())
                let (calls, after) = try recover(fileSystem)
                let found = calls.batches.compactMap { $0.batch.origin?.sequence }
                #expect(found.starts(with: acknowledged), "seed \(seed)")
                #expect(offered.starts(with: found), "seed \(seed)")
                #expect(after.corrupt.isEmpty, "seed \(seed): \(after.corrupt)")
                #expect(calls.batches.map(\.lsn.value) == (0..<calls.batches.count).map { UInt64($0) + 1 })
                #expect(try recover(fileSystem).calls == calls)
                (offered, acknowledged) = (found, found)
                number = Int(found.last ?? 0)
            }
        }
    }
}
