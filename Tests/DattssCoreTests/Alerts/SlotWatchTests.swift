import DattssCore
import Testing

@Suite("A watch of slots")
struct SlotWatchTests {
    private static let start = Timestamp(milliseconds: 1_795_330_020_000)
    private static let key = StatisticKey(.counter, "a.b")

    private func batch(_ value: Double, _ key: StatisticKey = Self.key) -> Batch {
        Batch(partials: [Partial(key, Aggregate(sample: value))])
    }

    /// Goal: a slot is seen as it was at its end, although a batch of the next one came before anybody asked.
    @Test("sees each slot as it was at its end")
    func ends() throws {
        var state = UserState(user: try #require(UserID("ann")))
        let first = Window.slotNumber(at: Self.start)
        var watch = SlotWatch(from: first, WatchQuestion { $0.path == "a.b" })
        for step in 0..<15 {
            let time = Self.start.advanced(byMilliseconds: Int64(step) * 5000 + 100)
            watch.willApply(in: Window.slotNumber(at: time), state)
            if time.minute != state.openMinute?.minute, let closed = state.beginClosing(through: time.minute.advanced(by: -1)) {
                state.endClosing(closed.settlement())
            }
            state.apply(batch(1), ids: [StatisticID(index: 0)], at: time)
            state.apply(batch(1, StatisticKey(.counter, "other")), ids: [StatisticID(index: 1)], at: time)
        }
        let views = watch.take()
        #expect(views.map(\.slot) == Array(first..<first + 14))
        #expect(views.map { $0.statuses.map(\.key.path) }.dropFirst().allSatisfy { $0 == ["a.b"] })
        #expect(views.map { $0.statuses.first?.window.sum } == (1...14).map { Double(min($0, 12)) })
        #expect(views.allSatisfy { $0.isActive })
        let again = watch.take()
        #expect(again.isEmpty)
        // Nothing comes any more, and whoever watches asks for the rest.
        watch.look(through: first + 30, state)
        let rest = watch.take()
        #expect(rest.map(\.slot) == Array(first + 14...first + 30))
        #expect(rest.map(\.isActive) == (14...30).map { $0 < 26 })
        #expect(rest.last?.statuses.first?.window.sum == 0)
    }

    @Test("forgets the oldest slots when nobody asks")
    func bounded() throws {
        let state = UserState(user: try #require(UserID("ann")))
        var watch = SlotWatch(from: 0, WatchQuestion { _ in true })
        watch.look(through: 10, state)
        watch.look(through: 1_000_000, state)
        let views = watch.take()
        #expect(views.count == SlotWatch.slotsMax && views.last?.slot == 1_000_000)
    }

    /// Goal: where there are so many patterns that asking takes long, no more statistics are asked about at once than that takes a moment;
    /// the others are seen when they have been judged elsewhere, and what was found of a number that is another statistic's by now counts
    /// for nothing.
    @Test("asks about few statistics at once when there are many patterns")
    func manyPatterns() throws {
        var state = UserState(user: try #require(UserID("ann")))
        for number in 0..<10 {
            state.apply(batch(1, StatisticKey(.counter, "n.\(number)")), ids: [StatisticID(index: Int32(number))], at: Self.start)
        }
        let first = Window.slotNumber(at: Self.start)
        var watch = SlotWatch(from: first, WatchQuestion(patternCount: 1000) { $0.path != "n.3" })
        watch.look(through: first, state)
        let early = watch.take()
        #expect(early.map { $0.statuses.map(\.key.path) } == [["n.0", "n.1"]])
        let unjudged = watch.unjudged(state)
        #expect(unjudged.map(\.key.path) == (2..<10).map { "n.\($0)" })
        var found = unjudged.map { WatchVerdict(id: $0.id, key: $0.key, isWatched: watch.question.isWatched($0.key)) }
        found[7].key = StatisticKey(.counter, "another")
        watch.judge(found, state)
        #expect(watch.unjudged(state).map(\.key.path) == ["n.9"])
        watch.look(through: first + 1, state)
        let late = watch.take()
        #expect(late.map { $0.statuses.map(\.key.path) } == [["n.0", "n.1", "n.2", "n.4", "n.5", "n.6", "n.7", "n.8", "n.9"]])
    }
}
