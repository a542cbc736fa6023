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
