import DattssCore
import Testing

@Suite struct EndsOfTimeTests {
    @Test("a moment beyond the ends of time is the end of time")
    func ends() {
        // Goal: whatever a file or a clock says, reckoning with it ends nothing.
        let (first, last) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
        #expect(first.advanced(byMilliseconds: -1) == first && last.advanced(byMilliseconds: 1) == last)
        #expect(first.advanced(byMilliseconds: 5).milliseconds == .min + 5)
        #expect(last.advanced(byMilliseconds: .min).milliseconds == -1)
    }

    @Test("a state goes on from totals that were seen at any moment", arguments: [Int64.min, .min + 1, -1, 0, .max - 1, .max])
    func anyMoment(seen: Int64) {
        // Goal: a checkpoint says a moment in 64 bits, and its checksum says nothing about sense.
        var state = UserState(user: .test)
        let (key, id) = (StatisticKey(.counter, "c"), StatisticID(index: 0))
        let totals = StatusTotals(sum: 5, last: 5, seen: Timestamp(milliseconds: seen), isEmphasised: false, since: Minute(seen))
        state.restore(totals, of: key, as: id)
        state.restore(Aggregate(sample: 1), of: key, minute: Timestamp.noon.minute, as: id)
        state.apply(Batch(partials: [Partial(key, Aggregate(sample: 2))]), ids: [id], at: .noon)
        _ = state.close(through: Timestamp.noon.minute)
        #expect(state.checkpoint.totals.map(\.totals.sum) == [8])
        #expect(state.status(at: .noon).map(\.sum) == [8])
        var mark = state.mark(at: Timestamp(milliseconds: seen))
        _ = state.changed(since: mark, at: .noon)
        mark = state.mark(at: .noon)
        state.forget([id])
    }
}
