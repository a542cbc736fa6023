import Testing

@testable import DattssCore

@Suite("Times of each week")
struct AlertWeekTests {
    /// Seconds of a clock on the wall.
    private func local(_ day: String, _ hour: Int64, _ minute: Int64, _ second: Int64 = 0) throws -> Int64 {
        try #require(CalendarDate(day)).dayNumber * 86_400 + hour * 3600 + minute * 60 + second
    }

    @Test(
        "are of days and times, and a zone, UTC if there is none",
        arguments: [
            // 2026-11-22 is a Sunday.
            (
                "Sun 02:00-04:00 Europe/Paris", "Europe/Paris", ["2026-11-22 2", "2026-11-29 3"],
                ["2026-11-22 1", "2026-11-22 4", "2026-11-23 2"]
            ),
            (
                "mon-FRI 22:00-06:00", "UTC", ["2026-11-23 22", "2026-11-28 5", "2026-11-27 0"],
                ["2026-11-23 5", "2026-11-22 23", "2026-11-28 22"]
            ),
            ("Sat,Sunday 00:00-24:00 UTC", "UTC", ["2026-11-21 0", "2026-11-22 23"], ["2026-11-20 23", "2026-11-23 0"]),
            ("Sat-Mon 12:00-13:00 UTC", "UTC", ["2026-11-21 12", "2026-11-22 12", "2026-11-23 12"], ["2026-11-24 12"]),
            ("daily 23:00-01:00 UTC", "UTC", ["2026-11-22 0", "2026-11-25 23"], ["2026-11-22 1", "2026-11-25 22"]),
        ])
    func times(text: String, zone: String, within: [String], outside: [String]) throws {
        let week = try AlertWeek(text)
        #expect(week.zone == zone && week.description == text)
        for (moments, expected) in [(within, true), (outside, false)] {
            for moment in moments {
                let parts = moment.split(separator: " ")
                let hour = try #require(Int64(parts[1]))
                #expect(week.contains(local: try local(String(parts[0]), hour, 0)) == expected, "\(moment)")
                #expect(week.contains(local: try local(String(parts[0]), hour, 59, 59)) == expected, "\(moment):59:59")
            }
        }
    }

    @Test(
        "that are none are refused with what is wrong",
        arguments: [
            ("", "expected days"), ("Sun", "expected days"), ("Sun 02:00", "expected two times"),
            ("Sun 2:00-4:00", "expected two times"),
            ("Sun 02:00-02:00", "expected two times"), ("Sun 02:00-24:01", "expected two times"),
            ("Sun 24:00-02:00", "expected two times"),
            ("Sun 02:60-04:00", "expected two times"), ("Sun -02:00-04:00", "expected two times"),
            ("Sunn 02:00-04:00", "expected daily"),
            (", 02:00-04:00", "expected daily"), ("Mon-Tue-Wed 02:00-04:00", "expected daily"),
            ("Sun 02:00-04:00 UTC x", "expected days"),
            ("Sun 02:00-04:00 " + String(repeating: "x", count: 300), "expected days"),
        ])
    func wrong(text: String, problem: String) {
        #expect { try AlertWeek(text) } throws: { "\($0)".contains(problem) }
    }

    /// Goal: in the night on which clocks are set back the silence is an hour longer, in the other it is an hour shorter; before and after
    /// it something is told. Each second quarter of an hour something else fires.
    @Test(
        "are those of the clock on the wall, also in the nights in which it is set",
        arguments: [
            ("2027-03-28", ["01:00", "01:15", "01:30", "01:45"]),
            (
                "2027-10-31",
                ["00:00", "00:15", "00:30", "00:45", "01:00", "01:15", "01:30", "01:45", "02:00", "02:15", "02:30", "02:45"]
            ),
            ("2027-11-07", ["01:00", "01:15", "01:30", "01:45", "02:00", "02:15", "02:30", "02:45"]),
        ])
    func nights(day: String, expected: [String]) throws {
        let zone = try #require(SystemZone("Europe/Paris"))
        let all = try #require(AlertPattern("**"))
        let silence = AlertSilence(
            id: "s", rule: all, match: all, from: Timestamp(seconds: 0), until: AlertSilence.never, reason: "",
            week: try AlertWeek("Sun 02:00-04:00 Europe/Paris"))
        let rule = try AlertRuleTests.rule(#"{"id":"r","match":"**","measure":"sum","above":10}"#)
        var book = AlertBook([rule], silences: [silence])
        book.secondsFromUTC = { name, time in name == "Europe/Paris" ? zone.secondsFromUTC(at: time) : 0 }
        let midnight = try #require(CalendarDate(day)).dayNumber * 86_400
        var silenced: [String] = []
        for quarter in Int64(-4)..<24 {
            let slot = (midnight + quarter * 900) / 5
            let name = "q\(quarter)"
            let outcome = book.look(AlertBookTests.view(slot, [name: 11]), programs: [], score: { _, _ in nil })
            let isTold = outcome.news.contains { $0.event.kind == .fired && $0.event.isTold && $0.subject.name == name }
            let minute = (quarter + 96) % 96 * 15
            func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
            if !isTold { silenced.append("\(twoDigits(minute / 60)):\(twoDigits(minute % 60))") }
        }
        #expect(silenced == expected)
    }

    @Test("are read and written as JSON, and need no end")
    func json() throws {
        func read(_ text: String) throws -> AlertSilence {
            try Array(text.utf8).withUnsafeBytes { bytes throws(WireError) in
                try JSONCursor.read(bytes) { (cursor) throws(WireError) in
                    try AlertSilence(&cursor, id: "s", now: Timestamp(seconds: 1000))
                }
            }
        }
        let silence = try read(#"{"every":"Sun 02:00-04:00 Europe/Paris","match":"a.*"}"#)
        #expect(silence.until == AlertSilence.never && silence.from.seconds == 1000)
        var json = JSONWriter()
        silence.write(&json)
        let text = String(decoding: json.bytes, as: UTF8.self)
        #expect(
            text.contains(#""every":"Sun 02:00-04:00 Europe\/Paris""#) || text.contains(#""every":"Sun 02:00-04:00 Europe/Paris""#))
        #expect(!text.contains("until"))
        #expect(try read(text) == silence)
        #expect(try read(#"{"every":"daily 02:00-04:00","until":90000000}"#).until.seconds == 90_000_000)
        #expect { try read(#"{"every":"Sun"}"#) } throws: { "\($0)".contains("every: expected days") }
        #expect { try read(#"{"match":"a"}"#) } throws: { "\($0)".contains("until: is missing") }
    }
}
