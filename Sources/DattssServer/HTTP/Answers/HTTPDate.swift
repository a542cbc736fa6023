import DattssCore
import Synchronization

/// What time it is, as answers of HTTP tell it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
enum HTTPDate {
    /// The text of the latest second: most answers are given in the same one.
    private static let latest = Mutex<(second: Int64, text: String)>((.min, ""))

    static func text(_ time: Timestamp) -> String {
        let second = time.seconds
        return latest.withLock { latest in
            if latest.second != second { latest = (second, written(second)) }
            return latest.text
        }
    }

    private static func written(_ second: Int64) -> String {
        let day = second.flooredQuotient(by: 86_400)
        let (year, month, dayOfMonth) = CalendarDate(dayNumber: day).components
        // The day of number 0 was a Thursday.
        let weekday = weekdays[Int((day + 3) - (day + 3).flooredQuotient(by: 7) * 7)]
        let ofDay = second - day * 86_400
        let time = [ofDay / 3600, ofDay / 60 % 60, ofDay % 60].map(twoDigits).joined(separator: ":")
        return "\(weekday), \(twoDigits(dayOfMonth)) \(months[Int(month) - 1]) \(year) \(time) GMT"
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
