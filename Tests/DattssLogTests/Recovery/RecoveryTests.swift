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
            bytes[8] = 3
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
}
