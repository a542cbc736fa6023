import DattssTestSupport
import Foundation
import Testing

@testable import DattssCore

@Suite struct CalendarDateTests {
    @Test("every day of 800 years is its own text and components, in order")
    func roundTrip() {
        // Goal: two whole cycles of the calendar, day by day, against a naive calendar.
        var (year, month, day): (Int64, Int64, Int64) = (1600, 1, 1)
        let first = CalendarDate(year: 1600, month: 1, day: 1).dayNumber
        for number in first..<first + 2 * 146_097 {
            let date = CalendarDate(dayNumber: number)
            guard date.components == (year, month, day), CalendarDate(year: year, month: month, day: day) == date else {
                Issue.record("\(year)-\(month)-\(day) became \(date)")
                return
            }
            if number.isMultiple(of: 97), CalendarDate(date.description) != date { Issue.record("\(date)") }
            let isLeap = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
            let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month) - 1]
            (day, month, year) = day < days ? (day + 1, month, year) : month < 12 ? (1, month + 1, year) : (1, 1, year + 1)
        }
    }

    @Test(
        "known days have known numbers",
        arguments: [
            ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-11-22", 20_779), ("0000-01-01", -719_528),
            ("9999-12-31", 2_932_896),
        ] as [(String, Int64)])
    func knownDays(text: String, number: Int64) {
        // Goal: the epoch is where it is.
        #expect(CalendarDate(text)?.dayNumber == number)
        #expect(CalendarDate(dayNumber: number).description == text)
    }

    @Test(
        "what is no date is none",
        arguments: [
            "", "2024", "2024-01", "2024-1-01", "2024-01-1", "24-01-01", "2024-13-01", "2024-00-01", "2024-01-00", "2024-01-32",
            "2023-02-29",
            "1900-02-29", "2024-04-31", "2024-01-01 ", "2024-01-01-", "-024-01-01", "+024-01-01", "2024/01/01", "٢٠٢٤-01-01",
            "2024-0a-01",
        ])
    func bad(text: String) {
        // Goal: a query's date is checked, days that do not exist too.
        #expect(CalendarDate(text) == nil)
    }
}

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

@Suite struct LocalMinutesTests {
    @Test("local minutes are those of the zone's rules, over both changes", arguments: [3, 10] as [Int64])
    func dst(month: Int64) {
        // Goal: asking once a quarter of an hour misses no change; the rules of this test agree with Foundation's.
        let zone = TimeZone(identifier: "Europe/Paris")
        let rules = EuropeParis()
        var local = LocalMinutes(rules)
        let first = CalendarDate(year: 2026, month: month, day: 24).dayNumber * Minute.perDay
        for index in first..<first + 7 * Minute.perDay {
            let offset = rules.secondsFromUTC(at: Minute(index).start)
            if let zone, index.isMultiple(of: 15) {
                #expect(offset == Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(index * 60)))))
            }
            let (day, minute) = local.of(Minute(index))
            guard day * Minute.perDay + minute == index + offset / 60, (0..<1440).contains(minute) else {
                Issue.record("minute \(index)")
                return
            }
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
        var local = LocalMinutes(FixedOffset(seconds: offset))
        let found = local.of(Minute(minute))
        #expect(found.day == day)
        #expect(found.minuteOfDay == minuteOfDay)
    }
}
