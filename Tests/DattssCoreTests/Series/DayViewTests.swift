import DattssTestSupport
import Foundation
import Testing

@testable import DattssCore

@Suite struct DayViewTests {
    @Test("today and the usual day are those of a naive oracle", arguments: ClockDay.all, [1, 2] as [UInt64])
    func random(day: ClockDay, seed: UInt64) throws {
        // Goal: any kind and step, with gaps and silence, on days on which clocks are set and on those after them.
        let zone = try #require(SystemZone(day.zone))
        var generator = SeededGenerator(seed: seed)
        for step in ([1, 5, 7, 15, 30, 60, 120, 1000, 1440] as [Int64]).shuffled(using: &generator).prefix(3) {
            let kind = Kind.allCases[Int.random(in: 0..<3, using: &generator)]
            let date = CalendarDate(
                dayNumber: day.date.dayNumber + (generator.oneIn(2) ? 0 : Int64.random(in: -1...8, using: &generator)))
            var (minutes, active): ([MinutePoint], [Minute]) = ([], [])
            var isOut = false
            for minute in DayView.minutes(for: date) {
                if generator.oneIn(300) { isOut.toggle() }
                if isOut { continue }
                active.append(minute)
                guard generator.oneIn(10) else { continue }
                let samples = generator.samples(3) { Double(Int.random(in: -9...9, using: &$0)) }
                minutes.append(MinutePoint(minute: minute, aggregate: naiveAggregate(samples, hasSketch: kind == .timer)))
            }
            let view = DayView(of: kind, on: date, in: zone, minutes: minutes, active: MinuteRuns(active), stepMinutes: step)
            let oracle = DayOracle(zone, date, kind, minutes, active, step)
            oracle.expect(view, "seed \(seed), \(date), \(kind), step \(step)")
        }
    }

    @Test("one a minute is one a minute on every day and its usual day, whatever the clocks do", arguments: ClockDay.all)
    func steady(day: ClockDay) throws {
        // Goal: no zone, day or step makes a rate that never was: no point has more than its minutes, none is lost, and a usual
        // step has as many as it has minutes.
        let zone = try #require(SystemZone(day.zone))
        for (offset, step) in [(0, 1), (0, 5), (0, 30), (0, 60), (0, 120), (0, 1440), (1, 60), (7, 60), (3, 1440)]
            as [(Int64, Int64)]
        {
            let date = CalendarDate(dayNumber: day.date.dayNumber + offset)
            let minutes = DayView.minutes(for: date).map { MinutePoint(minute: $0, aggregate: Aggregate(sample: 1)) }
            for kind in [Kind.counter, .timer] {
                let view = DayView(
                    of: kind, on: date, in: zone, minutes: minutes, active: MinuteRuns(minutes.map(\.minute)), stepMinutes: step)
                #expect(view.today.allSatisfy { $0.aggregate.sum <= Double(step) })
                #expect(offset > 0 || view.today.reduce(0) { $0 + $1.aggregate.sum } == Double(day.length))
                #expect(view.usual.count == Int((1439 + step) / step))
                #expect(
                    view.usual.allSatisfy { ($0.sum - Double(min(step, 1440 - $0.minute))).magnitude < 1e-9 && $0.sum == $0.count })
            }
        }
    }

    @Test("a silent counter counts as zero, and a minute without the user is a gap")
    func gapsAndSilence() throws {
        // Goal: the definition of the usual day. 6 at noon on one day, silence on two, nothing heard on four.
        let date = CalendarDate("2026-11-22")!
        let noon = (1...3).map { Minute((date.dayNumber - $0) * Minute.perDay + 720) }
        let minutes: [MinutePoint] = [MinutePoint(minute: noon[0], aggregate: Aggregate(sample: 6))]
        let counter = view(.counter, date, minutes, noon.reversed())
        let point = try #require(counter.usual.first)
        #expect(counter.usual.count == 1)
        #expect(point.minute == 720)
        #expect(point.sum == 2)
        #expect(point.count == 1.0 / 3)
        #expect(point.days == 3)
        #expect(point.means?.max == 6)

        let gauge = view(.gauge, date, minutes, noon.reversed())
        #expect(gauge.usual.map(\.sum) == [6])
        #expect(gauge.usual.map(\.days) == [1])
    }

    @Test("a counter that was silent on all days is zero and has no other numbers")
    func silentOnAllDays() {
        // Goal: silence is known, unlike a gap.
        let date = CalendarDate("2026-11-22")!
        let silent = view(.counter, date, [], [Minute((date.dayNumber - 1) * Minute.perDay)])
        #expect(silent.usual == [DayView.UsualPoint(minute: 0, sum: 0, count: 0, minutes: 1, means: nil, days: 1)])
        #expect(view(.counter, date, [], []).usual.isEmpty)
        #expect(view(.timer, date, [], [Minute((date.dayNumber - 1) * Minute.perDay)]).usual.isEmpty)
    }

    @Test("a step in the middle of which the first day begins says of how many minutes it is")
    func beginsWithinStep() {
        // Goal: what was not heard yet is no silence: a rate over all of the step would be too low.
        let date = CalendarDate("2026-11-22")!
        let first = Minute((date.dayNumber - 1) * Minute.perDay + 10 * 60 + 8)
        let active = (0..<30).map { first.advanced(by: $0) }
        let minutes = active.map { MinutePoint(minute: $0, aggregate: Aggregate(sample: 4)) }
        let usual = view(.counter, date, minutes, active, step: 15).usual
        #expect(usual.map(\.minute) == [600, 615, 630])
        #expect(usual.map(\.minutes) == [7, 15, 8])
        #expect(usual.map { $0.sum / Double($0.minutes) } == [4, 4, 4])
    }

    @Test("half an hour's outage does not halve the usual hour")
    func outage() throws {
        // Goal: means are taken minute by minute: one each minute on seven days, but for half an hour on one of them.
        let date = CalendarDate("2026-11-22")!
        var minutes: [MinutePoint] = []
        for day in (1...7).reversed() {
            for minute in Int64(0)..<60 where day != 3 || minute < 30 {
                minutes.append(
                    MinutePoint(
                        minute: Minute((date.dayNumber - Int64(day)) * Minute.perDay + minute), aggregate: Aggregate(sample: 1)))
            }
        }
        let point = try #require(view(.counter, date, minutes, minutes.map(\.minute), step: 60).usual.first)
        #expect((point.sum - 60).magnitude < 1e-9)
        #expect(point.days == 7)
    }

    @Test("the eighth day before and the day after do not count")
    func otherDays() {
        // Goal: seven days, and today is not usual.
        let date = CalendarDate("2026-11-22")!
        let minutes = (-8...1).map {
            MinutePoint(minute: Minute((date.dayNumber + $0) * Minute.perDay), aggregate: Aggregate(sample: Double($0)))
        }
        let view = view(.gauge, date, minutes, minutes.map(\.minute))
        #expect(view.usual.map(\.days) == [7])
        #expect(view.usual.map(\.means?.max) == [-4])
        #expect(view.usual.map(\.means?.percentiles) == [.init(p50: -4, p95: -4, p99: -4)])
        #expect(view.today.map(\.aggregate.sum) == [0])
    }

    @Test(
        "what clocks show again has steps of its own, each with its moment",
        arguments: [
            (
                "Europe/Paris", "2026-10-25", 60, 60..<240,
                ["60 at 23:00: 60", "120 at 00:00: 60", "120 at 01:00 again: 60", "180 at 02:00: 60"]
            ),
            (
                "Europe/Paris", "2026-10-25", 30, 120..<210,
                ["120 at 00:00: 30", "120 at 01:00 again: 30", "150 at 00:30: 30", "150 at 01:30 again: 30", "180 at 02:00: 30"]
            ),
            (
                "Europe/Paris", "2026-10-25", 120, 0..<360,
                ["0 at 22:00: 120", "120 at 00:00: 120", "120 at 01:00 again: 60", "240 at 03:00: 120"]
            ),
            ("Europe/Paris", "2026-10-25", 1440, 0..<1440, ["0 at 22:00: 1440", "0 at 01:00 again: 60"]),
            ("Europe/Paris", "2026-03-29", 60, 60..<240, ["60 at 00:00: 60", "180 at 01:00: 60"]),
            ("Europe/Paris", "2026-03-29", 120, 0..<360, ["0 at 23:00: 120", "120 at 01:00: 60", "240 at 02:00: 120"]),
            ("Australia/Lord_Howe", "2026-04-05", 60, 60..<180, ["60 at 14:00: 60", "60 at 15:00 again: 30", "120 at 15:30: 60"]),
            ("Pacific/Apia", "2011-12-30", 60, 0..<1440, []),
        ] as [(String, String, Int64, Range<Int64>, [String])])
    func changeOfClocks(zone: String, day: String, step: Int64, part: Range<Int64>, expected: [String]) throws {
        // Goal: one a minute never is 120 an hour; and the second 02:00 is told from the first.
        let date = try #require(CalendarDate(day))
        let minutes = DayView.minutes(for: date).map { MinutePoint(minute: $0, aggregate: Aggregate(sample: 1)) }
        let view = DayView(
            of: .counter, on: date, in: try #require(SystemZone(zone)), minutes: minutes,
            active: MinuteRuns(minutes.map(\.minute)), stepMinutes: step)
        let found = view.today.filter { part.contains($0.minute) }.map { point in
            let minute = point.start.index - point.start.day * Minute.perDay
            let time = String(format: "%02d:%02d", Int(minute / 60), Int(minute % 60))
            return "\(point.minute) at \(time)\(point.isRepeated ? " again" : ""): \(Int(point.aggregate.sum))"
        }
        #expect(found == expected)
    }

    @Test("a step's moment is its own, though its first minutes are silent")
    func moment() throws {
        // Goal: the moment does not depend on what came.
        let date = try #require(CalendarDate("2026-10-25"))
        let late = Minute(date.dayNumber * 1440 + 90)
        let view = DayView(
            of: .gauge, on: date, in: EuropeParis(), minutes: [MinutePoint(minute: late, aggregate: Aggregate(sample: 1))],
            active: MinuteRuns([late]), stepMinutes: 60)
        #expect(view.today.map(\.start) == [Minute(date.dayNumber * 1440 + 60)])
        #expect(view.today.map(\.isRepeated) == [true])
        #expect(view.changes == [ClockChange(at: Minute(date.dayNumber * 1440 + 60), from: 180, to: 120)])
    }

    @Test("a counter's silent steps are told from gaps, and from those of other kinds")
    func silentSteps() throws {
        // Goal: heard from 00:00 to 00:29 and from 01:00 to 01:04, a sample at 00:12.
        let date = CalendarDate("2026-11-22")!
        let midnight = date.dayNumber * Minute.perDay
        let active = (Array(0..<30) + Array(60..<65)).map { Minute(midnight + Int64($0)) }
        let minutes = [MinutePoint(minute: Minute(midnight + 12), aggregate: Aggregate(sample: 1))]
        func silent(_ kind: Kind, step: Int64) -> [Range<Int64>] {
            view(kind, date, minutes, active, step: step).silent.map(\.minutes)
        }
        #expect(silent(.counter, step: 5) == [0..<10, 15..<30, 60..<65])
        #expect(silent(.counter, step: 1) == [0..<12, 13..<30, 60..<65])
        #expect(silent(.counter, step: 60) == [60..<120])
        #expect(silent(.counter, step: 1000) == [])
        #expect(silent(.gauge, step: 5) == [])
        #expect(view(.counter, date, [], [], step: 5).silent == [])
    }

    @Test("what clocks show again is silent by itself")
    func silentAgain() throws {
        // Goal: in Paris the hour from 02:00 came twice; something came in the first one.
        let date = try #require(CalendarDate("2026-10-25"))
        let active = Array(DayView.minutes(for: date))
        let first = Minute(date.dayNumber * 1440 + 10)
        let view = DayView(
            of: .counter, on: date, in: EuropeParis(), minutes: [MinutePoint(minute: first, aggregate: Aggregate(sample: 1))],
            active: MinuteRuns(active), stepMinutes: 60)
        #expect(view.today.map(\.minute) == [120])
        #expect(
            view.silent == [
                DayView.SilentSteps(minutes: 0..<120, isRepeated: false),
                DayView.SilentSteps(minutes: 180..<1440, isRepeated: false),
                DayView.SilentSteps(minutes: 120..<180, isRepeated: true),
            ])
    }

    @Test("the minutes of a day cover it and the seven before in every zone", arguments: [-43_200, 0, 20_700, 50_400] as [Int64])
    func range(offset: Int64) {
        // Goal: what is read from the log is enough.
        let date = CalendarDate("2026-11-22")!
        let range = DayView.minutes(for: date)
        var local = LocalMinutes(FixedOffset(seconds: offset), over: range)
        #expect(local.of(range.lowerBound).day < date.dayNumber - 7)
        #expect(local.of(range.upperBound).day > date.dayNumber)
    }

    private func view(_ kind: Kind, _ date: CalendarDate, _ minutes: [MinutePoint], _ active: [Minute], step: Int64 = 1) -> DayView
    {
        DayView(of: kind, on: date, in: FixedOffset(seconds: 0), minutes: minutes, active: MinuteRuns(active), stepMinutes: step)
    }
}
