package import DattssCore

/// Times as people read them, in UTC. Civil dates from days: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`.
package enum UTC {
    /// `2026-11-22`
    static func date(ofDay day: Int64) -> String {
        // Days before the era or after it that no log has would overflow below.
        guard day.magnitude < 1 << 40 else { return "day \(day)" }
        let shifted = day + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(year)-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
    }

    /// `2026-11-22T20:38Z`
    static func minute(_ minute: Minute) -> String {
        let ofDay = minute.index - minute.day * Minute.perDay
        return "\(date(ofDay: minute.day))T\(padded(ofDay / 60, 2)):\(padded(ofDay % 60, 2))Z"
    }

    /// `2026-11-22T20:38:05.120Z`
    package static func moment(_ time: Timestamp) -> String {
        let milliseconds = time.milliseconds - time.seconds * 1000
        let seconds = time.seconds - time.seconds.flooredQuotient(by: 60) * 60
        return String(minute(time.minute).dropLast()) + ":\(padded(seconds, 2)).\(padded(milliseconds, 3))Z"
    }

    private static func padded(_ value: Int64, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
