import DattssCore
import Foundation
import Synchronization

/// Times of UTC as headers have them: `Sun, 06 Nov 1994 08:49:37 GMT` in HTTP (RFC 9110, 5.6.7), `… +0000` in mails (RFC 5322, 3.3).
enum InternetDate {
    /// The text of the latest second: most answers are given in the same one.
    private static let latest = Mutex<(second: Int64, text: String)>((.min, ""))

    static func http(_ time: Timestamp) -> String {
        let second = time.seconds
        return latest.withLock { latest in
            if latest.second != second { latest = (second, text(second) + " GMT") }
            return latest.text
        }
    }

    static func mail(_ time: Date) -> String { text(Int64(time.timeIntervalSince1970.rounded(.down))) + " +0000" }

    private static func text(_ second: Int64) -> String {
        let date = CalendarDate(dayNumber: second.flooredQuotient(by: 86_400))
        let (year, month, day) = date.components
        let ofDay = second - date.dayNumber * 86_400
        return "\(weekdays[Int(date.weekday)]), \(twoDigits(day)) \(months[Int(month) - 1]) \(year) \(timeOfDay(ofDay))"
    }

    /// `08:49:37`
    static func timeOfDay(_ seconds: Int64) -> String {
        [seconds / 3600, seconds / 60 % 60, seconds % 60].map(twoDigits).joined(separator: ":")
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
