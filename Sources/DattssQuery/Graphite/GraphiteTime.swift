public import DattssCore

/// Times and durations as Graphite writes them (https://graphite.readthedocs.io/en/latest/render_api.html#from-until):
///
///     now  -1h  noon+30min  1794003720  20261106  12:30_20261106  noon yesterday  11/06/26  nov6  monday
public struct GraphiteTime {
    private let now: Int
    private let zone: any TimeZoneRules

    /// - Parameters:
    ///   - now: what `now` is.
    ///   - zone: whose clocks and calendars the words mean.
    public init(now: Timestamp, in zone: some TimeZoneRules) { (self.now, self.zone) = (Int(now.seconds), zone) }

    /// Seconds since 1970.
    /// - Throws: ``QueryError/Code/malformed`` with the name of the parameter.
    public func parse(_ text: String, _ parameter: String) throws(QueryError) -> Int {
        let cleaned = text.lowercased().filter { !" _,".contains($0) }
        let failure = QueryError(
            .malformed, "\(parameter): is '\(text.prefix(24))', expected a time such as -1h, now, 1794003720 or 12:30_20261106")
        guard cleaned.utf8.count <= 64, !cleaned.isEmpty else { throw failure }
        if cleaned.utf8.allSatisfy({ 48...57 ~= $0 }), !Self.isDate(cleaned) {
            guard let seconds = Int(cleaned), seconds <= 1 << 40 else { throw failure }
            return seconds
        }
        let cut = cleaned.firstIndex(of: "+") ?? cleaned.firstIndex(of: "-") ?? cleaned.endIndex
        guard let reference = reference(String(cleaned[..<cut])) else {
            let date = String(cleaned[..<cut].suffix(8))
            guard Self.isDate(date), Self.date(date) == nil else { throw failure }
            throw QueryError(.malformed, "\(parameter): is '\(text.prefix(24))', and there is no day \(date)")
        }
        if cut == cleaned.endIndex { return reference }
        guard let offset = Self.offset(String(cleaned[cut...])) else { throw failure }
        return reference + offset
    }

    /// Seconds of a duration: `5min`, `-1h`, `1d12h`; nil for what is none.
    static func offset(_ text: String) -> Int? {
        var rest = text[...]
        var sign = 1
        if let first = rest.first, first == "+" || first == "-" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        guard !rest.isEmpty else { return nil }
        var total = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Int(digits), number <= 1 << 32, let seconds = seconds(of: unit) else { return nil }
            total += sign * number * seconds
        }
        return total.magnitude <= 1 << 40 ? total : nil
    }

    private static func seconds(of unit: Substring) -> Int? {
        if unit.hasPrefix("s") { return 1 }
        if unit.hasPrefix("min") { return 60 }
        if unit.hasPrefix("h") { return 3600 }
        if unit.hasPrefix("d") { return 86_400 }
        if unit.hasPrefix("w") { return 7 * 86_400 }
        if unit.hasPrefix("mon") { return 30 * 86_400 }
        return unit.hasPrefix("y") ? 365 * 86_400 : nil
    }

    // MARK: References

    private func reference(_ text: String) -> Int? {
        if text.isEmpty || text == "now" { return now }
        var rest = text
        guard let timeOfDay = Self.takeTimeOfDay(&rest) else { return nil }
        guard let day = day(rest) else { return nil }
        return seconds(ofLocal: day * 86_400 + timeOfDay)
    }

    /// Seconds since 1970 of what the clocks show. Where they show it twice it is the first time; where never, because they were put
    /// forward over it, as much later.
    private func seconds(ofLocal local: Int) -> Int {
        // No clock is further from UTC than a day, and none is put forward or back twice within two.
        let candidates = [local - 86_400, local + 86_400].map { local - ahead(at: $0) }
        return candidates.sorted().first { $0 + ahead(at: $0) == local } ?? local - ahead(at: local - 86_400)
    }

    private func ahead(at seconds: Int) -> Int { Int(zone.secondsFromUTC(at: Timestamp(seconds: Int64(seconds)))) }

    private var today: Int { (now + ahead(at: now)).flooredQuotient(by: 86_400) }

    /// Seconds into the day; nothing said is midnight, as `today` is.
    private static func takeTimeOfDay(_ rest: inout String) -> Int? {
        for (word, hour) in [("noon", 12), ("midnight", 0), ("teatime", 16)] where rest.hasPrefix(word) {
            rest = String(rest.dropFirst(word.count))
            return hour * 3600
        }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard 1...2 ~= digits.count, var hour = Int(digits) else { return 0 }
        var behind = rest.dropFirst(digits.count)
        var minute = 0
        if behind.first == ":" {
            let digits = behind.dropFirst().prefix(2)
            guard digits.count == 2, let found = Int(digits), 0..<60 ~= found else { return nil }
            minute = found
            behind = behind.dropFirst(3)
        } else if !behind.hasPrefix("am"), !behind.hasPrefix("pm") {
            // A date such as 11/06/26.
            return 0
        }
        if behind.hasPrefix("pm") { hour = (hour + 12) % 24 }
        if behind.hasPrefix("am") || behind.hasPrefix("pm") { behind = behind.dropFirst(2) }
        guard 0..<24 ~= hour else { return nil }
        rest = String(behind)
        return hour * 3600 + minute * 60
    }

    /// Days since 1970.
    private func day(_ text: String) -> Int? {
        switch text {
        case "", "today": return today
        case "yesterday": return today - 1
        case "tomorrow": return today + 1
        default: break
        }
        if let date = Self.date(text) { return date }
        let slashes = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        if slashes.count == 3, let month = slashes[0], let day = slashes[1], var year = slashes[2] {
            if year < 1900 { year += 1900 }
            if year < 1970 { year += 100 }
            return Self.days(year, month, day)
        }
        if let month = Self.months.firstIndex(of: String(text.prefix(3))) {
            let digits = text.reversed().prefix { $0.isASCII && $0.isNumber }.prefix(2)
            return Int(String(digits.reversed())).flatMap { Self.days(Self.year(of: today), month + 1, $0) }
        }
        if let weekday = Self.weekdays.firstIndex(of: String(text.prefix(3))) {
            // 1 January 1970 was a Thursday.
            let passed = (today + 4 - weekday) % 7
            return today - passed
        }
        return nil
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// Whether eight digits are meant as `YYYYMMDD`, be there such a day or not, and not as seconds: as Graphite tells the two apart.
    private static func isDate(_ text: String) -> Bool {
        guard text.utf8.count == 8, text.utf8.allSatisfy({ 48...57 ~= $0 }), let number = Int(text) else { return false }
        return number / 10_000 > 1900 && number / 100 % 100 < 13 && number % 100 < 32
    }

    /// `YYYYMMDD`; nil when there is no such day.
    private static func date(_ text: String) -> Int? {
        guard isDate(text), let number = Int(text) else { return nil }
        return days(number / 10_000, number / 100 % 100, number % 100)
    }

    /// Days since 1970 of a date of the Gregorian calendar (Hinnant, chrono-compatible low-level date algorithms); nil when there is no
    /// such day.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard 1900...9999 ~= year, 1...12 ~= month, day >= 1, day <= lengths[month - 1] else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = (shifted / 400, shifted % 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func year(of day: Int) -> Int {
        var year = 1970 + day / 366
        while let next = days(year + 1, 1, 1), next <= day { year += 1 }
        return year
    }
}
