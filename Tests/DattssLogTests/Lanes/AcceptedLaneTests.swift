import DattssCore
import DattssLog
import DattssTestSupport
import LibC
import Testing

/// Goal: what was appended and synced is there, what failed is not, and nothing in between.
@Suite struct AcceptedLaneTests {
    let fileSystem = SimulatedFileSystem()

    private func lane(_ state: LaneState = LaneState(), segmentBytes: Int = 64 << 20, frameBytes: Int = 4 << 20) -> AcceptedLane {
        AcceptedLane(
            fileSystem: fileSystem, directory: data, state: state, segmentBytes: segmentBytes, frameBytes: frameBytes)
    }

    private func numbers(_ calls: Recording) -> [Int64?] { calls.batches.map { $0.batch.origin?.sequence } }

    @Test("records come back in order, with their LSNs, times and users")
    func roundTrip() throws {
        let lane = lane()
        #expect(try lane.append([record(1, at: time(0)), record(2, at: time(0, 59_999))]) == LSN(1)...LSN(2))
        #expect(try lane.append([record(3, at: time(1, 7))]) == LSN(3)...LSN(3))
        try lane.sync()
        let (calls, report) = try recover(fileSystem)
        #expect(
            calls.batches == [
                AcceptedBatch(user: local, batch: batch(1), at: time(0), lsn: LSN(1)),
                AcceptedBatch(user: local, batch: batch(2), at: time(0, 59_999), lsn: LSN(2)),
                AcceptedBatch(user: local, batch: batch(3), at: time(1, 7), lsn: LSN(3)),
            ])
        #expect(report.accepted.nextLSN == LSN(4))
        #expect(lane.next == LSN(4))
        #expect(report.corrupt.isEmpty)
    }

    @Test("an append has one frame for each minute and each filled frame; a later minute has its own segment")
    func framesAndSegments() throws {
        let lane = lane(frameBytes: 60)
        try lane.append((1...9).map { record($0, at: time($0 <= 4 ? 0 : 1)) })
        let (calls, report) = try recover(fileSystem)
        #expect(numbers(calls) == Array(1...9))
        #expect(report.segments == 2)
        #expect(report.frames > 3 && report.frames < 9)
        #expect(report.accepted.segments.map(\.lastLSN) == [LSN(4), LSN(9)])
        #expect(lane.metrics.segments == 2)
        #expect(lane.metrics.bytes == fileSystem.usedBytes)
    }

    @Test("a segment that has grown to its size is followed by another")
    func segmentSize() throws {
        let lane = lane(segmentBytes: 400)
        for number in 1...12 { try lane.append([record(number, at: time(0))]) }
        #expect(lane.metrics.segments > 2)
        #expect(numbers(try recover(fileSystem).calls) == Array(1...12))
    }

    @Test("segments of a clock that was ahead go when they are covered")
    func retentionAfterClockAhead() throws {
        // Goal: an hour at another date does not keep what was accepted since for as long as that date is away.
        let lane = lane()
        for (number, minute) in [0, 10_000, 10_001, 1].enumerated() {
            try lane.append([record(number, at: time(Int64(minute)))])
        }
        #expect(try lane.retire(through: LSN(9), before: time(1)) == 1)
        #expect(try lane.retire(through: LSN(1), before: time(1), after: time(60)) == 0)
        let segments = lane.metrics.segments
        #expect(try lane.retire(through: LSN(9), before: time(1), after: time(60)) > 0)
        #expect(lane.metrics.segments < segments)
    }

    @Test("segments go when they are covered and older than the window, also the one being written")
    func retention() throws {
        let lane = lane()
        for minute in 0...4 { try lane.append([record(minute, at: time(Int64(minute)))]) }
        #expect(try lane.retire(through: LSN(0), before: time(100)) == 0)
        #expect(try lane.retire(through: LSN(3), before: time(2)) == 2)
        #expect(try lane.retire(through: LSN(3), before: time(100)) == 1)
        #expect(lane.oldestMinute == time(3).minute)
        #expect(try lane.retire(through: LSN(99), before: time(100)) == 2)
        #expect(lane.oldestMinute == nil)
        #expect(lane.metrics.retiredSegments == 5)
        #expect(lane.metrics.bytes == fileSystem.usedBytes)
        #expect(try lane.append([record(5, at: time(5))]) == LSN(6)...LSN(6))
        #expect(numbers(try recover(fileSystem).calls) == [5])
    }

    @Test("after a restart LSNs and segments go on, and the old segments can be retired")
    func restart() throws {
        try lane().append([record(1, at: time(0))])
        let second = lane(try recover(fileSystem).report.accepted)
        #expect(try second.append([record(2, at: time(0))]) == LSN(2)...LSN(2))
        #expect(numbers(try recover(fileSystem).calls) == [1, 2])
        #expect(try second.retire(through: LSN(1), before: time(1)) == 1)
        #expect(numbers(try recover(fileSystem).calls) == [2])
    }

    @Test("no space: the append throws and is not there; when there is space again it goes on", arguments: [0, 1, 40, 97, 200])
    func outOfSpace(room: Int) throws {
        let lane = lane()
        try lane.append([record(1, at: time(0))])
        fileSystem.capacityBytes = fileSystem.usedBytes + room
        let before = fileSystem.files
        // One of two frames, or a part of one, or the next segment's header would fit.
        let error = #expect(throws: LogError.self) {
            try lane.append([record(2, at: time(0)), record(3, at: time(1))])
        }
        #expect(error?.isOutOfSpace == true)
        #expect(fileSystem.files == before)
        #expect(lane.next == LSN(2))
        fileSystem.capacityBytes = nil
        #expect(try lane.append([record(4, at: time(1))]) == LSN(2)...LSN(2))
        try lane.sync()
        let (calls, report) = try recover(fileSystem)
        #expect(numbers(calls) == [1, 4])
        #expect(report.corrupt.isEmpty && report.tornTails.isEmpty)
    }

    @Test("whichever single call fails, recovery sees exactly the appends that succeeded")
    func everyCallFails() throws {
        for number in 1...60 {
            for effect in [SimulatedFileSystem.Effect.error(EIO), .error(ENOSPC), .shortWrite, .error(EINTR)] {
                let fileSystem = SimulatedFileSystem()
                let lane = AcceptedLane(fileSystem: fileSystem, directory: data, segmentBytes: 300)
                fileSystem.fail(operation: number, with: effect)
                var succeeded: [Int64?] = []
                for number in 1...6 {
                    let records = [
                        record(2 * number, at: time(Int64(number))), record(2 * number + 1, at: time(Int64(number) + 1)),
                    ]
                    guard (try? lane.append(records)) != nil else { continue }
                    succeeded += [Int64(2 * number), Int64(2 * number + 1)]
                    try? lane.sync()
                }
                fileSystem.removeFaults()
                let (calls, report) = try recover(fileSystem)
                #expect(numbers(calls) == succeeded, "call \(number): \(effect)")
                #expect(report.corrupt.isEmpty, "call \(number): \(effect): \(report.corrupt)")
            }
        }
    }

    /// Goal: whoever waits for the disk keeps nobody from appending, and closes nothing under the feet of the one who waits.
    @Test("appending goes on while a sync is under way, also in another segment")
    func pendingSync() throws {
        let lane = lane()
        try lane.append([record(1, at: time(0))])
        let pending = try #require(try lane.beginSync())
        #expect(try lane.beginSync() == nil)
        try lane.append([record(2, at: time(1))])
        // Its file must not go while it may be synced.
        #expect(try lane.retire(through: LSN(1), before: time(100)) == 0)
        try lane.endSync(pending.run())
        let next = try #require(try lane.beginSync())
        try lane.endSync(next.run())
        #expect(numbers(try recover(fileSystem.remainsAfterPowerLoss()).calls) == [1, 2])
        #expect(try lane.beginSync() == nil)
        #expect(try lane.retire(through: LSN(1), before: time(100)) == 1)
    }

    /// Goal: the first batch of a minute is not answered late because the disk is slow with the minute before.
    @Test("the segment of another minute can wait for a sync that comes beside the appending, for a minute at most")
    func delayedSegments() throws {
        let lane = AcceptedLane(fileSystem: fileSystem, directory: data, delaysSegments: true)
        try lane.append([record(1, at: time(0))])
        let trace = try fileSystem.trace { try lane.append([record(2, at: time(1))]) }
        #expect(!trace.contains(.sync) && lane.metrics.segments == 1, "\(trace)")
        let pending = try #require(try lane.beginSync())
        try lane.append([record(3, at: time(1))])
        #expect(lane.metrics.segments == 1)
        try lane.endSync(pending.run())
        // What came during the sync is synced now.
        try lane.append([record(4, at: time(1))])
        #expect(lane.metrics.segments == 2)
        #expect(numbers(try recover(fileSystem.remainsAfterPowerLoss()).calls) == [1, 2, 3])
        // Nobody syncs: not for ever.
        try lane.append([record(5, at: time(2))])
        #expect(lane.metrics.segments == 2)
        try lane.append([record(6, at: time(3))])
        #expect(lane.metrics.segments == 3)
        #expect(numbers(try recover(fileSystem.remainsAfterPowerLoss()).calls) == [1, 2, 3, 4, 5])
        try lane.sync()
        // Everything is on disk: another segment costs nobody anything.
        try lane.append([record(7, at: time(4))])
        #expect(lane.metrics.segments == 4)
        #expect(numbers(try recover(fileSystem).calls) == [1, 2, 3, 4, 5, 6, 7])
        // A segment with two minutes in it goes when both may.
        #expect(try lane.retire(through: LSN(7), before: time(1)) == 0)
        #expect(try lane.retire(through: LSN(7), before: time(2)) == 1)
    }

    /// Goal: a sync that was only begun has made nothing durable.
    @Test("a sync does not count on one that is under way")
    func syncBesidePending() throws {
        for endsFirst in [false, true] {
            let fileSystem = SimulatedFileSystem()
            let lane = AcceptedLane(fileSystem: fileSystem, directory: data)
            try lane.append([record(1, at: time(0))])
            let pending = try #require(try lane.beginSync())
            if endsFirst { try lane.endSync(pending.run()) }
            try lane.sync()
            #expect(numbers(try recover(fileSystem.remainsAfterPowerLoss()).calls) == [1])
        }
    }

    @Test("a sync under way that fails ends the lane; one that could not even be asked for is asked for again")
    func pendingSyncFails() throws {
        for operation in [FileSystemError.Operation.sync, .syncDirectory] {
            let fileSystem = SimulatedFileSystem()
            let lane = AcceptedLane(fileSystem: fileSystem, directory: data)
            try lane.append([record(1, at: time(0))])
            let pending = try #require(try lane.beginSync())
            fileSystem.fail(operation: 1, of: operation, with: .error(EIO))
            let error = #expect(throws: LogError.self) { try lane.endSync(pending.run()) }
            #expect(error?.code == .syncFailed)
            #expect(throws: LogError.self) { try lane.append([record(2, at: time(0))]) }
        }
        let lane = lane()
        try lane.append([record(1, at: time(0))])
        #expect(try lane.beginSync() != nil)
        let error = #expect(throws: LogError.self) {
            try lane.endSync(.failure(FileSystemError(.open, data, code: EMFILE)))
        }
        #expect(error?.code == .fileSystem)
        let again = try #require(try lane.beginSync())
        try lane.endSync(again.run())
        #expect(numbers(try recover(fileSystem.remainsAfterPowerLoss()).calls) == [1])
    }

    @Test("what a failed append had synced already does not come back after power loss in the place of what followed")
    func rollbackIsDurable() throws {
        var checked = 0
        for number in 1...60 {
            for minute in [0, 5] as [Int64] {
                let fileSystem = SimulatedFileSystem()
                let lane = AcceptedLane(fileSystem: fileSystem, directory: data)
                try lane.append([record(1, at: time(0))])
                try lane.sync()
                fileSystem.fail(operation: number, with: .error(ENOSPC))
                // Three minutes, so three segments; each is synced before the next one is begun.
                _ = try? lane.append((2...4).map { record($0, at: time(Int64($0) - 2)) })
                fileSystem.removeFaults()
                guard lane.next == LSN(2), (try? lane.append([record(5, at: time(minute))])) != nil else { continue }
                try lane.sync()
                fileSystem.crash()
                #expect(numbers(try recover(fileSystem).calls) == [1, 5], "call \(number), minute \(minute)")
                checked += 1
            }
        }
        #expect(checked > 8)
    }

    @Test("when even the truncation fails, the next append repairs first")
    func failedTruncation() throws {
        let lane = lane()
        try lane.append([record(1, at: time(0))])
        let size = fileSystem.usedBytes
        fileSystem.capacityBytes = size + 20
        fileSystem.fail(operation: 1, of: .truncate, with: .error(EIO), isPermanent: true)
        #expect(throws: LogError.self) { try lane.append([record(2, at: time(0))]) }
        #expect(fileSystem.usedBytes == size + 20)
        fileSystem.capacityBytes = nil
        let refused = #expect(throws: LogError.self) { try lane.append([record(3, at: time(0))]) }
        #expect(refused?.code == .fileSystem)
        fileSystem.removeFaults()
        #expect(try lane.append([record(4, at: time(0))]) == LSN(2)...LSN(2))
        #expect(numbers(try recover(fileSystem).calls) == [1, 4])
    }

    @Test("a failed fdatasync is told apart, is not tried again, and everything after it is refused")
    func failedSync() throws {
        let lane = lane()
        try lane.append([record(1, at: time(0))])
        fileSystem.fail(operation: 1, of: .sync, with: .error(EIO))
        let failed = #expect(throws: LogError.self) { try lane.sync() }
        #expect(failed?.code == .syncFailed)
        let syncs = fileSystem.count(of: .sync)
        for call in [
            { try lane.sync() }, { try lane.append([record(2, at: time(0))]) },
            { try lane.retire(through: LSN(9), before: time(9)) },
        ] as [() throws -> Void] {
            let refused = #expect(throws: LogError.self) { try call() }
            #expect(refused?.code == .refused)
        }
        #expect(fileSystem.count(of: .sync) == syncs)
    }

    @Test("a failed fsync of the directory is a failed sync")
    func failedDirectorySync() throws {
        let lane = lane()
        fileSystem.fail(operation: 1, of: .syncDirectory, with: .error(EIO))
        let failed = #expect(throws: LogError.self) { try lane.append([record(1, at: time(0))]) }
        #expect(failed?.code == .syncFailed)
        let refused = #expect(throws: LogError.self) { try lane.append([record(1, at: time(0))]) }
        #expect(refused?.code == .refused)
    }

    @Test("power loss after a sync loses nothing, in whichever segment it was", arguments: [nil, 1, 2, 3, 4, 5] as [UInt64?])
    func crashAfterSync(seed: UInt64?) throws {
        let lane = lane(segmentBytes: 200)
        for number in 1...10 {
            try lane.append([record(2 * number, at: time(Int64(number))), record(2 * number + 1, at: time(Int64(number) + 1))])
            try lane.sync()
        }
        fileSystem.crash(tearingWith: seed)
        let (calls, report) = try recover(fileSystem)
        #expect(numbers(calls) == Array(2...21))
        #expect(report.corrupt.isEmpty)
    }

    @Test("power loss without a sync loses only a suffix, and what is left can be read")
    func crashWithoutSync() throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            let fileSystem = SimulatedFileSystem()
            let lane = AcceptedLane(fileSystem: fileSystem, directory: data)
            for number in 1...8 {
                try lane.append([record(number, at: time(number < 5 ? 0 : 1))])
                if number == 3 { try lane.sync() }
            }
            fileSystem.crash(tearingWith: seed)
            let (calls, report) = try recover(fileSystem)
            let found = numbers(calls)
            #expect(found == Array((1...8).prefix(found.count)), "seed \(seed)")
            #expect(found.count >= 3, "seed \(seed)")
            #expect(report.corrupt.isEmpty, "seed \(seed): \(report.corrupt)")
            #expect(report.accepted.nextLSN == LSN(UInt64(found.count) + 1))
        }
    }

    @Test("with the policy never nothing is synced")
    func neverSynced() throws {
        let lane = AcceptedLane(fileSystem: fileSystem, directory: data, policy: .never)
        for minute in 0...3 {
            try lane.append([record(1, at: time(Int64(minute)))])
            try lane.sync()
        }
        #expect(fileSystem.count(of: .sync) == 0)
        #expect(fileSystem.count(of: .syncDirectory) == 0)
    }

    @Test("a sync with nothing to sync costs no call")
    func idleSync() throws {
        let lane = lane()
        try lane.append([record(1, at: time(0))])
        try lane.sync()
        try lane.sync()
        #expect(fileSystem.count(of: .sync) == 1)
        #expect(lane.metrics.syncs == 1)
    }
}
