import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct UsualDetectorTests {
    @Test("quiet statistics of every kind cause less than one false alarm a month")
    func quiet() {
        // Goal: the short version of `scripts/nab --quiet`. After two days, in which it learns the day's rhythm, two days of each kind of
        // noise are more than a month in all.
        var alarms: [String] = []
        for series in QuietSeries.all {
            var detector = UsualDetector(series.measure)
            for (index, step) in series.values(1152, seed: 7).enumerated() {
                let isNews = detector.push(step.value, at: step.slot).isNews
                if isNews, index >= 576 { alarms.append(series.name) }
            }
        }
        #expect(alarms.count <= 1, "\(alarms)")
    }

    @Test(
        "what changes for good is news once, in whichever kind of noise, and in the right direction",
        arguments: QuietSeries.all.filter { $0.name.contains("counter, 5.0") || $0.name.contains("thirty") || $0.name == "gauge" },
        [true, false])
    func change(series: QuietSeries, isAbove: Bool) {
        // Goal: the detector is not only quiet. From some step on, everything is four times as much, or nearly nothing.
        var detector = UsualDetector(series.measure)
        var (news, directions): ([Int], Set<Bool>) = ([], [])
        for (index, step) in series.values(1000, seed: 3).enumerated() {
            let reading = detector.push(index < 900 ? step.value : step.value * (isAbove ? 4 : 0.1), at: step.slot)
            // Before, it still learns the rhythm of the day.
            if reading.isNews, index >= 800 { news.append(index) }
            if index >= 906, reading.since != nil { directions.insert(reading.score > 0) }
        }
        #expect(news.count == 1)
        #expect(news.allSatisfy { (900..<912).contains($0) }, "\(news)")
        #expect(directions == [isAbove])
    }

    @Test("one event where there is usually none is nothing, and a storm of them is unusual")
    func rare() {
        // Goal: minimum counts. One in twenty steps, and then two in one; a hundred in a row.
        var detector = UsualDetector(.count)
        for index in Int64(0)..<600 { _ = detector.push(index % 20 == 0 ? 1 : 0, at: UsualSlot(index)) }
        var reading = detector.push(2, at: UsualSlot(600))
        #expect(reading.score.magnitude < 1)
        for index in Int64(601)..<606 { _ = detector.push(100, at: UsualSlot(index)) }
        reading = detector.push(100, at: UsualSlot(606))
        #expect(reading.since != nil)
    }

    @Test("a new statistic is not known until a hundred steps of it are, and never unusual before")
    func warmUp() {
        var detector = UsualDetector(.level)
        for index in Int64(0)..<100 {
            let reading = detector.push(index % 7 == 0 ? 1e9 : Double(index), at: UsualSlot(index))
            #expect(!reading.isKnown && reading.score == 0 && reading.since == nil)
        }
        let reading = detector.push(1, at: UsualSlot(100))
        #expect(reading.isKnown)
    }

    @Test("what is no number, or comes late, is left out")
    func badInput() {
        var detector = UsualDetector(.level)
        for index in Int64(0)..<200 { _ = detector.push(Double(index % 5), at: UsualSlot(index)) }
        let before = detector.push(2, at: UsualSlot(200))
        for (value, slot) in [(Double.nan, 201), (.infinity, 202), (9, 200), (9, 0), (9, -5)] as [(Double, Int64)] {
            let reading = detector.push(value, at: UsualSlot(slot))
            #expect(reading == before)
        }
        // A leap of years forgets the season, and ends nothing.
        var reading = detector.push(2, at: UsualSlot(10_000_000))
        #expect(reading.score.isFinite)
        reading = detector.push(1e300, at: UsualSlot(10_000_001))
        #expect(reading.score.isFinite)
        reading = detector.push(-1e300, at: UsualSlot(.max / 8))
        #expect(reading.score.isFinite)
    }

    @Test("the wrong hour of the day is unusual, though the value is not")
    func wrongHour() {
        // Goal: the season's channels. A night's value at noon, for two hours.
        var detector = UsualDetector(.level)
        let day = QuietSeries.all.first { $0.name == "gauge by day" }!
        let values = day.values(9 * 288, seed: 5)
        var found = false
        for (index, step) in values.enumerated() {
            let isWrong = index >= 8 * 288 + 60 && index < 8 * 288 + 84
            let reading = detector.push(isWrong ? values[index + 144].value : step.value, at: step.slot)
            if isWrong, reading.since != nil { found = true }
        }
        #expect(found)
    }
}

@Suite struct UnusualStateTests {
    @Test("a score around the level makes one piece of news, and the verdict does not flap")
    func flapping() {
        // Goal: hysteresis. Without it the verdict would change 35 times here.
        var state = UnusualState()
        var (news, changes, was) = (0, 0, false)
        for index in Int64(0)..<36 {
            if state.note(index % 2 == 0 ? 2.1 : 1.2, at: UsualSlot(index), level: 2) { news += 1 }
            let isUnusual = state.since != nil
            if isUnusual != was { changes += 1 }
            was = isUnusual
        }
        #expect(news == 1 && changes == 1 && was)
        #expect(state.since == UsualSlot(0))
    }

    @Test("calm ends it, and what comes back soon is the same story", arguments: [(10, false), (100, true)] as [(Int64, Bool)])
    func comingBack(steps: Int64, isNews: Bool) {
        var state = UnusualState()
        var news = state.note(-5, at: UsualSlot(0), level: 2)
        #expect(news)
        #expect(!state.isAbove)
        for index in 1..<steps {
            news = state.note(0, at: UsualSlot(index), level: 2)
            #expect(!news)
            #expect((state.since == nil) == (index >= UnusualState.calmSteps))
        }
        news = state.note(5, at: UsualSlot(steps), level: 2)
        #expect(news == isNews)
        #expect(state.since == UsualSlot(steps) && state.isAbove)
    }
}
