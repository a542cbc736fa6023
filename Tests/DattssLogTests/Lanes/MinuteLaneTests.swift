import DattssCore
import DattssLog
import DattssTestSupport
import LibC
import Testing

/// Goal: blocks and checkpoints come back whole or not at all, and retention deletes only what replay does not need.
@Suite struct MinuteLaneTests {
    let fileSystem = SimulatedFileSystem()

    private func lane(_ state: LaneState = LaneState(), history: History? = nil, partBytes: Int = 4 << 20) -> MinuteLane {
        MinuteLane(fileSystem: fileSystem, directory: data, state: state, history: history, partBytes: partBytes)
    }

    @Test("blocks come back in the order in which they were written, an import among them")
    func roundTrip() throws {
        let lane = lane()
        let blocks = [block(0, through: 5), block(1, through: 9), block(-3000, through: nil), block(1, through: 12)]
        for block in blocks { try lane.append(block) }
        let (calls, report) = try recover(fileSystem)
        #expect(calls.blocks == blocks)
        #expect(report.through == LSN(12))
        #expect(report.blocks == 4)
        #expect(report.accepted.nextLSN == LSN(13))
    }

    @Test("replay begins with the newest checkpoint and skips the blocks before it")
    func checkpoints() throws {
        let lane = lane()
        try lane.append(block(0, through: 5))
        try lane.append(checkpoint(1, through: 5))
        try lane.append(block(1, through: 8))
        try lane.append(checkpoint(2, through: 8))
        try lane.append(block(2, through: 11))
        let (calls, report) = try recover(fileSystem)
        #expect(calls.order == "cb")
        #expect(calls.checkpoints == [checkpoint(2, through: 8)])
        #expect(calls.blocks == [block(2, through: 11)])
        #expect(report.hasCheckpoint)
    }

    @Test("a checkpoint that cannot be read gives way to the one before")
    func corruptCheckpoint() throws {
        let lane = lane()
        try lane.append(checkpoint(1, through: 5))
        try lane.append(block(1, through: 8))
        let before = fileSystem.usedBytes
        try lane.append(checkpoint(2, through: 8))
        try lane.append(block(2, through: 11))
        fileSystem.corrupt(segmentPath(.minutes, 1)) { $0[before + FrameHeader.byteCount + 3] ^= 0xFF }
        let (calls, report) = try recover(fileSystem)
        #expect(calls.checkpoints == [checkpoint(1, through: 5)])
        #expect(calls.blocks == [block(1, through: 8), block(2, through: 11)])
        #expect(report.corrupt.map(\.offset) == [before])
    }

    @Test("a block in several frames comes back as one, and is indexed")
    func parts() throws {
        let history = try recover(fileSystem).report.history
        let lane = lane(history: history, partBytes: 2000)
        let large = block(0, through: 5, statistics: 1000)
        try lane.append(large)
        #expect(lane.metrics.frames > 5)
        #expect(history.frameCount == lane.metrics.frames)
        #expect(try recover(fileSystem).calls.blocks == [large])
    }

    @Test("a block of another day has a segment of its own, a checkpoint goes where writing is")
    func days() throws {
        let lane = lane()
        try lane.append(block(0, through: 1))
        try lane.append(block(1439, through: 2))
        try lane.append(checkpoint(1440, through: 2))
        try lane.append(block(1440, through: 3))
        let state = try recover(fileSystem).report.minutes
        #expect(state.segments.map(\.day) == [midnight.day, midnight.day + 1])
        #expect(state.segments.map(\.frames) == [3, 1])
        #expect(state.segments.map(\.holdsCheckpoint) == [true, false])
    }

    @Test("retention deletes old days, but neither the newest checkpoint nor anything after it")
    func retention() throws {
        let history = try recover(fileSystem).report.history
        let lane = lane(history: history)
        for day in 0...3 {
            try lane.append(block(Int64(day) * 1440, through: UInt64(day) + 1))
            if day == 2 { try lane.append(checkpoint(2 * 1440 + 1, through: 3)) }
        }
        #expect(try lane.retire(before: midnight.day + 1) == 1)
        #expect(history.frameCount == 3)
        // Everything is old now; the checkpoint's segment and the one after it stay.
        #expect(try lane.retire(before: midnight.day + 100) == 1)
        let (calls, report) = try recover(fileSystem)
        #expect(calls.checkpoints.count == 1)
        #expect(calls.blocks == [block(3 * 1440, through: 4)])
        #expect(report.segments == 2)
        #expect(history.frameCount == 2)
    }

    @Test("without a checkpoint retention deletes nothing")
    func retentionWithoutCheckpoint() throws {
        let lane = lane()
        for day in 0...3 { try lane.append(block(Int64(day) * 1440, through: UInt64(day) + 1)) }
        #expect(try lane.retire(before: midnight.day + 100) == 0)
    }

    @Test("power loss after retention: the checkpoint that it relied upon is there")
    func retentionSyncs() throws {
        let lane = lane()
        for day in 0...1 { try lane.append(block(Int64(day) * 1440, through: UInt64(day) + 1)) }
        try lane.append(checkpoint(1440, through: 2))
        #expect(try lane.retire(before: midnight.day + 1) == 1)
        fileSystem.crash()
        #expect(try recover(fileSystem).calls.checkpoints == [checkpoint(1440, through: 2)])
    }

    @Test("whichever single call fails, recovery and the index see exactly the blocks that succeeded")
    func everyCallFails() throws {
        for number in 1...40 {
            for effect in [SimulatedFileSystem.Effect.error(EIO), .error(ENOSPC), .shortWrite, .error(EINTR)] {
                let fileSystem = SimulatedFileSystem()
                let history = try History.open(fileSystem: fileSystem, directory: data)
                let lane = MinuteLane(
                    fileSystem: fileSystem, directory: data, history: history, partBytes: 200)
                fileSystem.fail(operation: number, with: effect)
                var succeeded: [MinuteBlock] = []
                for number in 0..<6 {
                    let block = block(Int64(number) * 500, through: UInt64(number), statistics: 30)
                    guard (try? lane.append(block)) != nil else { continue }
                    succeeded.append(block)
                    try? lane.sync()
                }
                fileSystem.removeFaults()
                let (calls, report) = try recover(fileSystem)
                #expect(calls.blocks == succeeded, "call \(number): \(effect)")
                #expect(report.corrupt.isEmpty, "call \(number): \(effect): \(report.corrupt)")
                #expect(report.history.frameCount == history.frameCount)
            }
        }
    }

    @Test("a failed fdatasync closes the lane")
    func failedSync() throws {
        let lane = lane()
        try lane.append(block(0, through: 1))
        fileSystem.fail(operation: 1, of: .sync, with: .error(EIO))
        let failed = #expect(throws: LogError.self) { try lane.sync() }
        #expect(failed?.code == .syncFailed)
        let refused = #expect(throws: LogError.self) { try lane.append(block(1, through: 2)) }
        #expect(refused?.code == .refused)
    }

    @Test("a damaged segment goes to the quarantine, and not away, when all that is readable of it is sealed")
    func damagedSegment() throws {
        for isDamaged in [false, true] {
            var scene = try SealScene()
            for minute in 0...3 { try scene.append(block(Int64(minute), through: UInt64(minute))) }
            if isDamaged {
                let path = segmentPath(.minutes, 1)
                try scene.seal()
                let end = try #require(scene.fileSystem.bytes(of: path)).count
                try scene.append(block(4, through: 4))
                // The header of the block that is in no sealed file.
                scene.fileSystem.corrupt(path) { $0[end + 9] ^= 1 }
                try scene.restart()
            } else {
                try scene.restart()
                try scene.seal()
            }
            let segment = scene.fileSystem.bytes(of: segmentPath(.minutes, 1))
            try scene.lane.append(Checkpoint(at: midnight.start, through: LSN(4), users: []))
            #expect(try scene.lane.retireSealed() == 1)
            #expect(scene.fileSystem.bytes(of: segmentPath(.minutes, 1)) == nil)
            let folder = LogLayout.quarantine(in: data)
            let kept = try scene.fileSystem.exists(folder) ? try scene.fileSystem.list(folder) : []
            #expect(kept.map { scene.fileSystem.bytes(of: folder + "/" + $0) } == (isDamaged ? [segment] : []))
        }
    }
}
