import DattssCore
import DattssLog
import Testing

@testable import DattssPipeline

/// What is kept of a user's statistics while days pass.
@Suite struct WatchedUserTests {
    private static let always = StatisticKey(.gauge, "always")

    private func part(_ keys: [StatisticKey]) -> UserMinute {
        UserMinute(user: UserID("ann")!, aggregates: keys.map { Partial($0, Aggregate(sample: 1)) })
    }

    @Test("names that come once do not stay: what is watched does not grow with the days, and leaves room for others")
    func namesThatComeOnce() {
        // Goal: each hour for thirty days a statistic that never comes again, and one that is always sent.
        var user = WatchedUser(beginning: UsualSlot(Minute(0)))
        var most = 0
        for hour in 0..<30 * 24 {
            let minute = Minute(Int64(hour) * 60)
            user.advance(to: UsualSlot(minute))
            var room = 60 - user.count
            user.add(minute, part([StatisticKey(.gauge, "once.\(hour)"), Self.always]), room: &room)
            #expect(room >= 0)
            most = max(most, user.count)
        }
        // Those of two days, and the hour that has just begun.
        #expect(most == 2 * 24 + 2)
        #expect(user.count == most)
    }

    @Test("what is silent for two days stays, and is forgotten with the next step")
    func silence() {
        var user = WatchedUser(beginning: UsualSlot(Minute(0)))
        var room = 10
        user.add(Minute(0), part([Self.always]), room: &room)
        user.advance(to: UsualSlot(Minute(2 * Minute.perDay)))
        #expect(user.count == 1)
        user.advance(to: UsualSlot(Minute(2 * Minute.perDay + 5)))
        #expect(user.count == 0)
        // It comes back as one that nothing is known of, to be learned at once.
        user.add(Minute(2 * Minute.perDay + 6), part([Self.always]), room: &room)
        #expect(user.due(at: Minute(2 * Minute.perDay + 6))?.isFirst == true)
    }
}
