import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Synchronization
import Testing

@Suite("Pipeline")
struct PipelineTests {
    private static let ann = UserID("ann")!
    private static let hits = StatisticKey(.counter, "hits")
    private static let wait = StatisticKey(.timer, "wait")

    /// Goal: the duplicate window holds across kills, and only for the client that sent the number.
    @Test("a batch that is sent again after a kill is acknowledged and not counted twice")
    func duplicateAfterKill() async throws {
        let harness = try PipelineHarness()
        let message = batch([(Self.hits, [1, 1, 1])], origin: .init(client: "c1", sequence: 7))
        #expect(await harness.pipeline.ingest.submit(message, of: Self.ann) == .accepted)
        try await harness.killAndRestart()
        #expect(await harness.pipeline.ingest.submit(message, of: Self.ann) == .duplicate)
        // Also when the number comes back out of a minute block instead of the batch.
        harness.clock.advance(byMilliseconds: 600_000)
        try await harness.shutDownAndRestart()
        #expect(await harness.pipeline.ingest.submit(message, of: Self.ann) == .duplicate)
        let other = batch([(Self.hits, [1])], origin: .init(client: "c2", sequence: 7))
        #expect(await harness.pipeline.ingest.submit(other, of: Self.ann) == .accepted)
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 4)
        await harness.stop()
    }

    /// Goal: a batch of as many partials as there may be holds up nobody's event loop, and nobody sees half of one.
    @Test("a large batch is merged bit by bit, and read whole")
    func largeBatch() async throws {
        let harness = try PipelineHarness()
        let keys = (0..<5000).map { StatisticKey(.counter, "many.\($0)") }
        let pipeline = harness.pipeline
        for round in 1...5 {
            let message = batch(keys.map { ($0, [1]) }, origin: .init(client: "c", sequence: Int64(round)))
            #expect(await pipeline.ingest.submit(message, of: Self.ann) == .accepted)
            let sums = await pipeline.queries.status(of: Self.ann).statistics.map(\.sum)
            #expect(sums.count == keys.count && sums.allSatisfy { $0 == Double(round) })
        }
        try await harness.killAndRestart()
        #expect(await harness.status(of: Self.ann).values.allSatisfy { $0.sum == 5 })
        await harness.stop()
    }

    /// Goal: whoever asks for much holds up neither other readers nor the samples of others, on whichever thread it is answered.
    @Test("a status of very many statistics lets others in between")
    func statusInSlices() async throws {
        let harness = try PipelineHarness()
        let keys = (0..<20_000).map { StatisticKey(.gauge, "many.\($0)") }
        for start in stride(from: 0, to: keys.count, by: 5000) {
            let message = batch(keys[start..<start + 5000].map { ($0, [Double(start)]) })
            #expect(await harness.pipeline.ingest.submit(message, of: Self.ann) == .accepted)
        }
        let queries = harness.pipeline.queries
        let thread = QueryThreads(count: 1, niceness: 0)
        // In the order in which they come to their ends.
        let counts = await withTaskGroup { group in
            group.addTask(executorPreference: thread) { await queries.status(of: Self.ann).statistics.count }
            group.addTask(executorPreference: thread) { await queries.lastValues(of: [keys[7000]], user: Self.ann).count }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [1, keys.count])
        await harness.stop()
    }

    /// Goal: promise 5 of the log. A full disk is answered with a refusal, reads go on, and it heals by itself.
    @Test("a full disk refuses batches, answers reads, and heals")
    func fullDisk() async throws {
        let harness = try PipelineHarness()
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [1])]), of: Self.ann) == .accepted)
        let again = batch([(Self.hits, [5])], origin: .init(client: "c", sequence: 1))
        harness.fileSystem.capacityBytes = harness.fileSystem.usedBytes
        guard case .refused(let error) = await harness.pipeline.ingest.submit(again, of: Self.ann) else {
            Issue.record("a batch was accepted that could not be written")
            return
        }
        #expect(error.reason == .logUnavailable)
        #expect(harness.pipeline.problem != nil)
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 1)
        harness.fileSystem.capacityBytes = nil
        #expect(await harness.pipeline.ingest.submit(again, of: Self.ann) == .accepted)
        #expect(harness.pipeline.problem == nil)
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 6)
        try await harness.killAndRestart()
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 6)
        await harness.stop()
    }

    /// Goal: after a failed fdatasync nothing is taken in any more, and the caller hears of it.
    @Test("a failed sync stops the log for good")
    func failedSync() async throws {
        let harness = try PipelineHarness(syncMode: .always)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [1])]), of: Self.ann) == .accepted)
        // (Each from now on: the note of the time is synced in the background, too.)
        harness.fileSystem.fail(operation: 1, of: .sync, with: .error(5), isPermanent: true)
        for _ in 0..<2 {
            guard case .refused = await harness.pipeline.ingest.submit(batch([(Self.hits, [1])]), of: Self.ann) else {
                Issue.record("a batch was accepted after a failed sync")
                return
            }
        }
        #expect(harness.pipeline.problem != nil)
        await harness.stop()
    }

    /// Goal: with `--sync always` an acknowledged batch survives power loss.
    @Test("what was acknowledged with sync always survives power loss")
    func powerLoss() async throws {
        let harness = try PipelineHarness(syncMode: .always)
        for round in 1...20 {
            let message = batch([(Self.hits, [1])], origin: .init(client: "c", sequence: Int64(round)))
            let answer = await harness.pipeline.ingest.submit(message, of: Self.ann)
            #expect(answer == .accepted, "round \(round)")
            if round.isMultiple(of: 3) { harness.clock.advance(byMilliseconds: 61_000) }
            try await harness.losePowerAndRestart()
            #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == Double(round), "round \(round)")
        }
        await harness.stop()
    }

    /// Goal: the limits of one user. The limit is all or nothing, and only new statistics count against it.
    @Test("a batch with one statistic too many is refused whole")
    func statisticLimit() async throws {
        var limits = Limits()
        limits.liveStatisticsPerUser = 3
        let harness = try PipelineHarness(limits: limits)
        let three = (1...3).map { (key: StatisticKey(.gauge, "g\($0)"), values: [1.0]) }
        #expect(await harness.pipeline.ingest.submit(batch(three), of: Self.ann) == .accepted)
        let four = three + [(key: StatisticKey(.gauge, "g4"), values: [1.0])]
        guard case .refused(let error) = await harness.pipeline.ingest.submit(batch(four), of: Self.ann) else {
            Issue.record("four statistics were accepted")
            return
        }
        #expect(error.reason == .statisticLimit)
        #expect(await harness.pipeline.ingest.submit(batch(three), of: Self.ann) == .accepted)
        let fitting = harness.pipeline.ingest.fitting(batch(four), of: Self.ann)
        #expect(fitting.partials.count == 3)
        #expect(await harness.pipeline.ingest.submit(fitting, of: Self.ann) == .accepted)
        // Another user has a limit of its own.
        #expect(await harness.pipeline.ingest.submit(batch(three), of: UserID("bob")!) == .accepted)
        await harness.stop()
    }

    /// Goal: a full link refuses, and says so in its books; nothing of the refused batch stays.
    @Test("a user with too much under way is told to come back")
    func overload() async throws {
        var limits = Limits()
        limits.queuedPartialsPerUser = 10
        let harness = try PipelineHarness(limits: limits)
        let pipeline = harness.pipeline
        let accepted = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<400 {
                group.addTask {
                    let eight = (1...8).map { (key: StatisticKey(.counter, "c\($0)"), values: [1.0]) }
                    return await pipeline.ingest.submit(batch(eight), of: Self.ann) == .accepted
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        let status = await harness.status(of: Self.ann)
        #expect(accepted > 0)
        #expect((1...8).allSatisfy { status[StatisticKey(.counter, "c\($0)")]?.sum == Double(accepted) })
        await harness.stop()
        let snapshot = await pipeline.snapshot()
        #expect(snapshot.ingest.acceptedBatches == accepted)
        #expect(snapshot.ingest.refusedBatches[.overloaded] ?? 0 == 400 - accepted)
        for (name, ledger) in snapshot.links {
            #expect(ledger.offered == ledger.admitted + ledger.refused, "\(name)")
            #expect(ledger.admitted == ledger.processed, "\(name)")
        }
    }

    /// Goal: what one event loop takes in is of many users, and answered together.
    @Test("a group of several users' batches is counted whole, each for its user and in order")
    func mixedGroup() async throws {
        let harness = try PipelineHarness()
        let (ann, bob) = (UserID("ann")!, UserID("bob")!)
        let (hits, level) = (StatisticKey(.counter, "hits"), StatisticKey(.gauge, "level"))
        var group = BatchGroup()
        for (number, user) in [ann, ann, bob, ann, bob, bob].enumerated() {
            let batch = batch([(hits, [1, 2]), (level, [Double(number)])])
            guard case .grouped = harness.pipeline.ingest.admit(batch, of: user, into: &group) else {
                Issue.record("batch \(number) was not admitted")
                return
            }
        }
        #expect(await harness.pipeline.ingest.submit(group) == .accepted)
        for (user, last) in [(ann, 3.0), (bob, 5.0)] {
            let status = await harness.status(of: user)
            #expect(status[hits]?.sum == 9 && status[level]?.last == last, "\(user)")
        }
        let counters = await harness.pipeline.snapshot().ingest
        #expect(counters.acceptedBatches == 6 && counters.acceptedPartials == 12 && counters.acceptedSamples == 18)
        await harness.stop()
    }

    /// Goal: a second copy is answered as the first one is, and at shutdown at once: waiting for the first would keep the event
    /// loop that has to write it.
    @Test("a second copy waits for the first, but not for one that nobody will write any more")
    func secondCopy() async throws {
        let harness = try PipelineHarness()
        let pipeline = harness.pipeline
        func numbered(_ sequence: Int64) -> Batch {
            batch([(Self.hits, [1])], origin: .init(client: "c", sequence: sequence))
        }
        struct NotAsExpected: Error {}
        func admitted(_ sequence: Int64) throws -> (BatchGroup, FirstCopy) {
            var group = BatchGroup()
            guard case .grouped = pipeline.ingest.admit(numbered(sequence), of: Self.ann, into: &group),
                case .copyOfPending(let first) = pipeline.ingest.admit(numbered(sequence), of: Self.ann, into: &group)
            else { throw NotAsExpected() }
            return (group, first)
        }
        let (written, first) = try admitted(1)
        async let secondAnswer = first.answer()
        pipeline.ingest.submit(written) { #expect($0 == .accepted) }
        #expect(await secondAnswer == .duplicate)

        let closed = IngestAnswer.refused(WireError(.shuttingDown, "the server is shutting down"))
        let (unwritten, neverWritten) = try admitted(2)
        pipeline.finish()
        let answered = Atomic(false)
        let late = Task {
            defer { answered.store(true, ordering: .releasing) }
            return await neverWritten.answer()
        }
        // A thread that looped here would end no sooner than the first copy is given up.
        var cameFirst = false
        for _ in 0..<100_000 where !cameFirst {
            await Task.yield()
            cameFirst = answered.load(ordering: .acquiring)
        }
        pipeline.ingest.submit(unwritten) { #expect($0 == closed) }
        #expect(cameFirst)
        #expect(await late.value == closed)
        #expect(await first.answer() == .duplicate)
        await harness.stop()
    }

    /// Goal: many users at once, from many tasks, across minute edges and a kill: nothing is mixed up.
    @Test("10,000 users do not see each other")
    func manyUsers() async throws {
        let harness = try PipelineHarness()
        let users = (0..<10_000).map { UserID("u\($0)")! }
        for round in 1...2 {
            let pipeline = harness.pipeline
            let accepted = await withTaskGroup(of: Bool.self) { group in
                for (number, user) in users.enumerated() {
                    group.addTask {
                        let value = Double(number + round)
                        return await pipeline.ingest.submit(batch([(Self.hits, [value])]), of: user) == .accepted
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(accepted == users.count)
            harness.clock.advance(byMilliseconds: 60_000)
        }
        try await harness.killAndRestart()
        for (number, user) in users.enumerated() {
            let status = await harness.status(of: user)
            #expect(status.count == 1)
            #expect(status[Self.hits]?.sum == Double(2 * number + 3))
        }
        await harness.stop()
    }

    /// Goal: what comes back after a kill is not only totals: the moving average and its extremes, too.
    @Test("a kill does not change the status")
    func statusSurvives() async throws {
        let harness = try PipelineHarness()
        for second in 0..<90 {
            let samples = [
                (key: Self.hits, values: [1.0, 2]), (key: Self.wait, values: [Double(second), 3]),
                (key: StatisticKey(.gauge, "load"), values: [0.25 * Double(second)]),
            ]
            #expect(await harness.pipeline.ingest.submit(batch(samples), of: Self.ann) == .accepted)
            harness.clock.advance(byMilliseconds: 1000)
        }
        let before = await harness.status(of: Self.ann)
        #expect(before.count == 3)
        try await harness.killAndRestart()
        var after = await harness.status(of: Self.ann)
        // Percentiles also cover the minute before the open one, which has been written by now.
        #expect(before[Self.wait]?.percentiles != nil && after[Self.wait]?.percentiles != nil)
        after[Self.wait]?.percentiles = before[Self.wait]?.percentiles
        #expect(after == before)
        await harness.stop()
    }

    /// Goal: an event loop has time for others while much is merged; whoever reads meanwhile does not see a part of a batch.
    @Test("a large group is merged batch by batch, and readers see whole ones, of up to 1,000 statistics")
    func largeGroup() async throws {
        let harness = try PipelineHarness()
        let keys = (0..<1000).map { StatisticKey(.counter, "path\($0)") }
        let whole = batch(keys.map { ($0, [1]) })
        let queries = harness.pipeline.queries
        let isRead = Task {
            var reader = queries.live(of: Self.ann)
            var isWhole = true
            while !Task.isCancelled {
                let sums = Set(await reader.next().statistics.map(\.sum))
                isWhole = isWhole && sums.count <= 1
                // (A free actor answers without a pause, and others need the processor, too.)
                await Task.yield()
            }
            return isWhole
        }
        for _ in 0..<10 {
            var group = BatchGroup()
            for _ in 0..<18 {
                guard case .grouped = harness.pipeline.ingest.admit(whole, of: Self.ann, into: &group) else {
                    Issue.record("not admitted")
                    return
                }
            }
            #expect(await harness.pipeline.ingest.submit(group) == .accepted)
        }
        #expect(await harness.status(of: Self.ann).values.allSatisfy { $0.sum == 180 })
        isRead.cancel()
        #expect(await isRead.value)
        await harness.stop()
    }

    /// Goal: idle statistics make room, and their totals come back with them.
    @Test("a statistic that was idle for a day leaves memory and comes back with its total")
    func idle() async throws {
        let harness = try PipelineHarness()
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [40])]), of: Self.ann) == .accepted)
        harness.clock.advance(byMilliseconds: 86_400_000 + 120_000)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.wait, [1])]), of: Self.ann) == .accepted)
        harness.clock.advance(byMilliseconds: 60_000)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.wait, [1])]), of: Self.ann) == .accepted)
        #expect(await harness.status(of: Self.ann).keys.sorted() == [Self.wait])
        #expect(await harness.pipeline.snapshot().statisticCount == 1)
        #expect(try await harness.minutes(Self.hits, of: Self.ann).count == 1)
        try await harness.shutDownAndRestart()
        #expect(await harness.status(of: Self.ann).keys.sorted() == [Self.wait])
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [2])]), of: Self.ann) == .accepted)
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 42)
        await harness.stop()
    }

    /// Goal: what the documents say of `--idle-seconds`: while their user sends, idle statistics leave the status two ends of a minute
    /// later; a user who sends nothing has one end an hour, and they leave with the second of those.
    @Test("idle statistics leave the status as it is documented", arguments: [true, false])
    func idleLeaves(hasTraffic: Bool) async throws {
        var limits = Limits()
        limits.idleSeconds = 120
        // The beginning of an hour.
        let harness = try PipelineHarness(at: Timestamp(seconds: 1_795_330_800), limits: limits)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [40])]), of: Self.ann) == .accepted)
        var minutes = 0
        while await harness.status(of: Self.ann)[Self.hits] != nil, minutes < 180 {
            minutes += 1
            harness.clock.advance(byMilliseconds: 60_000)
            if hasTraffic {
                #expect(await harness.pipeline.ingest.submit(batch([(Self.wait, [1])]), of: Self.ann) == .accepted)
            } else {
                // Another user's batch comes behind the end of the minute.
                #expect(await harness.pipeline.ingest.submit(batch([(Self.wait, [1])]), of: UserID("bob")!) == .accepted)
            }
        }
        let expected = hasTraffic ? 3...4 : 60...121
        #expect(expected.contains(minutes), "it left after \(minutes) minutes")
        await harness.stop()
    }

    /// Goal: a total is for ever, as far as anybody looks.
    @Test("a statistic that was silent for weeks comes back with its total")
    func longSilence() async throws {
        let harness = try PipelineHarness()
        let other = StatisticKey(.counter, "other")
        func sendForDays(_ count: Int, _ keys: [StatisticKey]) async {
            for _ in 0..<count {
                for _ in 0..<2 {
                    harness.clock.advance(byMilliseconds: 43_200_000)
                    #expect(await harness.pipeline.ingest.submit(batch(keys.map { ($0, [1]) }), of: Self.ann) == .accepted)
                }
            }
        }
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [40])]), of: Self.ann) == .accepted)
        await sendForDays(12, [Self.wait, other])
        // Totals are looked through when something gets idle.
        await sendForDays(4, [Self.wait])
        #expect(await harness.status(of: Self.ann).keys.sorted() == [Self.wait])
        try await harness.shutDownAndRestart()
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [2])]), of: Self.ann) == .accepted)
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 42)
        await harness.stop()
    }

    /// Goal: a start brings nothing back that a running server would have forgotten, wherever the log has it: in blocks since the last
    /// checkpoint, or in batches that no block covers; and keeps what is not idle yet.
    @Test("what is idle when a killed server starts again stays out of memory, but for its total", arguments: [0, 40, 200])
    func idleAfterKill(minutesDown: Int64) async throws {
        var limits = Limits()
        limits.idleSeconds = 120
        let harness = try PipelineHarness(limits: limits)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [40])]), of: Self.ann) == .accepted)
        for _ in 0..<3 {
            harness.clock.advance(byMilliseconds: 60_000)
            #expect(await harness.pipeline.ingest.submit(batch([(Self.wait, [1])]), of: Self.ann) == .accepted)
        }
        // The blocks of all minutes but the open one are written, and no hour has ended: there is no checkpoint.
        #expect(await eventually { await harness.pipeline.snapshot().minutes.frames >= 3 })
        harness.clock.advance(byMilliseconds: minutesDown * 60_000)
        try await harness.killAndRestart()
        #expect(await harness.status(of: Self.ann).keys.sorted() == [Self.wait])
        #expect(await harness.pipeline.snapshot().statisticCount == 1)
        let silent = await harness.pipeline.queries.silent(of: Self.ann, atMost: 10).statistics
        #expect(silent.map(\.key) == [Self.hits] && silent.map(\.totals.since) == [silent.first?.totals.seen.minute])
        #expect(await harness.pipeline.queries.silent(of: Self.ann, atMost: 0).statistics.isEmpty)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [2])]), of: Self.ann) == .accepted)
        let back = await harness.status(of: Self.ann)[Self.hits]
        #expect(back?.sum == 42 && back?.since == silent.first?.totals.since)
        #expect(await harness.pipeline.queries.silent(of: Self.ann, atMost: 10).statistics.isEmpty)
        await harness.stop()
    }

    /// Goal: a clock that was a year ahead for a while costs nothing, also across a restart.
    @Test("a clock that was far ahead does not hold up minutes")
    func clockFarAhead() async throws {
        let harness = try PipelineHarness()
        let now = harness.clock.now()
        harness.clock.set(now.advanced(byMilliseconds: 86_400_000 * 365))
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [1])]), of: Self.ann) == .accepted)
        harness.clock.set(now)
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [2])]), of: Self.ann) == .accepted)
        try await harness.killAndRestart()
        for _ in 0..<3 {
            #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [4])]), of: Self.ann) == .accepted)
            harness.clock.advance(byMilliseconds: 60_000)
        }
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [8])]), of: Self.ann) == .accepted)
        let status = await harness.status(of: Self.ann)[Self.hits]
        #expect(status?.sum == 23 && status?.window.sum == 8)
        let sums = try await harness.minutes(Self.hits, of: Self.ann).map(\.aggregate.sum)
        #expect(sums == [6, 4, 4, 8, 1])
        await harness.stop()
    }

    /// Goal: a live reader hears of every change, however late it asks.
    @Test("a slow live reader misses nothing")
    func live() async throws {
        let harness = try PipelineHarness()
        var reader = harness.pipeline.queries.live(of: Self.ann)
        #expect(await reader.next().statistics.isEmpty)
        for round in 1...3 {
            for path in ["a", "b"] {
                _ = await harness.pipeline.ingest.submit(batch([(StatisticKey(.counter, path), [1])]), of: Self.ann)
            }
            _ = await harness.status(of: Self.ann)
            let changes = await reader.next().statistics
            #expect(changes.map(\.key.path) == ["a", "b"])
            #expect(changes.allSatisfy { $0.sum == Double(round) })
            #expect(await reader.next().statistics.isEmpty)
        }
        // A moving average changes though nothing arrives.
        harness.clock.advance(byMilliseconds: 30_000)
        #expect(await reader.next().statistics.count == 2)
        // However long a reader slept, it hears that the average is gone, once.
        harness.clock.advance(byMilliseconds: 600_000)
        #expect(await reader.next().statistics.map(\.window.sum) == [0, 0])
        harness.clock.advance(byMilliseconds: 600_000)
        #expect(await reader.next().statistics.isEmpty)
        await harness.stop()
    }

    /// Goal: an old log is let go, once minute blocks cover it.
    @Test("accepted batches are deleted when the minutes made of them are written")
    func retirement() async throws {
        let harness = try PipelineHarness()
        for _ in 0..<10 {
            #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [1])]), of: Self.ann) == .accepted)
            harness.clock.advance(byMilliseconds: 60_000)
        }
        try await harness.shutDownAndRestart()
        #expect(await harness.pipeline.ingest.submit(batch([(Self.hits, [1])]), of: Self.ann) == .accepted)
        harness.clock.advance(byMilliseconds: 60_000)
        try await harness.shutDownAndRestart()
        let accepted = harness.fileSystem.files.keys.filter { $0.contains("accepted") && $0.hasSuffix(".log") }
        #expect(accepted.count <= 4)
        #expect(await harness.status(of: Self.ann)[Self.hits]?.sum == 11)
        await harness.stop()
    }
}
