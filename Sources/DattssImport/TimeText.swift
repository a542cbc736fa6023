public import DattssCore

/// A moment as files write it:
///
///     1436450000, 1436450000.5      seconds since the epoch
///     1436450000123                 milliseconds, from 100,000,000,000 on (seconds: the year 5138; milliseconds: 1973)
///     1436450000123456              microseconds, from 1,000 times that on
///     1436450000123456789           nanoseconds, from 1,000,000 times that on
///     2015-05-17T10:05:03.25+02:00  RFC 3339; also with a blank for the T and without a zone, which then is UTC
///     17/May/2015:10:05:03 +0000    access logs
///
/// A zone is `Z`, `UTC`, `GMT`, `+02`, `+0200` or `+02:00`, with a blank before it or none. Numbers are those of ``FieldNumber``.
public enum TimeText {
    /// - Returns: nil when it is no time.
    public static func read(_ bytes: some Collection<UInt8>) -> Timestamp? {
        let bytes = Array(bytes)
        if bytes.count > 4, bytes[4] == UInt8(ascii: "-") { return dated(bytes) }
        if bytes.count > 2, bytes[2] == UInt8(ascii: "/") { return logged(bytes) }
        return epoch(bytes)
    }

    /// From which number on milliseconds are counted: from 1,000 times that it is microseconds, and so on.
    private static let millisecondsFrom: Int64 = 100_000_000_000

    private static func epoch(_ bytes: [UInt8]) -> Timestamp? {
        guard let value = FieldNumber.value(bytes) else { return nil }
        // A double has not digits enough for nanoseconds, and might fall into the minute before.
        if let integer = Int64(String(decoding: bytes, as: UTF8.self)) {
            let (size, from) = (integer.magnitude, millisecondsFrom.magnitude)
            if size < from { return Timestamp(milliseconds: integer * 1000) }
            let unitsOfMillisecond: Int64 = size < from * 1000 ? 1 : size < from * 1_000_000 ? 1000 : 1_000_000
            return Timestamp(milliseconds: integer.flooredQuotient(by: unitsOfMillisecond))
        }
        let (size, from) = (value.magnitude, Double(millisecondsFrom))
        let milliseconds = size < from ? value * 1000 : size < from * 1e3 ? value : size < from * 1e6 ? value / 1e3 : value / 1e6
        // Beyond, a day number would no longer be a date.
        return milliseconds.magnitude < 1e15 ? Timestamp(milliseconds: Int64(milliseconds.rounded(.down))) : nil
    }

    private static func dated(_ bytes: [UInt8]) -> Timestamp? {
        var text = TimeCursor(bytes)
        guard let year = text.number(4), text.take("-"), let month = text.number(2), text.take("-"),
            let day = text.number(2), text.take("T") || text.take("t") || text.take(" "), let time = text.timeOfDay()
        else { return nil }
        let fraction = text.fractionMilliseconds()
        guard let zone = text.isAtEnd ? 0 : text.zoneSeconds(), text.isAtEnd else { return nil }
        return moment(year, month, day, time - zone, fraction)
    }

    private static func logged(_ bytes: [UInt8]) -> Timestamp? {
        var text = TimeCursor(bytes)
        guard let day = text.number(2), text.take("/"), let month = text.monthName(), text.take("/"),
            let year = text.number(4), text.take(":"), let time = text.timeOfDay()
        else { return nil }
        let fraction = text.fractionMilliseconds()
        guard let zone = text.zoneSeconds(), text.isAtEnd else { return nil }
        return moment(year, month, day, time - zone, fraction)
    }

    private static func moment(
        _ year: Int64, _ month: Int64, _ day: Int64, _ seconds: Int64, _ milliseconds: Int64
    ) -> Timestamp? {
        let date = CalendarDate(year: year, month: month, day: day)
        guard 1...12 ~= month, date.components == (year, month, day) else { return nil }
        return Timestamp(seconds: date.dayNumber * 86_400 + seconds).advanced(byMilliseconds: milliseconds)
    }
}

/// Takes the parts of a time off the front of a text.
private struct TimeCursor {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ digits: Int) -> Int64? {
        guard rest.count >= digits, rest.prefix(digits).allSatisfy(isDigit) else { return nil }
        defer { rest = rest.dropFirst(digits) }
        return rest.prefix(digits).reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// `10:05:03` in seconds; 60 seconds is a leap second, the first of the next minute.
    mutating func timeOfDay() -> Int64? {
        guard let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    mutating func fractionMilliseconds() -> Int64 {
        // ISO 8601 has a comma, too.
        guard rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ","), rest.dropFirst().first.map(isDigit) == true else {
            return 0
        }
        rest.removeFirst()
        var milliseconds: Int64 = 0
        var weight: Int64 = 100
        while let byte = rest.first, isDigit(byte) {
            milliseconds += Int64(byte - UInt8(ascii: "0")) * weight
            weight /= 10
            rest.removeFirst()
        }
        return milliseconds
    }

    /// `Z`, `UTC`, `GMT`, `+02`, `+0200` or `+02:00`, with a blank before it or none.
    mutating func zoneSeconds() -> Int64? {
        _ = take(" ")
        for name in ["Z", "z", "UTC", "GMT"] where rest.elementsEqual(name.utf8) {
            rest = []
            return 0
        }
        let sign: Int64 = take("-") ? -1 : take("+") ? 1 : 0
        guard sign != 0, let hours = number(2), hours < 24 else { return nil }
        if isAtEnd { return sign * hours * 3600 }
        _ = take(":")
        guard let minutes = number(2), minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }

    mutating func monthName() -> Int64? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard let index = months.firstIndex(where: { rest.prefix(3).elementsEqual($0.utf8) }) else { return nil }
        rest = rest.dropFirst(3)
        return Int64(index + 1)
    }

    private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
}
