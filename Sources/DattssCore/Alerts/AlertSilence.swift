/// A time in which some rules tell nothing: because of maintenance, or because somebody knows.
///
/// What fires in it is seen and written down all the same; what still fires when it ends is told then.
public struct AlertSilence: Sendable, Hashable {
    /// Names it among those of its user.
    public var id: String
    /// Which rules, by their ID.
    public var rule: AlertPattern
    /// Which statistics or programs.
    public var match: AlertPattern
    /// From when on.
    public var from: Timestamp
    /// Until when; not after.
    public var until: Timestamp
    /// In which times of each week only; nil for all of it.
    public var week: AlertWeek?
    /// Why.
    public var reason: String

    /// Makes a silence of its parts.
    public init(
        id: String, rule: AlertPattern, match: AlertPattern, from: Timestamp, until: Timestamp, reason: String,
        week: AlertWeek? = nil
    ) {
        self.week = week
        (self.id, self.rule, self.match, self.from, self.until, self.reason) = (id, rule, match, from, until, reason)
    }

    /// Whether it is under way at a moment.
    /// - Parameter secondsFromUTC: by how much the clocks of a zone are ahead of UTC then.
    public func isUnderWay(at time: Timestamp, _ secondsFromUTC: (_ zone: String, Timestamp) -> Int64) -> Bool {
        guard from <= time, time < until else { return false }
        return week.map { $0.contains(local: time.seconds + secondsFromUTC($0.zone, time)) } ?? true
    }

    /// Whether it is about a rule and a name.
    public func covers(_ rule: AlertRule, _ name: String) -> Bool { self.rule.matches(rule.id) && match.matches(name) }

    /// The end of one that comes each week for ever.
    public static let never = Timestamp(seconds: 99_999_999_999)

    /// The longest silence: 90 days.
    public static let secondsMax: Int64 = 90 * 86_400

    /// Reads `{"rule":"*","match":"checkout.**","from":1795330000,"until":1795333600,"reason":"…"}`, of which only `until`, or `for` in
    /// seconds, has to be there; or `"every":"Sun 02:00-04:00 Europe/Paris"`, see ``AlertWeek``, which needs no end.
    /// - Throws: ``WireError`` that names the member.
    public init(_ cursor: inout JSONCursor, id: String, now: Timestamp) throws(WireError) {
        var texts: [String: String] = [:]
        var numbers: [String: Double] = [:]
        try cursor.object { (name, cursor) throws(WireError) in
            let name = name.string
            if cursor.takeNull() { return }
            try located(name) { () throws(WireError) in
                switch name {
                case "rule", "match", "reason", "id", "every": texts[name] = try cursor.string()
                case "from", "until", "for": numbers[name] = try cursor.number()
                default: throw WireError(.badValue, "there is no such member")
                }
            }
        }
        func moment(_ name: String) throws(WireError) -> Timestamp? {
            guard let number = numbers[name] else { return nil }
            guard number.magnitude < 1e11, number == number.rounded() else {
                throw WireError(.badValue, "\(name): expected whole seconds since 1970")
            }
            return Timestamp(seconds: Int64(number))
        }
        func pattern(_ name: String) throws(WireError) -> AlertPattern {
            guard let pattern = AlertPattern(texts[name] ?? "**") else {
                throw WireError(.badPath, "\(name): expected a name or a pattern with * and **")
            }
            return pattern
        }
        let from = try moment("from") ?? now
        var week: AlertWeek?
        if let text = texts["every"] { week = try located("every") { () throws(WireError) in try AlertWeek(text) } }
        guard
            let until = try moment("until")
                ?? numbers["for"].map({ from.advanced(byMilliseconds: Int64($0.clamped(0, 1e9)) * 1000) })
                ?? (week == nil ? nil : Self.never)
        else { throw WireError(.missingField, "until: is missing, and so is for") }
        guard from < until, week != nil || until.seconds - from.seconds <= Self.secondsMax else {
            throw WireError(.badValue, "until: expected 1 second to 90 days after from")
        }
        let reason = texts["reason"] ?? ""
        guard reason.utf8.count <= AlertRule.textBytesMax else {
            throw WireError(.badValue, "reason: expected at most \(AlertRule.textBytesMax) bytes")
        }
        self.init(
            id: id, rule: try pattern("rule"), match: try pattern("match"), from: from, until: until, reason: reason, week: week)
    }

    /// Writes the silence as ``init(_:id:now:)`` reads it.
    public func write(_ json: inout JSONWriter) { json.object { writeMembers(&$0) } }

    /// Writes the members of ``write(_:)``, to which others may be added.
    public func writeMembers(_ json: inout JSONWriter) {
        json.member("id", id)
        json.member("rule", rule.description)
        json.member("match", match.description)
        json.member("from", from.seconds)
        if until < Self.never { json.member("until", until.seconds) }
        if let week { json.member("every", week.description) }
        json.member("reason", reason)
    }
}
