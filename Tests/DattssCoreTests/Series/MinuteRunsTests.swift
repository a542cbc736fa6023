import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct MinuteRunsTests {
    @Test("unions, ranges and minutes are those of a set", arguments: seeds)
    func random(seed: UInt64) {
        // Goal: runs are only another way to write a set, and always the shortest.
        var generator = SeededGenerator(seed: seed)
        func some() -> Set<Minute> {
            Set((0..<Int.random(in: 0...40, using: &generator)).map { _ in Minute(Int64.random(in: -30...30, using: &generator)) })
        }
        for _ in 0..<50 {
            let (a, b) = (some(), some())
            var runs = MinuteRuns(a)
            expect(runs, a, "seed \(seed)")
            runs.formUnion(MinuteRuns(b))
            expect(runs, a.union(b), "seed \(seed)")
            let range = Minute(-10)..<Minute(Int64.random(in: -10...20, using: &generator))
            expect(runs.clamped(to: range), a.union(b).filter(range.contains), "seed \(seed)")
        }
    }

    @Test("runs that overlap or touch become one")
    func append() {
        // Goal: blocks of one minute, and days that follow each other, do not add runs.
        var runs = MinuteRuns()
        for (start, end) in [(0, 10), (10, 12), (11, 12), (10, 11), (14, 14), (14, 15)] as [(Int64, Int64)] {
            runs.append(Minute(start)..<Minute(end))
        }
        #expect(runs.runs == [Minute(0)..<Minute(12), Minute(14)..<Minute(15)])
    }

    private func expect(_ runs: MinuteRuns, _ minutes: Set<Minute>, _ comment: Comment) {
        #expect(Array(runs.minutes) == minutes.sorted(), comment)
        #expect(runs.count == minutes.count, comment)
        #expect(zip(runs.runs, runs.runs.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }, comment)
    }
}
