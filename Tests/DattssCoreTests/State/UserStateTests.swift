import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct UserStateTests {
    @Test("the state is that of an oracle that keeps every partial", arguments: seeds + Array(10..<20))
    func randomSchedules(seed: UInt64) throws {
        // Goal: minutes, status, windows, percentiles, forgetting and restoring, on schedules nobody thought of.
        var schedule = Schedule(seed: seed)
        for _ in 0..<150 { try schedule.step("seed \(seed)") }
        #expect(schedule.closedMinutes > 10)
    }

    @Test("restoring from a checkpoint and blocks equals living through it, to the last bit", arguments: seeds)
    func restoring(seed: UInt64) throws {
        // Goal: replay is idempotent: sums are folded in the same order, and `seen` comes back from the batches. It takes whole what was
        // merged in parts.
        var generator = SeededGenerator(seed: seed)
        var (living, livingAdmission) = (UserState(user: .test), Admission())
        var checkpoint: UserCheckpoint?
        var blocks: [(UserMinute, Minute)] = []
        var batches: [(Batch, Timestamp)] = []
        var (time, firstSequence) = (Timestamp.noon, 0)
        for round in 0..<40 {
            if round == 15 {
                firstSequence += batches.count
                checkpoint = living.checkpoint.sorted
                blocks = []
                batches = []
            }
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                time = time.advanced(byMilliseconds: Int64.random(in: 0...9000, using: &generator))
                if time.minute.start == time { continue }
                let batch = Batch(
                    partials: generator.partials(upTo: 8) { $0.finiteDouble() / 0x1p40 },
                    origin: generator.oneIn(2)
                        ? .init(client: "c\(round % 3)", sequence: Int64(firstSequence + batches.count)) : nil)
                if let open = living.openMinute, open.minute < time.minute { close(&living, through: open.minute, into: &blocks) }
                let ids = livingAdmission.ids(of: batch, at: time)
                var next = 0
                repeat {
                    let end = Int.random(in: min(next + 1, ids.count)...ids.count, using: &generator)
                    living.apply(batch, ids: ids, partials: next..<end, at: time)
                    next = end
                } while next < ids.count
                batches.append((batch, time))
            }
            close(&living, through: time.minute, into: &blocks)
            time = time.minute.end
        }

        var (restored, admission) = (UserState(user: .test), Admission())
        let start = try #require(checkpoint)
        for total in start.totals {
            restored.restore(total.totals, of: total.key, as: admission.restore(total.key, usedAt: total.totals.seen))
        }
        for window in start.clients { restored.restore(window, at: .noon) }
        for (block, minute) in blocks {
            for partial in block.aggregates {
                restored.restore(
                    partial.aggregate, of: partial.key, minute: minute, as: admission.restore(partial.key, usedAt: minute.start))
            }
            for window in block.clients { restored.restore(window, at: minute.start) }
        }
        for (batch, time) in batches {
            let ids = batch.partials.map { admission.restore($0.key, usedAt: time) }
            restored.restoreWindows(batch, ids: ids, at: time)
        }
        // The checkpoint holds all totals, compared bit for bit, and all client windows.
        let (again, once) = (restored.checkpoint.sorted, living.checkpoint.sorted)
        #expect(again == once, "seed \(seed)")
        #expect(again.totals.map(\.totals.sum.bitPattern) == once.totals.map(\.totals.sum.bitPattern))
        #expect(!once.totals.isEmpty && !once.clients.isEmpty)
        let (a, b) = (restored.status(at: time), living.status(at: time))
        #expect(a.map(\.window) == b.map(\.window), "seed \(seed)")
    }

    @Test("what every statistic has is a line of the cache long")
    func sizes() {
        // Goal: a field more is noticed, which would cost eight bytes a statistic and a line more to fetch.
        #expect(MemoryLayout<LiveStatistic?>.stride == 64)
        #expect(MemoryLayout<MinuteEntry>.stride == 64)
    }

    @Test("a block of an old minute adds to the sum and changes nothing else")
    func imports() {
        // Goal: importing last month's log does not turn a gauge back.
        var state = UserState(user: .test)
        let (key, id) = (StatisticKey(.gauge, "g"), StatisticID(index: 0))
        state.restore(Aggregate(sample: 5), of: key, minute: Minute(100), as: id)
        var old = Aggregate(sample: 3)
        old.isEmphasised = true
        state.restore(old, of: key, minute: Minute(50), as: id, isImported: true)
        #expect(
            totals(state) == [
                StatusTotals(
                    sum: 8, last: 5, seen: Timestamp(milliseconds: 101 * 60_000 - 1), isEmphasised: false, since: Minute(50))
            ])
        state.restore(Aggregate(sample: 4), of: key, minute: Minute(100), as: id, isImported: true)
        #expect(totals(state).map(\.last) == [4])
    }

    @Test("after a clock that was ahead the latest sample is the last one, live and on replay")
    func clockAhead() {
        // Goal: what comes back after a restart is what was known before it, wherever the clock was in between.
        let (key, id) = (StatisticKey(.gauge, "g"), StatisticID(index: 0))
        let future = Timestamp.noon.advanced(byMilliseconds: 30 * 86_400_000)
        var (lived, replayed) = (UserState(user: .test), UserState(user: .test))
        for (time, value) in [(future, 5.0), (.noon, 7)] {
            lived.apply(batch(["g": value]), ids: [id], at: time)
            _ = lived.close(through: time.minute)
            replayed.restore(Aggregate(sample: value), of: key, minute: time.minute, as: id)
        }
        #expect(totals(lived).map(\.last).count == 1 && totals(lived).map(\.last) == totals(replayed).map(\.last))
        #expect(totals(lived).map(\.seen) == [.noon] && totals(replayed).map(\.seen.minute) == [Timestamp.noon.minute])
    }

    @Test("of too many totals those go that were silent longest")
    func tooManyTotals() {
        // Goal: a sender that always makes up new names takes a bounded memory, and keeps its latest totals.
        var limits = Limits()
        limits.dormantStatisticsPerUser = 100
        var state = UserState(user: .test, limits: limits)
        var forgotten = 0
        for minute in Int64(0)..<1000 {
            let (id, time) = (StatisticID(index: 0), Timestamp.noon.advanced(byMilliseconds: minute * 60_000))
            state.apply(batch(["a\(minute)": 1]), ids: [id], at: time)
            _ = state.close(through: time.minute)
            forgotten += state.forget([id])
            let kept = Set(state.checkpoint.totals.map(\.key.path))
            #expect(kept.count == state.dormantCount && kept.count + forgotten == Int(minute) + 1)
            #expect(kept.count <= 100 && kept.contains("a\(minute)") && kept.contains("a\(max(0, minute - 89))"))
        }
    }

    /// Goal: a total says what it is the total of, whichever way it came to be known.
    @Test("a total says since when it counts, over idleness, checkpoints and imports; an old checkpoint does not")
    func since() {
        var state = UserState(user: .test)
        let (key, id) = (StatisticKey(.counter, "a"), StatisticID(index: 0))
        func since() -> Minute? { state.status(of: [id], at: .noon).first?.since }
        let noon = Timestamp.noon.minute
        for minute in [noon, noon.advanced(by: 3)] {
            state.apply(batch(["a": 5]), ids: [id], at: minute.start.advanced(byMilliseconds: 7))
            #expect(since() == noon)
            _ = state.close(through: minute)
            #expect(since() == noon)
        }
        state.forget([id])
        let checkpoint = state.checkpoint.totals
        #expect(checkpoint.map(\.totals.since) == [noon])
        state.apply(batch(["a": 1]), ids: [id], at: noon.advanced(by: 9).start)
        #expect(since() == noon)

        var replayed = UserState(user: .test)
        replayed.restore(checkpoint[0].totals, of: key, as: id)
        replayed.restore(Aggregate(sample: 1), of: key, minute: noon.advanced(by: 9), as: id)
        #expect(totals(replayed).map(\.since) == [noon])
        replayed.restore(Aggregate(sample: 1), of: key, minute: noon.advanced(by: -99), as: id, isImported: true)
        #expect(totals(replayed).map(\.since) == [noon.advanced(by: -99)])

        var unknown = UserState(user: .test)
        unknown.restore(StatusTotals(sum: 1, last: 1, seen: .noon, isEmphasised: false), of: key, as: id)
        unknown.restore(Aggregate(sample: 1), of: key, minute: noon, as: id)
        #expect(totals(unknown).map(\.since) == [nil])
    }

    @Test("a statistic that was forgotten goes on with its totals, however long it was silent")
    func dormant() {
        // Goal: leaving memory loses no total.
        var state = UserState(user: .test)
        let ids = (0..<2).map { StatisticID(index: $0) }
        state.apply(batch(["a": 5]), ids: [ids[0]], at: .noon)
        _ = state.close(through: Timestamp.noon.minute)
        let later = Timestamp.noon.advanced(byMilliseconds: 60_000)
        state.apply(batch(["b": 7]), ids: [ids[1]], at: later)
        _ = state.close(through: later.minute)
        state.forget(ids)
        #expect(state.status(at: later).isEmpty)
        #expect(state.status(of: ids, at: later).isEmpty)
        #expect(state.checkpoint.sorted.totals.map(\.key.path) == ["a", "b"])
        let muchLater = later.advanced(byMilliseconds: 4000 * 86_400_000)
        // The numbers were given out again, the other way round.
        state.apply(batch(["b": 1]), ids: [ids[0]], at: muchLater)
        state.apply(batch(["a": 1]), ids: [ids[1]], at: muchLater)
        #expect(state.status(at: muchLater).map(\.sum) == [6, 8])
    }

    @Test(
        "percentiles cover the previous and the open minute, whatever is open",
        arguments: [
            (0, 0, [1]), (0, 59, [1]), (0, 60, [1]), (0, 119, [1]), (0, 120, nil),
        ] as [(Int64, Int64, [Double]?)])
    func percentiles(sent: Int64, seen: Int64, samples: [Double]?) throws {
        // Goal: a status has percentiles of 60 to 120 seconds, and none of older ones.
        var state = UserState(user: .test)
        let key = StatisticKey(.timer, "t")
        let start = Timestamp.noon
        state.apply(
            Batch(partials: [Partial(key, naiveAggregate([1], hasSketch: true))]), ids: [StatisticID(index: 0)],
            at: start.advanced(byMilliseconds: sent * 1000))
        let time = start.advanced(byMilliseconds: seen * 1000)
        #expect((status(state, time)?.percentiles != nil) == (samples != nil))
        if time.minute > start.minute { _ = state.close(through: time.minute.advanced(by: -1)) }
        #expect((status(state, time)?.percentiles != nil) == (samples != nil))
        if seen >= 60 {
            // Another statistic opens the minute.
            state.apply(batch(["x": 1]), ids: [StatisticID(index: 1)], at: time)
            #expect((status(state, time)?.percentiles != nil) == (samples != nil))
        }
    }

    @Test("nothing is closed that is not over, and nothing twice")
    func closing() throws {
        // Goal: the three answers of `close`.
        var state = UserState(user: .test)
        #expect(state.openMinute == nil)
        state.apply(batch(["a": 5]), ids: [StatisticID(index: 0)], at: .noon)
        let minute = Timestamp.noon.minute
        let early = state.close(through: minute.advanced(by: -1))
        #expect(early == nil)
        #expect(state.openMinute.map { [$0.key(at: 0).path] } == ["a"])
        let closed = state.close(through: minute.advanced(by: 5))
        #expect(closed?.minute == minute)
        let again = state.close(through: minute.advanced(by: 5))
        #expect(again == nil)
        #expect(state.openMinute == nil)
    }

    @Test("what minutes hold of a statistic is found whether it is live or not, in whichever minute", arguments: seeds)
    func aggregates(seed: UInt64) throws {
        // Goal: the short way by a statistic's place gives what a search gives, also for statistics that were silent in a
        // minute, minutes that are older than places are remembered, numbers that nobody has, and wrong ones.
        var generator = SeededGenerator(seed: seed)
        var state = UserState(user: .test)
        var minutes: [OpenMinute] = []
        for index in 0..<6 {
            let time = Timestamp.noon.advanced(byMilliseconds: Int64(index) * 60_000)
            for number in 0..<8 where generator.oneIn(2) {
                state.apply(batch(["s\(number)": Double(index)]), ids: [StatisticID(index: Int32(number))], at: time)
            }
            if index < 5, let closed = state.close(through: time.minute) { minutes.append(closed) }
        }
        for minute in minutes + [state.openMinute].compactMap(\.self) {
            for number in 0..<9 {
                let key = StatisticKey(.counter, "s\(number)")
                let expected = minute.aggregate(of: key)
                for id in [nil, number, 0, 100] as [Int?] {
                    let id = id.map { StatisticID(index: Int32($0)) }
                    #expect(state.aggregate(of: key, id, in: minute) == expected, "seed \(seed)")
                }
            }
        }
    }

    @Test("a batch without partials still carries its client into the minute")
    func clientOnly() {
        // Goal: an empty batch that was acknowledged is not counted twice after a restart.
        var state = UserState(user: .test)
        state.apply(Batch(partials: [], origin: .init(client: "c", sequence: 4)), ids: [], at: .noon)
        let closed = state.close(through: Timestamp.noon.minute)?.closed(user: .test)
        #expect(closed?.clients == [ClientWindow(client: "c", window: SequenceWindow(first: 4))])
        #expect(closed?.aggregates == [])
    }

    private func batch(_ values: [String: Double]) -> Batch {
        Batch(partials: values.map { Partial(StatisticKey(.counter, $0.key), Aggregate(sample: $0.value)) })
    }

    private func status(_ state: UserState, _ time: Timestamp) -> StatisticStatus? {
        state.status(at: time).first { $0.key.kind == .timer }
    }

    private func totals(_ state: UserState) -> [StatusTotals] { state.checkpoint.sorted.totals.map(\.totals) }

    private func close(_ state: inout UserState, through minute: Minute, into blocks: inout [(UserMinute, Minute)]) {
        guard let closed = state.close(through: minute) else { return }
        blocks.append((closed.closed(user: .test), closed.minute))
    }
}

extension UserID {
    static let test = UserID("test")!
}

extension Admission {
    mutating func ids(of batch: Batch, at time: Timestamp) -> [StatisticID] {
        guard case .admitted(let ids, _) = admit(batch, at: time, limits: Limits()) else { return [] }
        if let origin = batch.origin { commit(origin, at: time) }
        return ids
    }
}

extension SeededGenerator {
    /// Partials of a few paths and all kinds, some of a path twice, timers mostly with sketches.
    mutating func partials(upTo count: Int, _ sample: (inout SeededGenerator) -> Double) -> [Partial] {
        (0..<Int.random(in: 0...count, using: &self)).map { _ in
            let key = StatisticKey(element(of: Kind.allCases), element(of: ["a", "b", "c", "d.e"]))
            var aggregate = naiveAggregate(
                samples(Int.random(in: 1...4, using: &self), sample), hasSketch: key.kind == .timer && !oneIn(20))
            aggregate.isEmphasised = oneIn(8)
            return Partial(key, aggregate)
        }
    }
}
