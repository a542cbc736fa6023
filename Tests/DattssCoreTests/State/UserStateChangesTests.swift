import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct UserStateChangesTests {
    @Test("each reader hears of what changed since it looked last")
    func readers() {
        // Goal: readers at different marks, statistics far apart, and one that a batch has twice.
        var state = UserState(user: .test)
        let start = state.mark(at: .noon)
        apply(["a", "c"], to: &state)
        #expect(changed(state, since: start) == ["a", "c"])
        let mark = state.mark(at: .noon)
        #expect(changed(state, since: mark) == [])
        apply(["b", "b"], to: &state)
        #expect(changed(state, since: mark) == ["b"])
        #expect(changed(state, since: start) == ["a", "b", "c"])
        state.forget([ids["a"]].compactMap(\.self))
        #expect(changed(state, since: start) == ["b", "c"])
    }

    @Test("what may still fade counts as changed once a slot, until its minute and the next are over")
    func fading() {
        // Goal: a window that empties and percentiles that end are told, though nothing arrives.
        var state = UserState(user: .test)
        apply(["a"], to: &state)
        let mark = state.mark(at: .noon)
        #expect(changed(state, since: mark, after: Window.slotMilliseconds - 1) == [])
        #expect(changed(state, since: mark, after: Window.slotMilliseconds) == ["a"])
        let late = state.mark(at: Timestamp.noon.advanced(byMilliseconds: 125_001))
        #expect(changed(state, since: late, after: 130_000) == [])
        let justInTime = state.mark(at: Timestamp.noon.advanced(byMilliseconds: 124_999))
        #expect(changed(state, since: justInTime, after: 130_000) == ["a"])
    }

    @Test("who looks at some statistics at a time sees each once, also one that went and came back meanwhile")
    func parts() {
        var state = UserState(user: .test)
        func send(_ path: String, _ value: Double, as id: Int32) {
            let partial = Partial(StatisticKey(.gauge, path), Aggregate(sample: value))
            state.apply(Batch(partials: [partial]), ids: [StatisticID(index: id)], at: .noon)
        }
        for (path, id) in [("d", 0), ("b", 1), ("c", 2), ("a", 3)] as [(String, Int32)] { send(path, 1, as: id) }
        var statuses = state.status(in: 0..<2, at: .noon)
        state.forget([StatisticID(index: 0)])
        send("e", 1, as: 0)
        send("d", 2, as: 4)
        statuses += state.status(in: 2..<state.numberCount, at: .noon)
        #expect(statuses.map(\.key.path) == ["d", "b", "c", "a", "d"])
        let ordered = StatisticStatus.inOrder(statuses)
        #expect(ordered.map(\.key.path) == ["a", "b", "c", "d"])
        #expect(ordered.map(\.last) == [1, 1, 1, 2])
    }

    private let ids = ["a": 0, "b": 1, "c": 700].mapValues { StatisticID(index: $0) }

    private func apply(_ paths: [String], to state: inout UserState) {
        let partials = paths.map { Partial(StatisticKey(.gauge, $0), Aggregate(sample: 1)) }
        state.apply(Batch(partials: partials), ids: paths.compactMap { ids[$0] }, at: .noon)
    }

    private func changed(_ state: UserState, since mark: UserState.Mark, after milliseconds: Int64 = 0) -> [String] {
        state.changed(since: mark, at: Timestamp.noon.advanced(byMilliseconds: milliseconds)).map(\.key.path)
    }
}
