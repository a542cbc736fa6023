import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct DayViewTests {
    @Test(
        "today and the usual day are those of a naive oracle", arguments: seeds,
        [
            (Kind.counter, 1), (.counter, 60), (.timer, 30), (.gauge, 7), (.timer, 1440),
        ] as [(Kind, Int64)])
    func random(seed: UInt64, what: (Kind, Int64)) {
        // Goal: any kind and step, around a change of clocks in a time zone, with gaps and silence.
        var generator = SeededGenerator(seed: seed)
        let (kind, step) = what
        let date = CalendarDate(year: 2026, month: generator.oneIn(2) ? 3 : 10, day: Int64.random(in: 20...31, using: &generator))
        var (minutes, active): ([MinutePoint], [Minute]) = ([], [])
        var isOut = false
        for minute in DayView.minutes(for: date) {
            if generator.oneIn(300) { isOut.toggle() }
            if isOut { continue }
            active.append(minute)
            guard generator.oneIn(30) else { continue }
            let samples = generator.samples(3) { Double(Int.random(in: -9...9, using: &$0)) }
            minutes.append(MinutePoint(minute: minute, aggregate: naiveAggregate(samples, hasSketch: kind == .timer)))
        }
        let view = DayView(of: kind, on: date, in: EuropeParis(), minutes: minutes, active: MinuteRuns(active), stepMinutes: step)
        expect(view, kind, date, minutes, active, step, "seed \(seed)")
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
        #expect(silent.usual == [DayView.UsualPoint(minute: 0, sum: 0, count: 0, means: nil, days: 1)])
        #expect(view(.counter, date, [], []).usual.isEmpty)
        #expect(view(.timer, date, [], [Minute((date.dayNumber - 1) * Minute.perDay)]).usual.isEmpty)
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
        "an hour that comes twice falls on the same minutes, and one that is missed is a gap",
        arguments: [
            ("2026-10-25", 1, 60), ("2026-10-25", 2, 120), ("2026-03-29", 2, nil), ("2026-03-29", 3, 60),
        ] as [(String, Int64, Double?)])
    func changeOfClocks(text: String, hour: Int64, sum: Double?) {
        // Goal: today is what clocks on walls showed.
        let date = CalendarDate(text)!
        let minutes = DayView.minutes(for: date).map { MinutePoint(minute: $0, aggregate: Aggregate(sample: 1)) }
        let view = DayView(
            of: .counter, on: date, in: EuropeParis(), minutes: minutes, active: MinuteRuns(minutes.map(\.minute)), stepMinutes: 60)
        #expect(view.today.first { $0.minute == hour * 60 }?.aggregate.sum == sum)
        #expect(view.usual.count == 24)
        #expect(view.usual.allSatisfy { $0.sum == 60 && $0.days == 7 })
        let later = DayView(
            of: .counter, on: CalendarDate(dayNumber: date.dayNumber + 1), in: EuropeParis(), minutes: minutes,
            active: MinuteRuns(minutes.map(\.minute)), stepMinutes: 60)
        // Six days of 60 and the one with the change, which has the hour twice or not at all.
        let usual = later.usual.first { $0.minute == hour * 60 }
        #expect(usual?.days == (sum == nil ? 6 : 7))
        #expect(((usual?.sum ?? 0) - (360 + (sum ?? 60)) / 7).magnitude < 1e-9)
    }

    @Test("the minutes of a day cover it and the seven before in every zone", arguments: [-43_200, 0, 20_700, 50_400] as [Int64])
    func range(offset: Int64) {
        // Goal: what is read from the log is enough.
        let date = CalendarDate("2026-11-22")!
        let range = DayView.minutes(for: date)
        var local = LocalMinutes(FixedOffset(seconds: offset))
        #expect(local.of(range.lowerBound).day < date.dayNumber - 7)
        #expect(local.of(range.upperBound).day > date.dayNumber)
    }

    private func view(_ kind: Kind, _ date: CalendarDate, _ minutes: [MinutePoint], _ active: [Minute], step: Int64 = 1) -> DayView
    {
        DayView(of: kind, on: date, in: FixedOffset(seconds: 0), minutes: minutes, active: MinuteRuns(active), stepMinutes: step)
    }

    // MARK: The oracle

    private func expect(
        _ view: DayView, _ kind: Kind, _ date: CalendarDate, _ minutes: [MinutePoint], _ active: [Minute], _ step: Int64,
        _ comment: Comment
    ) {
        func local(_ minute: Minute) -> (day: Int64, minuteOfDay: Int64) {
            let shown = minute.index + EuropeParis().secondsFromUTC(at: minute.start) / 60
            return (shown / 1440, shown % 1440)
        }
        let placed = minutes.map { (local($0.minute), $0.aggregate) }
        let heard = active.map(local)
        let usualDays = (date.dayNumber - 7)..<date.dayNumber

        let today = Dictionary(grouping: placed.filter { $0.0.day == date.dayNumber }) { $0.0.minuteOfDay / step * step }
        #expect(view.today.map(\.minute) == today.keys.sorted(), comment)
        #expect(
            view.today.map(\.aggregate.sum) == today.sorted { $0.key < $1.key }.map { $0.value.map(\.1.sum).reduce(0, +) }, comment)

        let counting =
            kind == .counter ? heard.filter { usualDays.contains($0.day) } : placed.map(\.0).filter { usualDays.contains($0.day) }
        let daysOfMinute = Dictionary(grouping: counting, by: \.minuteOfDay).mapValues { Set($0.map(\.day)) }
        let data = Dictionary(grouping: placed.filter { usualDays.contains($0.0.day) }) { $0.0.minuteOfDay }
        var points = view.usual[...]
        for start in stride(from: Int64(0), to: 1440, by: Int(step)) {
            let steps = (start..<min(start + step, 1440)).filter { daysOfMinute[$0] != nil }
            if steps.isEmpty { continue }
            guard let point = points.popFirst() else {
                Issue.record(comment)
                return
            }
            #expect(point.minute == start, comment)
            #expect(point.days == steps.reduce(into: Set<Int64>()) { $0.formUnion(daysOfMinute[$1]!) }.count, comment)
            var (sum, count) = (0.0, 0.0)
            for minute in steps {
                sum += (data[minute] ?? []).map(\.1.sum).reduce(0, +) / Double(daysOfMinute[minute]!.count)
                count += Double((data[minute] ?? []).map(\.1.count).reduce(0, +)) / Double(daysOfMinute[minute]!.count)
            }
            #expect((point.sum - sum).magnitude < 1e-9, comment)
            #expect((point.count - count).magnitude < 1e-9, comment)
            let byDay = Dictionary(grouping: steps.flatMap { data[$0] ?? [] }, by: \.0.day).values
            #expect((point.means == nil) == byDay.isEmpty, comment)
            guard let means = point.means else { continue }
            let max = byDay.map { $0.map(\.1.max).max()! }.reduce(0, +) / Double(byDay.count)
            #expect((means.max - max).magnitude < 1e-9, comment)
            #expect(
                (means.percentiles != nil)
                    == (kind == .timer || byDay.allSatisfy { day in Set(day.flatMap { [$0.1.min, $0.1.max] }).count == 1 }), comment
            )
        }
        #expect(points.isEmpty, comment)
    }
}
