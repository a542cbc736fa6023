import DattssCore
import Foundation
import HTTPTypes

/// A moment in a query: epoch seconds, or RFC 3339.
enum TimeParameter {
    static func parse(_ text: some StringProtocol, _ name: String) throws(ErrorAnswer) -> Timestamp {
        let isDecimal = text.allSatisfy { $0.isNumber || "+-.eE".contains($0) }
        if isDecimal, let seconds = Double(text), seconds.isFinite, seconds.magnitude < 1e11 {
            return Timestamp(milliseconds: Int64((seconds * 1000).rounded(.down)))
        }
        for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
            if let date = try? Date(text.uppercased(), strategy: style), date.timeIntervalSince1970.magnitude < 1e11 {
                return Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
            }
        }
        throw ErrorAnswer(
            .badRequest, .badValue, "\(name): is '\(text.prefix(40))', expected epoch seconds or RFC 3339")
    }
}

/// A time zone of the system's database.
struct NamedTimeZone: TimeZoneRules {
    let zone: TimeZone

    /// - Parameter name: `Europe/Paris`, `UTC`, …
    init(_ name: String) throws(ErrorAnswer) {
        // (Foundation reads a name as far as a NUL.)
        guard !name.utf8.contains(0), let zone = TimeZone(identifier: name) else {
            throw ErrorAnswer(
                .badRequest, .badValue, "tz: there is no time zone '\(name.prefix(40))', expected one like Europe/Paris")
        }
        self.zone = zone
    }

    func secondsFromUTC(at time: Timestamp) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.seconds))))
    }

    /// The date on the zone's calendars.
    func date(at time: Timestamp) -> CalendarDate {
        CalendarDate(dayNumber: (time.seconds + secondsFromUTC(at: time)).flooredQuotient(by: 86_400))
    }
}
