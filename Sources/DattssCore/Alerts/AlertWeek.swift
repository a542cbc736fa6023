/// Times of each week, by the clock on the wall of a time zone: `Sun 02:00-04:00 Europe/Paris`, `Mon-Fri 22:00-06:00`, `daily 03:00-03:30 UTC`.
///
/// It is what a clock on the wall shows that counts. On the night on which it shows an hour twice, both are meant; on the night on
/// which it leaves one out, what is left of the time. A time that ends before it begins ends on the next day.
public struct AlertWeek: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    public let description: String
    /// The name of the zone.
    public let zone: String
    /// Monday is 0.
    private var days: Set<Int64> = []
    private let begin: Int64
    private let end: Int64

    private static let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    private static let expected = "expected days, times and a zone, as in 'Sun 02:00-04:00 Europe/Paris'"
    private static let bytesMax = 200

    /// Reads one. Whether there is such a zone is for the caller to find out.
    /// - Throws: ``WireError`` that says what is wrong.
    public init(_ text: String) throws(WireError) {
        guard text.utf8.count <= Self.bytesMax else { throw WireError(.badValue, Self.expected) }
        let words = text.split(separator: " ").map(String.init)
        guard (2...3).contains(words.count) else { throw WireError(.badValue, Self.expected) }
        let times = words[1].split(separator: "-", omittingEmptySubsequences: false).map { Self.minute(of: $0) }
        guard times.count == 2, let begin = times[0], let end = times[1], begin != end, begin < Self.dayMinutes else {
            throw WireError(.badValue, "'\(words[1].prefix(24))': expected two times, as in 02:00-04:00")
        }
        (description, self.begin, self.end, zone) = (words.joined(separator: " "), begin, end, words.count == 3 ? words[2] : "UTC")
        if words[0].lowercased() == "daily" {
            days = Set(0..<7)
            return
        }
        for part in words[0].split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Self.day(of: $0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else {
                throw WireError(.badValue, "'\(part.prefix(24))': expected daily, or days as in Sun, Sat,Sun or Mon-Fri")
            }
            // (From Saturday to Monday it goes over the end of the week.)
            for offset in 0...((last - first + 7) % 7) { days.insert((first + offset) % 7) }
        }
    }

    private static let dayMinutes: Int64 = 1440

    private static func day(of text: some StringProtocol) -> Int64? {
        let text = text.lowercased()
        return names.firstIndex { $0 == text || $0.prefix(3) == text }.map(Int64.init)
    }

    /// `02:00` is 120; `24:00` is the end of the day.
    private static func minute(of text: some StringProtocol) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int64(parts[0]), let minute = Int64(parts[1]), minute < 60, hour * 60 + minute <= dayMinutes
        else { return nil }
        return hour * 60 + minute
    }

    /// Whether a moment is within it.
    /// - Parameter local: what the clock of the zone shows, as seconds since 1970.
    public func contains(local seconds: Int64) -> Bool {
        let minute = seconds.flooredQuotient(by: 60)
        let day = minute.flooredQuotient(by: Self.dayMinutes)
        let ofDay = minute - day * Self.dayMinutes
        let weekday = CalendarDate(dayNumber: day).weekday
        if begin < end { return days.contains(weekday) && (begin..<end).contains(ofDay) }
        return (days.contains(weekday) && ofDay >= begin) || (days.contains((weekday + 6) % 7) && ofDay < end)
    }
}
