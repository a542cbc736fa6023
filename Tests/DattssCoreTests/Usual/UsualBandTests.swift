import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct UsualBandTests {
    private static let monday = CalendarDate("2026-11-23")!

    /// Minutes of UTC on the days before a date and on itself, one value each.
    private func minutes(
        _ date: CalendarDate, ages: [Int64], over range: Range<Int64> = 0..<1440,
        _ value: (_ age: Int64, _ minute: Int64) -> Double?
    ) -> [MinutePoint] {
        ages.sorted(by: >).flatMap { age in
            range.compactMap { minute in
                value(age, minute).map {
                    MinutePoint(minute: Minute((date.dayNumber - age) * 1440 + minute), aggregate: Aggregate(sample: $0))
                }
            }
        }
    }

    private func bands(
        _ kind: Kind, _ minutes: [MinutePoint], on date: CalendarDate = monday, earlier: [Int64: [MinutePoint]] = [:],
        active: MinuteRuns? = nil, now: Int64 = 1440
    ) throws -> UsualBands {
        UsualBands(
            of: kind, on: date, in: try #require(SystemZone("UTC")), minutes: minutes, earlier: earlier,
            active: active ?? MinuteRuns(minutes.map(\.minute)), stepMinutes: 5, now: Minute(date.dayNumber * 1440 + now))
    }

    @Test("two where one is usual is nothing, and neither are none; a hundred are not chance")
    func smallCounts() throws {
        // Goal: counting noise. One a step, every day.
        let band = try #require(
            try bands(.counter, minutes(Self.monday, ages: Array(1...7)) { $1 % 5 == 0 ? 1 : 0 }).bands[720])
        #expect((0.9...1.1).contains(band.centre))
        #expect(band.low == 0 || band.low < 0.1)
        #expect((2.5...5).contains(band.high))
        #expect(band.score(of: 2) < 1 && band.score(of: 0) > -1)
        #expect(band.score(of: 100) == UsualBand.scoreMax)
    }

    @Test("a single error where there are none is no wonder, and ten are")
    func none() throws {
        let active = MinuteRuns((1...7).flatMap { age in (0..<1440).map { Minute((Self.monday.dayNumber - age) * 1440 + $0) } })
        let band = try #require(try bands(.counter, [], active: active).bands[720])
        #expect(band.score(of: 0).magnitude < 0.3)
        #expect(band.score(of: 1) < 2)
        #expect(band.score(of: 10) > 6)
    }

    @Test("large counts vary by their root", arguments: [100.0, 10_000])
    func largeCounts(count: Double) throws {
        // Goal: chance alone decides where every day has the same.
        let band = try #require(try bands(.counter, minutes(Self.monday, ages: Array(1...7)) { _, _ in count / 5 }).bands[720])
        let root = count.squareRoot()
        #expect((band.centre - count).magnitude < count * 0.01)
        #expect((1.7...2.3).contains((band.high - count) / root) && (1.7...2.3).contains((count - band.low) / root))
        #expect(band.score(of: count + root).magnitude < 1)
        #expect(band.score(of: count + 6 * root) > 6 && band.score(of: count - 6 * root) < -6)
    }

    @Test("the score at the edges of the band is that of one in twenty, and it grows outwards", arguments: Kind.allCases)
    func edges(kind: Kind) throws {
        var generator = SeededGenerator(seed: 4)
        let seen = minutes(Self.monday, ages: Array(1...7)) { _, _ in 40 + 8 * generator.normal() }
        for (minute, band) in try bands(kind, seen).bands where minute % 60 == 0 {
            #expect(band.low < band.centre && band.centre < band.high)
            #expect((band.score(of: band.high) - UsualBand.edgeScore).magnitude < 0.05)
            #expect((band.score(of: band.low) + UsualBand.edgeScore).magnitude < 0.05)
            let scores = (0...40).map { band.score(of: Double($0) * band.high / 10) }
            #expect(scores == scores.sorted())
            #expect(band.score(of: .nan) == 0 && band.score(of: .infinity) == 0)
        }
    }

    @Test("a holiday among the days moves nothing", arguments: [0, 1000.0])
    func holiday(value: Double) throws {
        // Goal: the median and the quartiles are not poisoned by one day of seven.
        func band(_ isHoliday: Bool) throws -> UsualBand {
            var generator = SeededGenerator(seed: 9)
            let seen = minutes(Self.monday, ages: Array(1...7)) { age, _ in
                let usual = 100 + 5 * generator.normal()
                return isHoliday && age == 3 ? value : usual
            }
            return try #require(try bands(.gauge, seen).bands[600])
        }
        let (without, with) = (try band(false), try band(true))
        #expect((without.centre - with.centre).magnitude < 2)
        #expect((with.high - with.low) / (without.high - without.low) < 2)
    }

    @Test("Sundays are compared with Sundays, from hours where minutes are gone")
    func weekdays() throws {
        // Goal: 100 on workdays, 10 on weekends; of the earlier weeks only hours are left.
        let sunday = CalendarDate("2026-11-22")!
        func isWeekend(_ age: Int64) -> Bool { [0, 1].contains(((age % 7) + 7) % 7) }
        let seen = minutes(sunday, ages: Array(1...7)) { age, _ in isWeekend(age) ? 10 : 100 }
        let earlier = Dictionary(
            uniqueKeysWithValues: UsualBands.earlierDays.map { age in
                (age, minutes(sunday, ages: [age]) { _, minute in minute % 60 == 0 ? 10 : nil })
            })
        let band = try #require(try bands(.gauge, seen, on: sunday, earlier: earlier).bands[720])
        #expect(band.centre == 10)
        #expect(band.score(of: 10).magnitude < 0.3)
        let monday = try #require(
            try bands(.gauge, minutes(Self.monday, ages: Array(1...7)) { age, _ in [1, 2].contains(age) ? 10 : 100 }).bands[720])
        #expect(monday.centre == 100)
    }

    @Test("a new statistic is not known; then its last hours are, and after three days its days")
    func new() throws {
        #expect(try bands(.gauge, []).bands.isEmpty)
        let today = minutes(Self.monday, ages: [0], over: 0..<300) { _, _ in 5 }
        let hours = try bands(.gauge, today, now: 300).bands
        #expect(hours[55] == nil)
        #expect(hours[300]?.basis == .hours && hours[300]?.centre == 5)
        #expect(hours[720] == nil || hours[720]?.basis == .hours)
        let two = try bands(.gauge, minutes(Self.monday, ages: [1, 2]) { _, _ in 5 }).bands
        #expect(two.isEmpty)
        let three = try bands(.gauge, minutes(Self.monday, ages: [1, 2, 3]) { _, _ in 5 }).bands
        #expect(three.count == 288 && three.values.allSatisfy { $0.basis == .days && $0.count == 3 })
    }

    @Test("on days on which clocks are set the band keeps to the clock on the wall", arguments: ["2026-03-29", "2026-10-25"])
    func clocks(date: String) throws {
        // Goal: a steady rate has the same band before, on and after such a day.
        for offset in Int64(0)...2 {
            let date = CalendarDate(dayNumber: CalendarDate(date)!.dayNumber + offset)
            let seen = DayView.minutes(for: date).map { MinutePoint(minute: $0, aggregate: Aggregate(sample: 20)) }
            let found = UsualBands(
                of: .counter, on: date, in: try #require(SystemZone("Europe/Paris")), minutes: seen,
                active: MinuteRuns(seen.map(\.minute)), stepMinutes: 5, now: Minute(date.dayNumber * 1440))
            #expect(found.bands.count == 288)
            #expect(found.bands.values.allSatisfy { (95...105).contains($0.centre) })
        }
    }

    @Test("a counter that was down for half of a step does not count half", arguments: [5, 15, 60] as [Int64])
    func outages(step: Int64) throws {
        let seen = minutes(Self.monday, ages: Array(1...7)) { $1 % 10 < 6 || $0 % 2 == 0 ? 10 : nil }
        let found = UsualBands(
            of: .counter, on: Self.monday, in: try #require(SystemZone("UTC")), minutes: seen,
            active: MinuteRuns(seen.map(\.minute)), stepMinutes: step, now: Minute(Self.monday.dayNumber * 1440))
        let centre = try #require(found.bands[step * 8]).centre
        #expect((centre / Double(step) - 10).magnitude < 0.5)
    }
}
