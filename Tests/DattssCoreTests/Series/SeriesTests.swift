import DattssCore
import DattssTestSupport
import Testing

@Suite struct SeriesTests {
    @Test(
        "each step that has data merges its minutes, and no other step is there", arguments: seeds, [1, 5, 7, 60, 1440] as [Int64])
    func random(seed: UInt64, step: Int64) {
        // Goal: grouping by step, minutes before 1970 too, several aggregates of a minute in their order.
        var generator = SeededGenerator(seed: seed)
        var minutes: [MinutePoint] = []
        for index in Int64(-300)..<300 where generator.oneIn(4) {
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let samples = generator.samples(3) { Double(Int.random(in: -9...9, using: &$0)) }
                minutes.append(MinutePoint(minute: Minute(index), aggregate: naiveAggregate(samples, hasSketch: true)))
            }
        }
        let points = Series.points(minutes, stepMinutes: step)
        let groups = Dictionary(grouping: minutes) { ($0.minute.index - (($0.minute.index % step) + step) % step) }
        #expect(points.map(\.start.index) == groups.keys.sorted(), "seed \(seed)")
        for point in points {
            var parts = (groups[point.start.index] ?? []).map(\.aggregate)
            var merging = MergingAggregate(parts.removeFirst())
            for part in parts { merging.merge(part) }
            #expect(point.aggregate == merging.merged, "seed \(seed)")
        }
    }

    @Test("nothing gives no points")
    func empty() {
        // Goal: an empty answer is an answer.
        #expect(Series.points([], stepMinutes: 5).isEmpty)
    }
}
