import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct UsualScorerTests {
    /// A Monday.
    private static let day: Int64 = 20_780

    /// So many days of minutes up to the end of ``day``, which rise and fall with the hour; some are missing.
    private func points(_ kind: Kind, days: Int64, seed: UInt64) -> [MinutePoint] {
        var random = SeededGenerator(seed: seed)
        return ((Self.day - days + 1) * 1440..<(Self.day + 1) * 1440).compactMap { minute in
            if random.oneIn(20) { return nil }
            let hour = Double(minute % 1440) / 60
            let level = 20 + (hour - 12).magnitude + random.normal()
            return MinutePoint(minute: Minute(minute), aggregate: Aggregate(sample: kind == .counter ? level.rounded() : level))
        }
    }

    private func active(_ points: [MinutePoint]) -> MinuteRuns { MinuteRuns(points.map(\.minute)) }

    private func scores(
        _ scorer: inout UsualScorer, _ points: [MinutePoint], _ range: Range<Minute>
    ) -> [Double?] {
        let byMinute = Dictionary(points.map { ($0.minute, $0.aggregate) }) { $1 }
        return range.map { minute in
            let aggregates = [byMinute[minute]].compactMap(\.self)
            scorer.take(aggregates, in: minute, isActive: !aggregates.isEmpty)
            return scorer.score()
        }
    }

    @Test("scores are the same whenever the past was learned", arguments: [Kind.counter, .timer, .gauge])
    func sameWheneverLearned(kind: Kind) throws {
        // Goal: a restart changes nothing. One scorer sees every minute of 30 days, others learn it before some minute of the last day.
        let points = points(kind, days: 30, seed: 4)
        let (midnight, end) = (Minute(Self.day * 1440), Minute(Self.day * 1440 + 600))
        var all = UsualScorer(kind)
        for point in points where point.minute < midnight { all.take([point.aggregate], in: point.minute, isActive: true) }
        let expected = scores(&all, points, midnight..<end)
        #expect(expected.allSatisfy { $0 != nil })
        for offset: Int64 in [0, 1, 137, 420, 598] {
            let start = midnight.advanced(by: offset)
            var learned = UsualScorer(kind)
            learned.learn(points, active: active(points), before: start)
            #expect(scores(&learned, points, start..<end).elementsEqual(expected.dropFirst(Int(offset))), "from \(offset)")
        }
    }

    @Test("at the end of a step the score is that of the day's band", arguments: [Kind.counter, .timer, .gauge])
    func sameAsBands(kind: Kind) throws {
        let points = points(kind, days: 8, seed: 5)
        let date = CalendarDate(dayNumber: Self.day)
        let bands = UsualBands(
            of: kind, on: date, in: try #require(SystemZone("UTC")), minutes: points, active: active(points), stepMinutes: 5,
            now: Minute((Self.day + 1) * 1440))
        let midnight = Minute(Self.day * 1440)
        var scorer = UsualScorer(kind)
        scorer.learn(points, active: active(points), before: midnight)
        let scores = scores(&scorer, points, midnight..<midnight.advanced(by: 1440))
        // (At its edges a day knows nothing of its neighbours, and a scorer does.)
        for step: Int64 in 10..<270 {
            let expected = try #require(bands.scores[step * 5])
            let score = try #require(scores[Int(step * 5 + 4)])
            #expect((score - expected).magnitude < 0.001 * max(1, expected.magnitude), "step \(step)")
        }
    }

    @Test("hours are enough of what is older than eight days, and are no minutes")
    func hours() throws {
        // Goal: of the days before, hours are left, each as one point of its first minute.
        let all = points(.counter, days: 30, seed: 6)
        let recent = Minute((Self.day - 8) * 1440)
        var byHour: [Int64: Double] = [:]
        for point in all where point.minute < recent { byHour[point.minute.index / 60, default: 0] += point.aggregate.sum }
        let old = byHour.sorted { $0.key < $1.key }.map { hour, sum in
            MinutePoint(minute: Minute(hour * 60), aggregate: Aggregate(sample: sum))
        }
        let midnight = Minute(Self.day * 1440)
        var (ofMinutes, ofHours) = (UsualScorer(.counter), UsualScorer(.counter))
        ofMinutes.learn(all, active: active(all), before: midnight)
        let left = old + all.filter { $0.minute >= recent }
        ofHours.learn(left, active: active(left), before: midnight)
        let range = midnight..<midnight.advanced(by: 300)
        let expected = scores(&ofMinutes, all, range)
        #expect(scores(&ofHours, all, range) == expected)
        #expect(expected.allSatisfy { ($0 ?? 9).magnitude < 6 })
    }

    @Test("nothing is known of what is new for an hour, nor of a counter before it came, nor of what is silent")
    func notYetKnown() {
        var scorer = UsualScorer(.counter)
        let start = Minute(Self.day * 1440)
        var known: [Int64] = []
        for offset: Int64 in 0..<240 {
            let aggregates = offset < 60 ? [] : [Aggregate(sample: 5)]
            scorer.take(aggregates, in: start.advanced(by: offset), isActive: true)
            if scorer.score() != nil { known.append(offset) }
        }
        #expect(known.first == 122 && known.count == 240 - 122)
        // Silent for a while it is zero, as long as the user is heard; otherwise nothing is known.
        for offset: Int64 in 240..<250 { scorer.take([Aggregate](), in: start.advanced(by: offset), isActive: true) }
        #expect(scorer.score() ?? 0 < -2)
        for offset: Int64 in 250..<260 { scorer.take([Aggregate](), in: start.advanced(by: offset), isActive: false) }
        #expect(scorer.score() == nil && scorer.isKnown)
        scorer.take([Aggregate](), in: start.advanced(by: 9 * 1440), isActive: true)
        #expect(scorer.score() == nil && !scorer.isKnown)
    }

    @Test("a look over the past says of each minute what a scorer would have said")
    func past() throws {
        let key = StatisticKey(.gauge, "a")
        let points = points(.gauge, days: 10, seed: 7)
        let range = Minute(Self.day * 1440)..<Minute(Self.day * 1440 + 500)
        var scorer = UsualScorer(.gauge)
        scorer.learn(points, active: active(points), before: range.lowerBound)
        let found = UsualScores(of: [key: points], active: active(points), in: range)
        let scores = scores(&scorer, points, range)
        for (minute, score) in zip(range, scores) { #expect(found.score(of: key, at: SlotView.lastSlot(of: minute)) == score) }
        #expect(found.score(of: key, at: SlotView.lastSlot(of: range.upperBound)) == nil)
        #expect(found.score(of: StatisticKey(.gauge, "b"), at: SlotView.lastSlot(of: range.lowerBound)) == nil)
        #expect(found.values.count == 500)
    }
}
