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
        let day = text.prefix(10)
        if text.utf8.count > 10, text.utf8.count <= bytesMax, isDayShaped(day) {
            guard CalendarDate(day) != nil else {
                throw ErrorAnswer(.badRequest, .badValue, "\(name): there is no day '\(day)'")
            }
            if let time = dated(text.uppercased()) { return time }
        }
        throw ErrorAnswer(
            .badRequest, .badValue, "\(name): is '\(text.utf8Prefix(40))', expected epoch seconds or RFC 3339")
    }

    private static let bytesMax = 64

    /// Whether it is written as a day is, be there such a day or not.
    private static func isDayShaped(_ text: some StringProtocol) -> Bool {
        zip(text.utf8, "0000-00-00".utf8).allSatisfy { byte, shape in
            shape == UInt8(ascii: "-") ? byte == shape : (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }

    /// RFC 3339, of a day that there is. (What the library reads, it reads leniently: 25:00 as 1:00 of the next day.)
    private static func dated(_ text: String) -> Timestamp? {
        guard let match = text.wholeMatch(of: /.{10}T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-](\d\d):?(\d\d))/),
            let hour = Int(match.1), let minute = Int(match.2), let second = Int(match.3),
            hour < 24, minute < 60, second <= 60, Int(match.4 ?? "0") ?? 24 < 24, Int(match.5 ?? "0") ?? 60 < 60
        else { return nil }
        for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
            if let date = try? Date(text, strategy: style), date.timeIntervalSince1970.magnitude < 1e11 {
                return Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
            }
        }
        return nil
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
