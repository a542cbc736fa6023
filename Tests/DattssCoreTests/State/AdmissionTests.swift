import DattssCore
import DattssTestSupport
import Testing

@Suite struct AdmissionTests {
    private let limits = Self.limits(statistics: 3)

    private static func limits(statistics: Int) -> Limits {
        var limits = Limits()
        limits.liveStatisticsPerUser = statistics
        return limits
    }

    @Test("each partial gets the number of its statistic, the same each time")
    func numbers() throws {
        // Goal: several partials of one path share a number, and kinds do not.
        var admission = Admission()
        let ids = try ids(of: admission.admit(batch("a", "b", "a"), at: .noon, limits: limits))
        #expect(ids[0] == ids[2])
        #expect(ids[0] != ids[1])
        let timer = Batch(partials: [Partial(StatisticKey(.timer, "a"), Aggregate(sample: 1))])
        let other = try self.ids(of: admission.admit(timer, at: .noon, limits: limits))
        #expect(!ids.contains(other[0]))
        #expect(try self.ids(of: admission.admit(batch("b"), at: .noon, limits: limits)) == [ids[1]])
        #expect(admission.liveCount == 3)
    }

    @Test("a batch over the limit changes nothing")
    func allOrNothing() throws {
        // Goal: no statistic of a refused batch lives on, and what fits still fits.
        var admission = Admission()
        _ = admission.admit(batch("a", "b"), at: .noon, limits: limits)
        let refused = Batch(partials: batch("c", "d", "d", "a").partials, origin: .init(client: "x", sequence: 1))
        for _ in 0..<2 {
            let verdict = admission.admit(refused, at: .noon, limits: limits)
            #expect(verdict == .overStatisticLimit(live: 4, limit: 3))
            #expect(admission.liveCount == 2)
        }
        let fitting = Batch(partials: batch("c", "a").partials, origin: .init(client: "x", sequence: 1))
        let ids = try ids(of: admission.admit(fitting, at: .noon, limits: limits))
        #expect(Set(ids).count == 2)
        #expect(admission.liveCount == 3)
    }

    @Test("a batch that was refused does not keep its statistics alive")
    func refusalIsNoUse() {
        // Goal: "nothing changed" holds for the times of last use, too.
        var admission = Admission()
        _ = admission.admit(batch("a"), at: .noon, limits: limits)
        _ = admission.admit(batch("a", "b", "c", "d"), at: Timestamp.noon.advanced(byMilliseconds: 1000), limits: limits)
        let idle = admission.removeIdle(before: Timestamp.noon.advanced(byMilliseconds: 1000))
        #expect(idle.count == 1)
    }

    @Test("what fits of a batch is what is known and as many new statistics as there is room for")
    func fitting() {
        // Goal: one name too many does not cost all the others, and asking changes nothing.
        var admission = Admission()
        _ = admission.admit(batch("a"), at: .noon, limits: limits)
        let partials = batch("b", "a", "c", "d", "b", "e", "a").partials
        #expect(admission.fitting(partials, limits: limits).map(\.key.path) == ["b", "a", "c", "b", "a"])
        #expect(admission.liveCount == 1)
    }

    @Test("a batch is pending until it is written, and a duplicate from then on")
    func pendingThenCommitted() throws {
        // Goal: the second copy of a batch never counts, whenever it comes.
        var admission = Admission()
        let origin = Batch.Origin(client: "c", sequence: 7)
        let batch = Batch(partials: batch("a").partials, origin: origin)
        _ = try ids(of: admission.admit(batch, at: .noon, limits: limits))
        #expect(verdict(&admission, batch) == .pending(origin))
        #expect(!admission.isCommitted(origin))
        admission.commit(origin, at: .noon)
        #expect(verdict(&admission, batch) == .duplicate)
        #expect(admission.isCommitted(origin))
    }

    @Test("a batch that could not be written may come again")
    func cancelled() throws {
        // Goal: a full disk loses nothing.
        var admission = Admission()
        let origin = Batch.Origin(client: "c", sequence: 7)
        let batch = Batch(partials: batch("a").partials, origin: origin)
        _ = try ids(of: admission.admit(batch, at: .noon, limits: limits))
        admission.cancel(origin)
        _ = try ids(of: admission.admit(batch, at: .noon, limits: limits))
        admission.commit(origin, at: .noon)
        #expect(verdict(&admission, batch) == .duplicate)
    }

    @Test("numbers of one client may come in any order within its window, not below it")
    func order() throws {
        // Goal: the verdicts of the sequence window, per client.
        var admission = Admission()
        func origin(_ number: Int64, _ client: String = "c") -> Batch.Origin { .init(client: client, sequence: number) }
        admission.commit(origin(100), at: .noon)
        _ = try ids(of: admission.admit(Batch(partials: [], origin: origin(37)), at: .noon, limits: limits))
        #expect(verdict(&admission, Batch(partials: [], origin: origin(36))) == .sequenceTooOld(highest: 100))
        _ = try ids(of: admission.admit(Batch(partials: [], origin: origin(36, "other")), at: .noon, limits: limits))
        #expect(verdict(&admission, Batch(partials: [], origin: origin(100))) == .duplicate)
    }

    @Test("a batch without a number counts each time")
    func withoutOrigin() throws {
        // Goal: version 1 clients and datagrams.
        var admission = Admission()
        for _ in 0..<3 { _ = try ids(of: admission.admit(batch("a"), at: .noon, limits: limits)) }
    }

    @Test("idle statistics make room, and their numbers are given out again")
    func removeIdle() throws {
        // Goal: exactly what was last used before the moment goes; removed ones are not removed twice.
        var admission = Admission()
        let later = Timestamp.noon.advanced(byMilliseconds: 10_000)
        let first = try ids(of: admission.admit(batch("a", "b", "c"), at: .noon, limits: limits))
        _ = admission.admit(batch("b"), at: later, limits: limits)
        #expect(removeIdle(&admission, before: .noon) == [])
        #expect(Set(removeIdle(&admission, before: later)) == [first[0], first[2]])
        #expect(removeIdle(&admission, before: later) == [])
        #expect(admission.liveCount == 1)
        let second = try ids(of: admission.admit(batch("x", "b", "y"), at: later, limits: limits))
        #expect(second[1] == first[1])
        #expect(Set([second[0], second[2]]) == [first[0], first[2]])
        #expect(removeIdle(&admission, before: later) == [])
    }

    @Test("what was admitted after a moment is not idle since before it, wherever the clock is set", arguments: [-1, 1, 400])
    func clockIsSet(days: Int64) throws {
        // Goal: a number that a batch under way uses is never given to another statistic.
        var admission = Admission()
        _ = admission.admit(batch("a"), at: .noon, limits: limits)
        let edge = admission.passedTime(at: .noon)
        _ = admission.admit(batch("b"), at: Timestamp.noon.advanced(byMilliseconds: days * 86_400_000), limits: limits)
        _ = admission.admit(batch("c"), at: Timestamp.noon, limits: limits)
        let later = admission.passedTime(at: Timestamp.noon.advanced(byMilliseconds: 60_000))
        // An hour at another date counts for two days at most.
        #expect(later >= edge && later <= edge.advanced(byMilliseconds: PassedTime.stepMilliseconds + 60_000))
        #expect(removeIdle(&admission, before: edge) == [])
        #expect(admission.liveCount == 3)
    }

    @Test("what batches use that are under way is not settled before they end, in any order")
    func underWay() throws {
        // Goal: an edge never goes past the oldest batch that comes behind it.
        var admission = Admission()
        func time(_ seconds: Int64) -> Timestamp { Timestamp.noon.advanced(byMilliseconds: seconds * 1000) }
        func ticket(at seconds: Int64) throws -> Admission.Ticket {
            guard case .admitted(_, let ticket) = admission.admit(batch("a"), at: time(seconds), limits: limits) else {
                throw Unexpected()
            }
            return ticket
        }
        let tickets = [try ticket(at: 0), try ticket(at: 0), try ticket(at: 5), try ticket(at: 9)]
        var settled: [Timestamp] = []
        for position in [2, 0, 1, 3] {
            settled.append(admission.minuteMark(at: time(60)).settled)
            admission.end(tickets[position])
        }
        #expect(settled == [time(0), time(0), time(0), time(9)])
        let mark = admission.minuteMark(at: time(70))
        #expect(mark.settled == time(70) && mark.passed == time(70))
    }

    private struct Unexpected: Error {}

    @Test("random batches, idleness and limits agree with a dictionary", arguments: seeds)
    func random(seed: UInt64) throws {
        // Goal: no number ever stands for two live statistics, and every verdict is the model's.
        var generator = SeededGenerator(seed: seed)
        var admission = Admission()
        var model: [StatisticKey: (id: StatisticID, used: Timestamp)] = [:]
        let limits = Self.limits(statistics: 12)
        for second in Int64(0)..<600 {
            let time = Timestamp(seconds: second)
            // A few names are many partials now and then: more than are looked up together.
            let (most, distinct) = generator.oneIn(4) ? (80, 10) : (6, 30)
            let names = (0..<Int.random(in: 0...most, using: &generator)).map { _ in
                "s\(Int.random(in: 0..<distinct, using: &generator))"
            }
            let partials = names.map { Partial(StatisticKey(.counter, $0), Aggregate(sample: 1)) }
            let new = Set(partials.map(\.key)).subtracting(model.keys)
            switch admission.admit(Batch(partials: partials), at: time, limits: limits) {
            case .admitted(let ids, _):
                #expect(model.count + new.count <= 12, "seed \(seed)")
                #expect(ids.count == partials.count)
                for (partial, id) in zip(partials, ids) {
                    #expect(model[partial.key].map { $0.id == id } ?? true, "seed \(seed)")
                    model[partial.key] = (id, time)
                }
                #expect(Set(model.values.map(\.id)).count == model.count, "seed \(seed)")
            case let verdict:
                #expect(verdict == .overStatisticLimit(live: model.count + new.count, limit: 12), "seed \(seed)")
                #expect(model.count + new.count > 12, "seed \(seed)")
            }
            if generator.oneIn(5) {
                let limit = time.advanced(byMilliseconds: -1000 * Int64.random(in: 0...20, using: &generator))
                let idle = Set(model.filter { $0.value.used < limit }.values.map(\.id))
                #expect(Set(removeIdle(&admission, before: limit)) == idle, "seed \(seed)")
                model = model.filter { !idle.contains($0.value.id) }
            }
            #expect(admission.liveCount == model.count)
        }
    }

    @Test("replay restores statistics over the limit, their last use, and clients")
    func restore() throws {
        // Goal: what the log says counts, whatever the limit is now.
        var admission = Admission()
        let ids = ["a", "b", "c", "d"].map { admission.restore(StatisticKey(.counter, $0), usedAt: .noon) }
        #expect(Set(ids).count == 4)
        let again = admission.restore(StatisticKey(.counter, "a"), usedAt: Timestamp.noon.advanced(byMilliseconds: -5))
        #expect(again == ids[0])
        #expect(removeIdle(&admission, before: .noon) == [])
        #expect(try self.ids(of: verdict(&admission, batch("a", "d"))) == [ids[0], ids[3]])
        #expect(verdict(&admission, batch("e")) == .overStatisticLimit(live: 5, limit: 3))
        admission.restore(SequenceWindow(first: 9), of: "c", at: .noon)
        #expect(admission.isCommitted(.init(client: "c", sequence: 9)))
        #expect(!admission.isCommitted(.init(client: "c", sequence: 8)))
    }

    private func batch(_ paths: String...) -> Batch {
        Batch(partials: paths.map { Partial(StatisticKey(.counter, $0), Aggregate(sample: 1)) })
    }

    private func verdict(_ admission: inout Admission, _ batch: Batch) -> Admission.Verdict {
        admission.admit(batch, at: .noon, limits: limits)
    }

    private func removeIdle(_ admission: inout Admission, before time: Timestamp) -> [StatisticID] {
        admission.removeIdle(before: time)
    }

    private func ids(of verdict: Admission.Verdict) throws -> [StatisticID] {
        guard case .admitted(let ids, _) = verdict else {
            Issue.record("expected it admitted, it is \(verdict)")
            return []
        }
        return ids
    }
}

@Suite struct StatisticTableTests {
    @Test("numbers are dense, stable, and given out again after a removal", arguments: seeds)
    func random(seed: UInt64) {
        // Goal: the table against a dictionary, under random coming and going.
        var generator = SeededGenerator(seed: seed)
        var table = StatisticTable()
        var model: [StatisticKey: StatisticID] = [:]
        var most = 0
        for _ in 0..<1000 {
            let key = StatisticKey(generator.element(of: Kind.allCases), "s\(Int.random(in: 0..<20, using: &generator))")
            #expect(table.id(of: key) == model[key], "seed \(seed)")
            if generator.oneIn(2) {
                let id = table.intern(key)
                #expect(model[key] == nil || model[key] == id, "seed \(seed)")
                model[key] = id
            } else if let id = model.removeValue(forKey: key) {
                table.remove(id)
                // A second removal of a number that is free does nothing.
                if generator.oneIn(3) { table.remove(id) }
            }
            most = max(most, model.count)
            #expect(table.count == model.count, "seed \(seed)")
            #expect(Set(model.values).count == model.count, "seed \(seed)")
            #expect(model.values.allSatisfy { $0.index < most }, "seed \(seed)")
        }
    }
}
