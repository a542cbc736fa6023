import DattssTestSupport
import Foundation
import Testing

@testable import DattssCore

/// Central European time as of 1996: two hours ahead from the last Sunday of March, 01:00 UTC, to that of October.
struct EuropeParis: TimeZoneRules {
    func secondsFromUTC(at time: Timestamp) -> Int64 {
        let year = CalendarDate(dayNumber: time.minute.day).components.year
        return (change(year, 3)..<change(year, 10)).contains(time) ? 7200 : 3600
    }

    private func change(_ year: Int64, _ month: Int64) -> Timestamp {
        let last = CalendarDate(year: year, month: month, day: 31).dayNumber
        // 1970-01-01 was a Thursday.
        let sunday = last - (last + 4) % 7
        return Timestamp(seconds: sunday * 86_400 + 3600)
    }
}

struct FixedOffset: TimeZoneRules {
    var seconds: Int64
    func secondsFromUTC(at time: Timestamp) -> Int64 { seconds }
}

/// A zone of the system's database.
struct SystemZone: TimeZoneRules {
    let zone: TimeZone

    init?(_ name: String) {
        guard let zone = TimeZone(identifier: name) else { return nil }
        self.zone = zone
    }

    func secondsFromUTC(at time: Timestamp) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.seconds))))
    }
}

/// A day of a zone on which clocks were set, or none, and the changes that a day view tells of it.
struct ClockDay: Sendable, CustomTestStringConvertible {
    var zone: String
    var day: String
    /// `at from to`, as text that people can check.
    var changes: [String]
    /// How many minutes the day had.
    var length: Int

    var date: CalendarDate { CalendarDate(day)! }
    var testDescription: String { "\(zone) \(day)" }

    static let all: [ClockDay] = [
        ClockDay(zone: "UTC", day: "2026-10-25", changes: [], length: 1440),
        ClockDay(zone: "Europe/Paris", day: "2026-10-25", changes: ["2026-10-25T01:00 180 120"], length: 1500),
        ClockDay(zone: "Europe/Paris", day: "2026-03-29", changes: ["2026-03-29T01:00 120 180"], length: 1380),
        ClockDay(zone: "America/New_York", day: "2026-11-01", changes: ["2026-11-01T06:00 120 60"], length: 1500),
        ClockDay(zone: "America/New_York", day: "2026-03-08", changes: ["2026-03-08T07:00 120 180"], length: 1380),
        // Half an hour.
        ClockDay(zone: "Australia/Lord_Howe", day: "2026-04-05", changes: ["2026-04-04T15:00 120 90"], length: 1470),
        ClockDay(zone: "Australia/Lord_Howe", day: "2026-10-04", changes: ["2026-10-03T15:30 120 150"], length: 1410),
        // From midnight back to 23:00, and from midnight to 1:00.
        ClockDay(zone: "America/Santiago", day: "2026-04-04", changes: ["2026-04-05T03:00 1440 1380"], length: 1500),
        ClockDay(zone: "America/Santiago", day: "2026-04-05", changes: [], length: 1440),
        ClockDay(zone: "America/Santiago", day: "2026-09-06", changes: ["2026-09-06T04:00 0 60"], length: 1380),
        // One minute past midnight, back to the day before: what the day itself repeats is one minute.
        ClockDay(zone: "America/St_Johns", day: "2010-11-06", changes: ["2010-11-07T02:31 1440 1381"], length: 1499),
        ClockDay(zone: "America/St_Johns", day: "2010-11-07", changes: ["2010-11-07T03:30 1 0"], length: 1441),
        // At no quarter of an hour, by three hours, for good.
        ClockDay(zone: "Antarctica/Casey", day: "2020-10-04", changes: ["2020-10-03T16:01 1 181"], length: 1260),
        // Samoa went over the date line: there was no 30th.
        ClockDay(zone: "Pacific/Apia", day: "2011-12-29", changes: [], length: 1440),
        ClockDay(zone: "Pacific/Apia", day: "2011-12-30", changes: ["2011-12-30T10:00 0 1440"], length: 0),
        ClockDay(zone: "Pacific/Apia", day: "2011-12-31", changes: [], length: 1440),
        // For good, and back again.
        ClockDay(zone: "Asia/Pyongyang", day: "2015-08-14", changes: ["2015-08-14T15:00 1440 1410"], length: 1470),
        ClockDay(zone: "Asia/Pyongyang", day: "2018-05-04", changes: ["2018-05-04T15:00 1410 1440"], length: 1410),
    ]
}

@Suite struct LocalMinutesTests {
    @Test("local minutes are those of the zone's rules, minute by minute", arguments: ClockDay.all)
    func rules(day: ClockDay) throws {
        // Goal: no change is missed or misplaced, whatever the minute and size; asked forward, backward and at random.
        let zone = try #require(SystemZone(day.zone))
        let minutes = DayView.minutes(for: day.date)
        var local = LocalMinutes(zone, over: minutes)
        var random = SeededGenerator(seed: 1)
        var seen: Set<Int64> = []
        for index in minutes.lowerBound.index..<minutes.upperBound.index {
            let expected = index + zone.secondsFromUTC(at: Minute(index).start).flooredQuotient(by: 60)
            let shown = local.of(Minute(index))
            let isRepeated = !seen.insert(expected).inserted
            guard shown.day * 1440 + shown.minuteOfDay == expected, (0..<1440).contains(shown.minuteOfDay),
                shown.isRepeated == isRepeated
            else {
                Issue.record("\(Minute(index)): \(shown), expected \(expected), repeated: \(isRepeated)")
                return
            }
            let other = minutes.lowerBound.advanced(by: Int64.random(in: 0..<Int64(minutes.count), using: &random))
            let jump = local.of(other)
            #expect(
                jump.day * 1440 + jump.minuteOfDay == other.index + zone.secondsFromUTC(at: other.start).flooredQuotient(by: 60))
        }
    }

    @Test("the changes of a day are told, and its minutes counted", arguments: ClockDay.all)
    func changes(day: ClockDay) throws {
        // Goal: what people read in the tz database is what a day view tells; cut to the day where a change crosses midnight.
        let local = LocalMinutes(try #require(SystemZone(day.zone)), over: DayView.minutes(for: day.date))
        let told = local.changes(on: day.date.dayNumber).map { change in
            let minute = change.at.index % 1440
            let time = String(format: "%02d:%02d", Int(minute / 60), Int(minute % 60))
            return "\(CalendarDate(dayNumber: change.at.day))T\(time) \(change.from) \(change.to)"
        }
        #expect(told == day.changes)
        #expect(local.minutes(of: day.date.dayNumber).reduce(0) { $0 + $1.count } == day.length)
    }

    @Test("the rules of these tests agree with the system's", arguments: [3, 10] as [Int64])
    func paris(month: Int64) {
        // Goal: the other tests of this folder rely on them.
        guard let zone = SystemZone("Europe/Paris") else { return }
        let first = CalendarDate(year: 2026, month: month, day: 24).dayNumber * Minute.perDay
        for index in stride(from: first, to: first + 7 * Minute.perDay, by: 15) {
            let start = Minute(index).start
            #expect(EuropeParis().secondsFromUTC(at: start) == zone.secondsFromUTC(at: start))
        }
    }

    @Test(
        "zones of odd offsets, before 1970 too",
        arguments: [
            (-1, 0, -1, 1439), (0, -60, -1, 1439), (0, 45_900, 0, 765), (-1440, 50_400, -1, 840), (0, -43_200, -1, 720),
            (0, 1172, 0, 19),
        ] as [(Int64, Int64, Int64, Int64)])
    func odd(minute: Int64, offset: Int64, day: Int64, minuteOfDay: Int64) {
        // Goal: quarters of an hour, seconds, and days below zero.
        var local = LocalMinutes(FixedOffset(seconds: offset), over: Minute(-10_000)..<Minute(10_000))
        #expect(local.of(Minute(minute)) == LocalMinutes.Shown(day: day, minuteOfDay: minuteOfDay, isRepeated: false))
    }
}
