import DattssCore
import Testing

@testable import DattssQuery

/// Goal: what moved in a window is told before what drifts, wanders and is noisy, with the minute in which it began.
@Suite("A move")
struct MoveJudgeTests {
    private static let window = Minute(29_000_000)..<Minute(29_000_015)

    private static func layout(_ minutes: Int64 = 15) throws -> MoveLayout {
        try MoveLayout(window.lowerBound..<window.lowerBound.advanced(by: minutes), against: .before, in: UTC())
    }

    /// The moves of some series in a window of a quarter of an hour, where the user sent something in each minute.
    private static func judge(_ layout: MoveLayout) -> MoveJudge {
        MoveJudge(layout, isActive: [Bool](repeating: true, count: layout.binCount))
    }

    // MARK: The oracle

    /// What is planted into noise: at 3 minutes before the window to 9 minutes after its beginning.
    private static func planted(_ series: inout PlantedSeries, at began: Int) -> [PlantedSeries.Planted] {
        let start = series.start + began
        var found: [PlantedSeries.Planted] = []
        func add(_ name: String, _ values: [Double], isCounted: Bool = false, _ change: Move.Change = .moved, isUp: Bool) {
            found.append(
                PlantedSeries.Planted(
                    name: "\(name) at \(began)", values: values.map { Float($0) }, isCounted: isCounted, began: start,
                    change: change,
                    isUp: isUp))
        }
        let bins = 0..<series.bins
        add("step up", bins.map { 50 + series.normal() + ($0 >= start ? 8 : 0) }, isUp: true)
        add("step down", bins.map { 50 + series.normal() - ($0 >= start ? 8 : 0) }, isUp: false)
        var level = 0.0
        let wandering = bins.map { bin in
            level = level * 0.9 + series.normal()
            return 50 + level + (bin >= start ? 20 : 0)
        }
        add("step of what wanders", wandering, isUp: true)
        add("pulse", bins.map { 50 + series.normal() + (start..<start + 5 ~= $0 ? 8 : 0) }, isUp: true)
        // (Two minutes in front of the window are not in it.)
        if began >= -1 { add("spike", bins.map { 50 + series.normal() + (start..<start + 2 ~= $0 ? 14 : 0) }, isUp: true) }
        add("ramp", bins.map { 50 + series.normal() + Swift.min(30, Swift.max(0, Double($0 - start + 1) * 4)) }, isUp: true)
        add("counter at three times", bins.map { series.poisson($0 >= start ? 90 : 30) }, isCounted: true, isUp: true)
        add("counter at a third", bins.map { series.poisson($0 >= start ? 30 : 90) }, isCounted: true, isUp: false)
        add("errors", bins.map { $0 >= start ? 4 + series.poisson(4) : 0 }, isCounted: true, isUp: true)
        add("gauge that is changed", bins.map { $0 >= start ? 84 : 42 }, isUp: true)
        add("new counter", bins.map { $0 >= start ? 4 + series.poisson(4) : .nan }, isCounted: true, .appeared, isUp: true)
        add("new gauge", bins.map { $0 >= start ? 50 + series.normal() : .nan }, .appeared, isUp: true)
        add("silent counter", bins.map { $0 < start ? 4 + series.poisson(20) : .nan }, isCounted: true, .silent, isUp: false)
        add("silent timer", bins.map { $0 < start ? 50 + series.normal() : .nan }, .silent, isUp: false)
        return found
    }

    @Test("that was planted is told before 99 of 100 that only drift, wander and are noisy, and its beginning to the minute")
    func oracle() throws {
        let layout = try Self.layout()
        var judge = Self.judge(layout)
        var series = PlantedSeries(bins: layout.binCount, windowStart: layout.windowStart, seed: 1)
        var others: [Double] = []
        for kind in PlantedSeries.Distractor.allCases {
            for _ in 0..<100 {
                let values = series.series(kind)
                others.append(judge.judge(values, isCounted: kind.isCounted)?.score ?? 0)
            }
        }
        others.sort()
        let bound = others[others.count * 99 / 100]
        for began in [-3, -1, 0, 2, 9] {
            for planted in Self.planted(&series, at: began) {
                let told = judge.judge(planted.values, isCounted: planted.isCounted)
                let move = try #require(told, "\(planted.name)")
                #expect(move.score > bound, "\(planted.name): \(move.score), of others one in 100 has \(bound)")
                #expect(abs(move.began - planted.began) <= 1, "\(planted.name): began at \(move.began - layout.windowStart)")
                #expect(move.change == planted.change, "\(planted.name): \(move.change)")
                let isUp = (move.after ?? 0) > (move.before ?? 0)
                #expect(isUp == planted.isUp, "\(planted.name): \(move)")
            }
        }
    }

    @Test("of what drifts, wanders or is noisy is no further than the baseline moved by itself, but for few")
    func drift() throws {
        let layout = try Self.layout()
        var judge = Self.judge(layout)
        var series = PlantedSeries(bins: layout.binCount, windowStart: layout.windowStart, seed: 2)
        for kind in PlantedSeries.Distractor.allCases {
            var count = 0
            for _ in 0..<100 {
                let values = series.series(kind)
                if judge.judge(values, isCounted: kind.isCounted)?.score ?? 0 > MoveAnswer.scoreMin { count += 1 }
            }
            #expect(count <= (kind == .walking ? 30 : 12), "\(kind): \(count) of 100")
        }
    }

    @Test("of the Kolmogorov–Smirnov distance alone would not tell a random walk from a step: this does")
    func comparedWithDistributions() throws {
        let layout = try Self.layout()
        var judge = Self.judge(layout)
        var series = PlantedSeries(bins: layout.binCount, windowStart: layout.windowStart, seed: 3)
        var (walks, distances): ([Double], [Double]) = ([], [])
        for _ in 0..<100 {
            let values = series.series(.walking)
            walks.append(judge.judge(values, isCounted: false)?.score ?? 0)
            distances.append(Self.distance(values, layout))
        }
        let spike = (0..<layout.binCount).map { Float(series.normal() + ($0 - layout.windowStart == 4 ? 14 : 0)) }
        let spikeDistance = Self.distance(spike, layout)
        let told = judge.judge(spike, isCounted: false)
        let score = try #require(told).score
        #expect(
            distances.count { $0 > spikeDistance } > 90, "of so many walks the distance is larger than of a spike of 14 deviations")
        #expect(walks.count { $0 > score } <= 5)
    }

    /// The largest difference between the distributions of the baseline and of the window.
    private static func distance(_ values: [Float], _ layout: MoveLayout) -> Double {
        let (before, after) = (layout.stretches.flatMap { values[$0] }, values[layout.windowStart...])
        return values.map { value in
            abs(
                Double(before.count { $0 <= value }) / Double(before.count) - Double(after.count { $0 <= value })
                    / Double(after.count))
        }.max() ?? 0
    }

    // MARK: By hand

    @Test("has the median before and while it was moved, and when it was over")
    func values() throws {
        let layout = try Self.layout()
        var judge = Self.judge(layout)
        let start = layout.windowStart
        let high = start + 2..<start + 8
        let row = (0..<layout.binCount).map { bin -> Float in Float(high.contains(bin) ? 30 + bin % 2 : 10 + bin % 3) }
        let told = judge.judge(row, isCounted: false)
        let move = try #require(told)
        #expect(move.before == 11 && move.after == 30.5 && move.began == start + 2 && move.ended == start + 8 && !move.isEarlier)
        // The own moves of six values side by side are none, their level is 19.5 away, and 1 % of it is the floor, with the error.
        #expect(20...100 ~= move.score, "\(move.score)")
    }

    @Test("that began before the minutes in which that is looked for is said to be earlier")
    func earlier() throws {
        let layout = try Self.layout()
        var judge = Self.judge(layout)
        let start = layout.current.lowerBound - 3
        let row = (0..<layout.binCount).map { bin -> Float in Float((bin >= start ? 100 : 10) + bin % 2) }
        let told = judge.judge(row, isCounted: false)
        let move = try #require(told)
        #expect(move.isEarlier && move.began == layout.current.lowerBound && move.ended == layout.current.upperBound)
    }

    @Test("of what is the same, or always the same two values, is none, and of gaps alone nothing is said")
    func ties() throws {
        let layout = try Self.layout()
        var judge = Self.judge(layout)
        let count = layout.binCount
        let nothing = [Float](repeating: .nan, count: count)
        let cases: [(String, [Float], Bool)] = [
            ("constant", [Float](repeating: 7, count: count), false), ("zero", [Float](repeating: 0, count: count), true),
            ("alternating", (0..<count).map { Float($0 % 2) }, false), ("silent", nothing, false),
            ("silent counter", nothing, true),
        ]
        for (name, row, isCounted) in cases {
            let move = judge.judge(row, isCounted: isCounted)
            #expect(move?.score ?? 0 < MoveAnswer.scoreMin, "\(name): \(String(describing: move))")
        }
    }

    @Test("of one that is sent every five minutes is found all the same, and its pauses are no silence")
    func gaps() throws {
        let layout = try Self.layout()
        var judge = Self.judge(layout)
        func row(_ value: (Int) -> Float) -> [Float] { (0..<layout.binCount).map { $0 % 5 == 0 ? value($0) : .nan } }
        let steady = judge.judge(row { Float(10 + $0 % 3) }, isCounted: false)
        #expect(steady?.score ?? 0 < MoveAnswer.scoreMin, "\(String(describing: steady))")
        let told = judge.judge(row { $0 >= layout.windowStart ? 90 : Float(10 + $0 % 3) }, isCounted: false)
        let move = try #require(told)
        #expect(move.change == .moved && move.score > 5 && move.after == 90)
    }

    @Test("is not told of a counter in minutes in which nobody was heard")
    func absence() throws {
        let layout = try Self.layout()
        let isActive = (0..<layout.binCount).map { $0 < layout.windowStart + 3 }
        var judge = MoveJudge(layout, isActive: isActive)
        let row = isActive.map { $0 ? Float(50) : .nan }
        let counted = judge.judge(row, isCounted: true)
        let measured = judge.judge(row, isCounted: false)
        #expect(counted?.score ?? 0 < MoveAnswer.scoreMin && measured?.score ?? 0 < MoveAnswer.scoreMin)
    }

    @Test("takes a value of a changed gauge for small when it is small against the gauge")
    func relative() throws {
        let layout = try Self.layout()
        var judge = Self.judge(layout)
        func score(_ before: Float, _ after: Float) -> Double {
            let row = (0..<layout.binCount).map { $0 >= layout.windowStart ? after : before }
            return judge.judge(row, isCounted: false)?.score ?? 0
        }
        #expect(score(1000, 1001) < 1)
        #expect(score(42, 84) > 40)
        #expect(score(0, 1e-3) > 99.9 && score(0, -7) > 99.9)
    }
}

/// Clocks that are never set.
struct UTC: TimeZoneRules {
    func secondsFromUTC(at time: Timestamp) -> Int64 { 0 }
}
