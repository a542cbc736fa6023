import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct ChangeTrackerTests {
    private let a = StatisticID(index: 0)
    private let b = StatisticID(index: 1)
    private let c = StatisticID(index: 700)

    @Test("each reader hears of what changed since it looked last")
    func readers() {
        var tracker = ChangeTracker()
        let start = tracker.mark(at: .noon)
        tracker.note([a, c], at: .noon)
        let (first, mark) = tracker.changed(since: start, at: .noon)
        #expect(first == [a, c])
        #expect(tracker.changed(since: mark, at: .noon).0 == [])
        tracker.note([b, b], at: .noon)
        #expect(tracker.changed(since: mark, at: .noon).0 == [b])
        #expect(tracker.changed(since: start, at: .noon).0 == [a, b, c])
    }

    @Test("what may still fade counts as changed once a slot, until its minute and the next are over")
    func fading() {
        // Goal: a window that empties and percentiles that end are told, though nothing arrives.
        var tracker = ChangeTracker()
        tracker.note([a], at: .noon)
        let mark = tracker.mark(at: .noon)
        func changed(after milliseconds: Int64) -> [StatisticID] {
            tracker.changed(since: mark, at: Timestamp.noon.advanced(byMilliseconds: milliseconds)).0
        }
        #expect(changed(after: Window.slotMilliseconds - 1) == [])
        #expect(changed(after: Window.slotMilliseconds) == [a])
        let late = tracker.mark(at: Timestamp.noon.advanced(byMilliseconds: 125_001))
        let next = Timestamp.noon.advanced(byMilliseconds: 130_000)
        #expect(tracker.changed(since: late, at: next).0 == [])
        #expect(tracker.changed(since: tracker.mark(at: Timestamp.noon.advanced(byMilliseconds: 124_999)), at: next).0 == [a])
    }
}
